/** Our pluto. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { said, startDaemon } from '../../support/daemon.ts';
import type { Peer, Place } from '../peer.ts';
import { fillIpsecdir } from '../proof.ts';
import { ipsecConf, ipsecSecrets } from '../tunnel.ts';
import { agreedInLog } from '../v1/agreed.ts';
import { proofPairs } from '../v1/conn.ts';
import { v1Conf, v1Secrets, writePasswords } from '../v1/ipsec-conf.ts';
import { shimLog, underShim } from './launch.ts';
import { installedSas } from './shim-log.ts';

/**
 * `shim`: the xfrm plane, with a kernel that only logs. `userspace`: carries ESP itself, over a TUN device.
 */
export async function startOurs(plane: 'shim' | 'userspace', place: Place): Promise<Peer> {
  const { host, directory, side, tunnel, ends } = place;
  const config = join(directory, 'ipsec.conf');
  const secrets = join(directory, 'ipsec.secrets');
  const silent = plane === 'shim' ? ['leftupdown=%disabled'] : [];
  const ipsecdir = join(directory, 'ipsec.d');
  await fillIpsecdir(ipsecdir, ends.me.proof, ends.peer.proof, tunnel.crls);
  if (tunnel.v1) {
    for (const { me, peer } of proofPairs(tunnel.v1, side)) await fillIpsecdir(ipsecdir, me, peer);
    await writePasswords(tunnel.v1, join(ipsecdir, 'passwd'));
    await writeFile(config, await v1Conf(tunnel.v1, { side, ends }, 'pluto', silent, tunnel.setup));
    await writeFile(secrets, v1Secrets(tunnel.v1, side), { mode: 0o600 });
  } else {
    const seconds = [ends.me.second, ends.peer.second].map((second) => second?.proof ?? ({ by: 'secret' } as const));
    await fillIpsecdir(ipsecdir, seconds[0], seconds[1]);
    await writeFile(config, await ipsecConf(tunnel, ends, [...silent, ...(tunnel.conn ?? [])]));
    await writeFile(secrets, ipsecSecrets(ends, tunnel), { mode: 0o600 });
  }
  const pluto = await startDaemon({
    host,
    directory,
    config,
    secrets,
    options: [plane === 'shim' ? '--use-xfrm' : '--use-userspace', '--ipsecdir', ipsecdir],
    env: plane === 'shim' ? underShim(directory, tunnel.clockAhead) : {},
  });
  const whack = async (option: string, conn = 'net'): Promise<void> =>
    void (await said(pluto.whack(option, '--name', conn)));

  return {
    name: 'pluto',
    up: async (conn = 'net') => void (await said(pluto.ipsec('up', conn))),
    isUp: async (conn = 'net') => (await said(pluto.ipsec('trafficstatus'))).includes(`"${conn}"`),
    rekeyChild: (conn) => whack('--rekey-child', conn),
    rekeyIke: (conn) => whack('--rekey-ike', conn),
    deleteChild: (conn) => whack('--down-child', conn),
    // Several ISAKMP SAs of IKEv1 may be there at a time.
    deleteIke: (conn) => whack(tunnel.v1 ? '--terminate' : '--down-ike', conn),
    agreed: async (conn) => agreedInLog(await pluto.log(), conn),
    installed: () => installedSas(shimLog(directory)),
    log: pluto.log,
    stop: async () => void (await pluto.stop()),
    kill: async () => void (await pluto.kill()),
  };
}
