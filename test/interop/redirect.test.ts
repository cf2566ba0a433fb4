/**
 * REDIRECT, RFC 5685, with either end as the gateway. East has a second address, which is the other gateway: the same
 * daemon answers there, and serves whoever comes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { eventually, must } from '../support/process.ts';
import type { Bed } from './bed.ts';
import type { Peer, Place, StartPeer } from './peer.ts';
import { athome } from './peers/launch.ts';
import { file, libraryPath } from './peers/prefix.ts';
import type { Story } from './stories.ts';
import { tellFrom, underShim } from './tell.ts';
import type { Tunnel } from './tunnel.ts';

const NORTH = '192.0.2.3';
const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };

const places = new WeakMap<Peer, Place>();

/** East has the other address before its daemon looks. */
const withNorth =
  (start: StartPeer, then: (place: Place) => Promise<void> = async () => {}): StartPeer =>
  async (place) => {
    if (place.ends.me.address === '192.0.2.2')
      await place.host.must(['ip', 'addr', 'add', `${NORTH}/24`, 'dev', 'eth0']);
    const peer = await start(place);
    places.set(peer, place);
    if (place.ends.me.address === '192.0.2.2') await then(place);
    return peer;
  };

const swanctl = (directory: string, ...args: readonly string[]) =>
  must(
    athome(
      'strongswan',
      [file('strongswan', '/usr/sbin/swanctl'), ...args, '--uri', `unix://${join(directory, 'vici')}`],
      {
        STRONGSWAN_CONF: join(directory, 'strongswan.conf'),
        SWANCTL_DIR: join(directory, 'swanctl'),
      },
    ),
  );

/** Its conn answers at both addresses. */
async function charonAtNorth({ directory }: Place): Promise<void> {
  const conf = join(directory, 'swanctl', 'swanctl.conf');
  await writeFile(
    conf,
    (await readFile(conf, 'utf8')).replace('local_addrs = 192.0.2.2', `local_addrs = 192.0.2.2, ${NORTH}`),
  );
  await swanctl(directory, '--load-all', '--noprompt');
}

const implementations = {
  pluto: withNorth(underShim.pluto),
  strongswan: withNorth(underShim.strongswan, charonAtNorth),
  libreswan: withNorth(underShim.libreswan),
};

/** Tells the peers of east to go. */
async function redirect({ east }: Bed): Promise<void> {
  const { directory } = places.get(east)!;
  const whack = fileURLToPath(new URL('../../bin/whack', import.meta.url));
  const order = ['--redirect-to', NORTH, '--name', 'net'];
  if (east.name === 'pluto') await must([process.execPath, whack, '--rundir', join(directory, 'run'), ...order]);
  else if (east.name === 'libreswan')
    await must([file('libreswan', '/usr/libexec/ipsec/whack'), '--rundir', directory, ...order], {
      env: { LD_LIBRARY_PATH: libraryPath },
    });
  else await swanctl(directory, '--redirect', '--ike', 'net', '--gateway', NORTH);
}

/** There is one tunnel, it leads to the other gateway, and both ends have the same SAs of it and no others. */
async function isWithNorth({ west, east }: Bed): Promise<void> {
  await eventually(
    'one tunnel, with the other gateway',
    async () => {
      const [w, e] = [await west.installed(), await east.installed()];
      const isThere = w.length === 2 && w.every(({ src, dst }) => [src, dst].includes(NORTH));
      return isThere && e.length === 2 && e.every(({ spi }) => w.some((sa) => sa.spi === spi));
    },
    30_000,
  );
  const keys = async (peer: Peer) => (await peer.installed()).map((sa) => sa.keys).sort();
  expect(await keys(east)).toEqual(await keys(west));
}

/** Ours and libreswan's conns at east: `net` with `lines`, and `north` at the other address, without. */
const gateway = (...lines: readonly string[]) => [
  ...lines,
  'auto=add',
  '\nconn north',
  `left=${NORTH}`,
  ...['leftid=@east.test', 'leftsubnet=10.2.0.0/24', 'leftupdown=%disabled'],
  ...['right=192.0.2.1', 'rightid=@west.test', 'rightsubnet=10.1.0.0/24'],
  ...['authby=secret', 'ike=aes_gcm256-sha2_256-dh31', 'esp=aes_gcm256-none'],
];
const east = (...lines: readonly string[]): Partial<Tunnel> => ({
  conn: gateway(...lines),
  libreswan: gateway(...lines),
});
const west: Partial<Tunnel> = { conn: ['accept-redirect=yes'], libreswan: ['accept-redirect=yes'] };

const later: Story = {
  title: 'in mid-session: a tunnel with the other gateway takes the place of the one there is',
  tunnel,
  onlyAt: { west, east: east() },
  tell: async (bed) => {
    await bed.west.up();
    await redirect(bed);
    await isWithNorth(bed);
  },
};

const inAuth: Story = {
  title: 'in IKE_AUTH: the first tunnel is with the other gateway',
  tunnel,
  onlyAt: { west, east: east('send-redirect=yes', `redirect-to=${NORTH}`) },
  tell: async (bed) => {
    // What whack and swanctl watch is the end of the first IKE SA.
    await bed.west.up().catch(() => undefined);
    await isWithNorth(bed);
  },
};

/** strongSwan 5.9.8 stops there, whoever sends it: its IKE SA never leaves CONNECTING, nor a packet the machine. */
const inAuthOfStrongSwan: Story = {
  title: 'in IKE_AUTH: it knows where to go, and nothing is left of it here',
  tunnel,
  onlyAt: { west, east: east('send-redirect=yes', `redirect-to=${NORTH}`) },
  tell: async (bed) => {
    await bed.west.up().catch(() => undefined);
    await eventually('west goes', async () => (await bed.west.log()).includes(`redirected to ${NORTH}`));
    expect(await bed.east.installed()).toEqual([]);
  },
};

const inInit: Story = {
  title: 'in IKE_SA_INIT, while the gateway is busy; who has been sent is served',
  tunnel,
  onlyAt: {
    west,
    east: { ...east(), demandsCookies: true, setup: ['global-redirect=auto', `global-redirect-to=${NORTH}`] },
  },
  tell: async (bed) => {
    await bed.west.up().catch(() => undefined);
    await isWithNorth(bed);
  },
};

const refused: Story = {
  title: 'to where accept-redirect-to= does not name: we stay',
  tunnel,
  onlyAt: { west: { conn: ['accept-redirect=yes', 'accept-redirect-to=192.0.2.77'] }, east: east() },
  tell: async (bed) => {
    await bed.west.up();
    await redirect(bed);
    await eventually('west says that it stays', async () =>
      (await bed.west.log()).includes(
        `redirects us to ${NORTH}, where we do not go: accept-redirect-to= does not name it`,
      ),
    );
    const sas = await bed.west.installed();
    expect(sas.every(({ src, dst }) => ![src, dst].includes(NORTH))).toBe(true);
  },
};

tellFrom('west', [later, refused], 'strongswan', implementations);
tellFrom('west', [later, inAuth, refused], 'libreswan', implementations);
tellFrom('east', [later, inAuthOfStrongSwan, inInit], 'strongswan', implementations);
tellFrom('east', [later, inAuth, inInit], 'libreswan', implementations);
