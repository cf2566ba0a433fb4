/** vpnc as it comes with Debian: it logs in, is given an address, and what it sends goes through our userspace plane. */
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lacksDaemon } from '../../support/daemon.ts';
import { count } from '../../support/pcap.ts';
import { ping } from '../../support/ping.ts';
import { eventually } from '../../support/process.ts';
import { withBed } from '../bed.ts';
import type { Peer, Place } from '../peer.ts';
import { startOurs } from '../peers/ours.ts';
import { file, lacksPeer, libraryPath } from '../peers/prefix.ts';
import { lacksBed } from '../requirements.ts';
import { oneConn, v1Tunnel } from './conn.ts';

const lacks = lacksBed({}) ?? lacksPeer('vpnc') ?? lacksDaemon();

/** In place of vpnc's own, which would write this machine's resolv.conf: an address, and a route to what is behind. */
const SCRIPT = `#!/bin/sh
[ "$reason" = connect ] || exit 0
ip link set dev "$TUNDEV" up mtu 1300
ip addr add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV"
ip route replace 10.2.0.0/24 dev "$TUNDEV" src "$INTERNAL_IP4_ADDRESS"
printf 'dns=%s banner=%s split=%s\\n' "$INTERNAL_IP4_DNS" "$CISCO_BANNER" "$CISCO_SPLIT_INC_0_ADDR" >"$(dirname "$0")/told"
`;

const CLIENT = { address: '10.9.0.1', user: 'anna', password: 'swordfish' };
/** Whatever it is told of split networks, vpnc asks for all: it gets what the server has. */
const connFor = (net: string) => ({
  ...oneConn({
    isAggressive: true,
    // vpnc knows no SHA-2, and calls itself by the name of its group, as a KEY_ID.
    ike: 'aes256-sha1-modp2048',
    esp: 'aes256-sha1',
    xauth: { ...CLIENT, pool: `${CLIENT.address}-10.9.0.9`, modeConfig: 'pull', dns: '10.2.0.53' },
    ids: { west: '[staff]', east: 'east.test' },
    more: ['modecfgbanner="hello there"', 'dpddelay=10', 'dpdtimeout=30'],
  }),
  subnets: { west: '', east: net },
});

function vpnc(password: string, natMode: 'natt' | 'force-natt') {
  return async ({ host, directory }: Place): Promise<Peer> => {
    const script = join(directory, 'script');
    const conf = join(directory, 'vpnc.conf');
    await writeFile(script, SCRIPT);
    await chmod(script, 0o755);
    const lines = [
      ...['IPSec gateway 192.0.2.2', 'IPSec ID staff', 'IPSec secret correct horse battery staple'],
      ...[`Xauth username ${CLIENT.user}`, `Xauth password ${password}`, 'IKE Authmode psk', 'IKE DH Group dh14'],
      ...[`NAT Traversal Mode ${natMode}`, 'Perfect Forward Secrecy nopfs', 'No Detach', 'Debug 1', `Script ${script}`],
      `Pidfile ${join(directory, 'pid')}`,
    ];
    await writeFile(conf, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    let running: ReturnType<typeof host.start> | undefined;
    const never = () => Promise.reject(new Error('vpnc is not told to'));
    return {
      name: 'vpnc',
      up: async () => {
        running = host.start([file('vpnc', 'usr/sbin/vpnc'), conf], { env: { LD_LIBRARY_PATH: libraryPath } });
        // It says little before its output's buffer is full.
        const now = running;
        await eventually('vpnc is up', () => {
          if (!now.alive()) throw new Error(now.output());
          return existsSync(join(directory, 'told'));
        });
      },
      isUp: async () => running?.alive() ?? false,
      ...{ rekeyChild: never, rekeyIke: never, deleteChild: never, agreed: never },
      deleteIke: async () => void (await running?.stop('SIGTERM')),
      installed: async () => [],
      log: async () => running?.output() ?? '',
      stop: async () => void (await running?.stop('SIGTERM')),
      kill: async () => void (await running?.stop('SIGKILL')),
    };
  };
}

const ours = (place: Place) => startOurs('userspace', place);

for (const [natMode, net] of [
  ['natt', '0.0.0.0/0'],
  ['force-natt', '10.2.0.0/24'],
] as const)
  test(`vpnc logs in to ${net} and its pings come through: ${natMode}`, async (context) => {
    const conn = connFor(net);
    context.skip(lacks !== undefined, lacks);
    await withBed({ west: vpnc(CLIENT.password, natMode), east: ours, tunnel: v1Tunnel([conn]) }, async (bed) => {
      await bed.west.up();
      await eventually('up at ours', () => bed.east.isUp('net'));
      const { west, east } = bed.topology;
      expect((await ping(west.host, CLIENT.address, east.inner)).answered).toBe(5);
      expect((await ping(east.host, east.inner, CLIENT.address, { size: 1200 })).answered).toBe(5);
      await bed.west.deleteIke();
      await eventually('down at ours', async () => !(await bed.east.isUp('net')));
      const { other, esp, 'esp-in-udp': inUdp } = count(await bed.seen());
      expect(other).toBe(0);
      expect(natMode === 'natt' ? esp : inUdp).toBeGreaterThanOrEqual(20);
    });
  });

test('vpnc is not let in with a wrong password', async (context) => {
  context.skip(lacks !== undefined, lacks);
  await withBed(
    { west: vpnc('another one', 'natt'), east: ours, tunnel: v1Tunnel([connFor('0.0.0.0/0')]) },
    async (bed) => {
      await expect(bed.west.up()).rejects.toThrow(/authentication unsuccessful|password/i);
      expect(await bed.east.isUp('net')).toBe(false);
      expect(await bed.east.log()).toMatch(/XAUTH/);
    },
  );
});
