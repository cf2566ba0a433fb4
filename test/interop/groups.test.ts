/** libreswan, which proves nothing (RFC 7619), and a policy group of ours that takes it for the block that it is in. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lacksDaemon, said, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/process.ts';
import { expectSameSas, withBed } from './bed.ts';
import type { Peer, Place } from './peer.ts';
import { shimLog, underShim } from './peers/launch.ts';
import { startLibreswan } from './peers/libreswan.ts';
import { lacksPeer } from './peers/prefix.ts';
import { installedSas } from './peers/shim-log.ts';
import { lacksBed } from './requirements.ts';
import type { End, Tunnel } from './tunnel.ts';

const lacks = lacksBed({}) ?? lacksPeer('libreswan') ?? lacksDaemon();
const tunnel: Tunnel = {
  encryption: 'aes_gcm256',
  groups: ['dh31'],
  proofs: { west: { by: 'null' }, east: { by: 'null' } },
};

/** The tunnel is for the host itself. */
const itself = (end: End): End => ({ ...end, subnet: `${end.address}/32` });

const libreswan = (place: Place): Promise<Peer> =>
  startLibreswan({ ...place, ends: { me: itself(place.ends.me), peer: itself(place.ends.peer) } });

async function ours({ host, directory, ends }: Place): Promise<Peer> {
  const at = (name: string) => join(directory, name);
  await mkdir(at('ipsec.d/policies'), { recursive: true });
  await writeFile(at('ipsec.d/policies/net'), '0.0.0.0/0\n192.0.2.0/24\n198.51.100.0/24\n');
  const conn = `\tleft=${ends.me.address}\n\tright=%opportunisticgroup\n\tauthby=null\n\tleftid=@${ends.me.id}\n`;
  await writeFile(at('ipsec.conf'), `conn net\n${conn}\tauto=add\n`);
  await writeFile(at('ipsec.secrets'), '', { mode: 0o600 });
  const pluto = await startDaemon({
    ...{ host, directory, config: at('ipsec.conf'), secrets: at('ipsec.secrets'), env: underShim(directory) },
    options: ['--use-xfrm', '--ipsecdir', at('ipsec.d')],
  });
  await eventually('the group', async () => (await pluto.log()).includes('loading group'));
  const never = () => Promise.reject(new Error('a group does not begin'));
  return {
    name: 'pluto',
    up: never,
    isUp: async () => (await said(pluto.whack('--trafficstatus'))).includes('"net#192.0.2.0/24"[1] 192.0.2.1'),
    rekeyChild: never,
    rekeyIke: never,
    deleteChild: never,
    deleteIke: never,
    agreed: never,
    installed: () => installedSas(shimLog(directory)),
    log: pluto.log,
    stop: async () => void (await pluto.stop()),
    kill: async () => void (await pluto.kill()),
  };
}

test('libreswan has a tunnel of the longest block that it is in, rekeys it and goes', async ({ skip }) => {
  skip(lacks !== undefined, lacks);
  await withBed({ west: libreswan, east: ours, tunnel }, async (bed) => {
    await bed.west.up();
    await eventually('up at ours', bed.east.isUp);
    await expectSameSas(bed);
    await bed.west.rekeyChild();
    expect(await bed.east.isUp()).toBe(true);
    await bed.west.deleteIke();
    await eventually('gone at ours', async () => !(await bed.east.isUp()));
  });
});
