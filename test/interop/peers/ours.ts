/** Our pluto. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { said, startDaemon } from '../../support/daemon.ts';
import type { Peer, Place } from '../peer.ts';
import { fillIpsecdir } from '../proof.ts';
import { ipsecConf, ipsecSecrets } from '../tunnel.ts';
import { shimLog, underShim } from './launch.ts';
import { installedSas } from './shim-log.ts';

/**
 * `shim`: the xfrm plane, with a kernel that only logs. `userspace`: carries ESP itself, over a TUN device.
 */
export async function startOurs(plane: 'shim' | 'userspace', place: Place): Promise<Peer> {
  const { host, directory, tunnel, ends } = place;
  const config = join(directory, 'ipsec.conf');
  const secrets = join(directory, 'ipsec.secrets');
  const more = [...(plane === 'shim' ? ['leftupdown=%disabled'] : []), ...(tunnel.conn ?? [])];
  const ipsecdir = join(directory, 'ipsec.d');
  await fillIpsecdir(ipsecdir, ends.me.proof, ends.peer.proof, tunnel.crls);
  const seconds = [ends.me.second, ends.peer.second].map((second) => second?.proof ?? ({ by: 'secret' } as const));
  await fillIpsecdir(ipsecdir, seconds[0], seconds[1]);
  await writeFile(config, await ipsecConf(tunnel, ends, more));
  await writeFile(secrets, ipsecSecrets(ends, tunnel), { mode: 0o600 });
  const pluto = await startDaemon({
    host,
    directory,
    config,
    secrets,
    options: [plane === 'shim' ? '--use-xfrm' : '--use-userspace', '--ipsecdir', ipsecdir],
    env: plane === 'shim' ? underShim(directory, tunnel.clockAhead) : {},
  });
  const whack = async (option: string): Promise<void> => void (await said(pluto.whack(option, '--name', 'net')));
  const isUp = async (): Promise<boolean> => (await said(pluto.ipsec('trafficstatus'))).includes('"net"');

  return {
    name: 'pluto',
    up: async () => void (await said(pluto.ipsec('up', 'net'))),
    isUp,
    rekeyChild: () => whack('--rekey-child'),
    rekeyIke: () => whack('--rekey-ike'),
    deleteChild: () => whack('--down-child'),
    deleteIke: () => whack('--down-ike'),
    installed: () => installedSas(shimLog(directory)),
    log: pluto.log,
    stop: async () => void (await pluto.stop()),
    kill: async () => void (await pluto.kill()),
  };
}
