/** Several tests on one bed: a pair of daemons is started once, and each test has a connection of its own. */
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { lacksDaemon } from '../../support/daemon.ts';
import { eventually } from '../../support/process.ts';
import { type OpenBed, openBed, type Scenario } from '../bed.ts';
import type { Peer } from '../peer.ts';
import { lacksPeer, type PeerName } from '../peers/prefix.ts';
import type { InstalledSa } from '../peers/shim-log.ts';
import { lacksPki } from '../pki.ts';
import { lacksBed } from '../requirements.ts';
import { type Implementations, standIn, underShim } from '../tell.ts';
import type { Side } from './conn.ts';

/** A bed with ourselves at one end. */
export interface V1Bed extends OpenBed {
  readonly us: Peer;
  readonly them: Peer;
}

export type TellOne = (title: string, story: (bed: V1Bed) => Promise<void>) => void;

export interface Beds extends Pick<Scenario, 'tunnel' | 'onlyAt' | 'isNatted'> {
  readonly peer: PeerName;
  /** Where we are; west unless said. */
  readonly side?: Side;
  readonly planes?: Partial<Implementations>;
  /** Certificates and keys. */
  readonly prepare?: () => Promise<unknown>;
}

/** `register` gives each test its title and what it tells of the bed that they share. */
export function onBed(title: string, wish: Beds, register: (tell: TellOne) => void): void {
  const { peer, side = 'west', planes = underShim } = wish;
  describe(title, () => {
    let bed: V1Bed | undefined;
    const lacks =
      lacksBed(wish) ?? lacksPeer(peer) ?? (standIn ? undefined : lacksDaemon()) ?? (wish.prepare && lacksPki());
    beforeAll(async () => {
      if (lacks !== undefined) return;
      await wish.prepare?.();
      const [us, them] = [planes[standIn ?? 'pluto']!, planes[peer]!];
      const opened = await openBed({
        ...wish,
        ...(side === 'west' ? { west: us, east: them } : { west: them, east: us }),
      });
      const other = side === 'west' ? 'east' : 'west';
      bed = { ...opened, us: opened[side], them: opened[other] };
    });
    afterAll(() => bed?.close());
    register((name, story) => {
      test(name, async (context: TestContext) => {
        context.skip(lacks !== undefined, lacks);
        if (!bed) return;
        const now = bed;
        await story(now).catch(async (error: unknown) => {
          throw await now.told(error);
        });
      });
    });
  });
}

/** SAs whose outer address at west is `address`. */
export async function sasOf(peer: Peer, address: string): Promise<readonly InstalledSa[]> {
  return (await peer.installed()).filter(({ src, dst }) => src === address || dst === address);
}

const wordsOf = (sas: readonly InstalledSa[]) => sas.map((sa) => `${sa.spi} ${sa.keys}`).sort();

/** Both ends have told their kernels the same SAs, `many` (2) of them; gives west's. */
export async function sameSas(bed: V1Bed, address: string, many = 2): Promise<readonly InstalledSa[]> {
  const of = async (peer: Peer) => wordsOf(await sasOf(peer, address));
  // The responder may install a moment after the initiator says that it is up.
  await eventually('both ends have the same SAs', async () => {
    const [west, east] = [await of(bed.west), await of(bed.east)];
    return west.length === many && west.join() === east.join();
  }).catch(() => undefined);
  expect(await of(bed.east)).toEqual(await of(bed.west));
  const sas = await sasOf(bed.west, address);
  expect(sas).toHaveLength(many);
  return sas;
}

/** Both ends have a pair of SAs that is not among those of before; who keeps the old ones as well may. */
export async function newSas(bed: V1Bed, address: string, before: readonly string[]): Promise<void> {
  const of = async (peer: Peer) => wordsOf((await sasOf(peer, address)).filter(({ spi }) => !before.includes(spi)));
  await eventually('both ends have the same new SAs', async () => {
    const [west, east] = [await of(bed.west), await of(bed.east)];
    return west.length === 2 && west.join() === east.join();
  }).catch(() => undefined);
  expect(await of(bed.east)).toEqual(await of(bed.west));
  expect(await of(bed.west)).toHaveLength(2);
}

/** Neither end has an SA. */
export async function noSas(bed: V1Bed, address: string): Promise<void> {
  for (const peer of [bed.west, bed.east])
    await eventually(`${peer.name} has no SA left`, async () => (await sasOf(peer, address)).length === 0);
}
