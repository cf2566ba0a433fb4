/** Inner addresses by CP payloads, with either end as the one that leases. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Address } from '../../src/net/address.ts';
import { HEADER, lineOf } from '../../src/services/leases/journal.ts';
import { eventually } from '../support/process.ts';
import { expectSameSas } from './bed.ts';
import type { Inner } from './inner.ts';
import type { Peer, StartPeer } from './peer.ts';
import { startOurs } from './peers/ours.ts';
import type { PeerName } from './peers/prefix.ts';
import type { Story } from './stories.ts';
import { tellFrom, underShim } from './tell.ts';
import type { Tunnel } from './tunnel.ts';

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };
const client = (...families: readonly (4 | 6)[]): Partial<Tunnel> => ({ inner: { role: 'client', families } });
const server = (...pools: readonly string[]) => ({
  inner: { role: 'server', pools, dns: ['10.2.0.53'], domains: ['inside.test'] } satisfies Inner,
});

/** Ours at the east, after a run that has left 10.9.0.1 in use by somebody. */
const afterAnotherRun: StartPeer = async (place) => {
  const rundir = join(place.directory, 'run');
  await mkdir(rundir, { recursive: true });
  const address = Address.parse('10.9.0.1')!;
  await writeFile(
    join(rundir, 'pluto.leases'),
    HEADER + lineOf({ address, identity: '2:other.test', users: 1, heldUntil: 0 }),
  );
  return startOurs('shim', place);
};

const says = (peer: Peer, what: RegExp): Promise<unknown> =>
  eventually(`${peer.name} says ${what}`, async () => what.test(await peer.log()));

const leasing = (peer: PeerName): readonly Story[] => [
  {
    title: 'an address of a pool of ours',
    tunnel,
    onlyAt: { west: client(4), east: server('10.9.0.1-10.9.0.9') },
    tell: async (bed) => {
      await bed.west.up();
      await expectSameSas(bed);
      await says(bed.east, /leased 10\.9\.0\.1 to the peer/);
      await says(bed.east, /IPsec tunnel \[0\.0\.0\.0\/0===10\.9\.0\.1\/32\]/);
      await bed.west.rekeyChild();
      await bed.west.deleteIke();
      await eventually('the lease is free', async () => (await bed.east.installed()).length === 0);
    },
  },
  ...(peer === 'strongswan'
    ? [
        {
          title: 'an address of each family',
          tunnel,
          onlyAt: { west: client(4, 6), east: server('10.9.0.1-10.9.0.9', 'fd09::/112') },
          tell: async (bed) => {
            await bed.west.up();
            await expectSameSas(bed);
            await says(bed.east, /leased 10\.9\.0\.1 and fd09:\S* to the peer/);
          },
        } satisfies Story,
      ]
    : []),
];

const left = (pool: string, tell: Story['tell'], title: string): Story => ({
  title,
  tunnel,
  onlyAt: { west: client(4), east: server(pool) },
  tell,
});

for (const peer of ['strongswan', 'libreswan'] as const) {
  tellFrom('east', leasing(peer), peer, underShim);
  tellFrom(
    'east',
    [
      left(
        '10.9.0.1-10.9.0.9',
        async (bed) => {
          await bed.west.up();
          await says(bed.east, /leased 10\.9\.0\.2 to the peer/);
        },
        'not the address that somebody has since an earlier run of ours',
      ),
      left(
        '10.9.0.1-10.9.0.1',
        async ({ west, east }) => {
          // libreswan's whack is content with the IKE SA.
          await west.up().catch(() => undefined);
          await says(east, /Child SA refused: no address is left in 10\.9\.0\.1-10\.9\.0\.1/);
          await says(west, /INTERNAL_ADDRESS_FAILURE|INT_ADDR_FAIL/);
          expect([await west.installed(), await east.installed()]).toEqual([[], []]);
        },
        'no address of a pool that is exhausted',
      ),
      {
        title: 'an address of the second pool, the first being exhausted, and the same one when it comes again',
        tunnel,
        onlyAt: { west: client(4), east: server('10.9.0.1-10.9.0.1', '10.8.0.4-10.8.0.9') },
        tell: async ({ west, east }) => {
          const given = async () => ((await east.log()).match(/leased \S+ to the peer/g) ?? []).join();
          await west.up();
          await eventually('an address', async () => (await given()) === 'leased 10.8.0.4 to the peer');
          await west.deleteIke();
          await eventually('it is gone', async () => (await east.installed()).length === 0);
          await west.up();
          await eventually('an address again', async () => (await given()).split(',').length === 2);
          expect(await given()).toBe('leased 10.8.0.4 to the peer,leased 10.8.0.4 to the peer');
        },
      },
    ],
    peer,
    { ...underShim, pluto: afterAnotherRun },
  );
  tellFrom(
    'west',
    [
      {
        title: 'an address of a pool of its own, which is put on our interface for as long as the tunnel stands',
        tunnel,
        onlyAt: { west: client(4), east: server('10.9.0.1-10.9.0.9') },
        tell: async (bed) => {
          const addresses = async () => (await bed.topology.west.host.run(['ip', '-o', 'addr'])).stdout;
          await bed.west.up();
          await expectSameSas(bed);
          const log = await bed.west.log();
          const [, address] = /the peer leases us (10\.9\.0\.\d); name servers 10\.2\.0\.53/.exec(log) ?? [];
          expect(address).toBeDefined();
          expect(await addresses()).toContain(` ${address}/32 `);
          expect(log).toContain(`[${address}/32===0.0.0.0/0]`);
          await bed.west.rekeyIke();
          expect(await addresses()).toContain(` ${address}/32 `);
          await bed.west.deleteIke();
          await eventually('the address is gone', async () => !(await addresses()).includes(`${address}/32`));
        },
      },
      {
        title: 'not without a pool there',
        tunnel,
        onlyAt: { west: client(4) },
        tell: async ({ west }) => {
          await expect(west.up()).rejects.toThrow();
          expect(await west.installed()).toEqual([]);
        },
      },
    ],
    peer,
    underShim,
  );
}
