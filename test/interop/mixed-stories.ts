/** What implementations that mix further secrets into an IKE SA must be able to do with each other. */
import { expect } from 'vitest';
import { eventually } from '../support/process.ts';
import { type Bed, expectSameSas } from './bed.ts';
import type { Story } from './stories.ts';
import type { Mixing, Tunnel } from './tunnel.ts';

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };
const PPK = { id: 'ppk-1', secret: 'a secret that both ends have been told' } as const;
const OTHER = { ...PPK, secret: 'another secret under the same name' };
const ELSEWHERE = { id: 'ppk-2', secret: 'a secret that the other end has not' };

type Ppk = NonNullable<Mixing['ppk']>;
const INTERMEDIATE = 43;

/** Up with the same keys at both ends, after so many IKE_INTERMEDIATE exchanges if that is said. */
export function story(title: string, mixing: Mixing, exchanges?: number): Story {
  return {
    title,
    tunnel: { ...tunnel, mixing },
    tell: async (bed) => {
      await bed.west.up();
      await expectSameSas(bed);
      if (exchanges === undefined) return;
      const requests = (await bed.seen()).flatMap(({ ike }) =>
        ike?.exchange === INTERMEDIATE && !ike.isResponse ? [ike.messageId] : [],
      );
      expect(new Set(requests).size).toBe(exchanges);
    },
  };
}

function withPpks(title: string, west: Ppk | undefined, east: Ppk | undefined, tell: Story['tell']): Story {
  const mixing = (ppk: Ppk | undefined): Partial<Tunnel> => (ppk ? { mixing: { ppk } } : {});
  // RFC 8784 §6: an initiator that insists waits for an answer with a PPK until it gives up.
  return {
    title,
    tunnel: { ...tunnel, conn: ['retransmit-timeout=4s'] },
    onlyAt: { west: mixing(west), east: mixing(east) },
    tell,
  };
}

const up: Story['tell'] = async (bed) => {
  await bed.west.up();
  await expectSameSas(bed);
};

async function refused({ west, east }: Bed): Promise<void> {
  await expect(west.up()).rejects.toThrow();
  expect([await west.installed(), await east.installed()]).toEqual([[], []]);
}

/** libreswan 4.10 says nothing to a responder that does not use its PPK, and comes again. */
async function refusedByWest({ west }: Bed): Promise<void> {
  await expect(west.up()).rejects.toThrow();
  expect(await west.installed()).toEqual([]);
}

/** RFC 8784 §3 lets a responder go on so, and does not ask it to. */
export const otherNames: readonly Story[] = [
  withPpks(
    'PPKs of other names that both permit: none is used',
    { mode: 'permit', ...PPK },
    { mode: 'permit', ...ELSEWHERE },
    up,
  ),
];
export const otherNamesRefused: readonly Story[] = [
  withPpks(
    'PPKs of other names that both permit: refused',
    { mode: 'permit', ...PPK },
    { mode: 'permit', ...ELSEWHERE },
    refused,
  ),
];

export const ppkStories: readonly Story[] = [
  withPpks('a PPK that both insist on', { mode: 'insist', ...PPK }, { mode: 'insist', ...PPK }, up),
  withPpks('a PPK that both permit', { mode: 'permit', ...PPK }, { mode: 'permit', ...PPK }, up),
  withPpks(
    'a PPK that the initiator permits and the responder insists on',
    { mode: 'permit', ...PPK },
    { mode: 'insist', ...PPK },
    up,
  ),
  withPpks('a PPK that only the initiator has, and permits', { mode: 'permit', ...PPK }, undefined, up),
  withPpks(
    'a PPK that only the initiator has, and insists on: refused',
    { mode: 'insist', ...PPK },
    undefined,
    refusedByWest,
  ),
  withPpks(
    'a PPK that only the responder has, and insists on: refused',
    undefined,
    { mode: 'insist', ...PPK },
    refused,
  ),
  withPpks('one name, two secrets: refused', { mode: 'insist', ...PPK }, { mode: 'insist', ...OTHER }, refused),
  withPpks(
    'PPKs of other names, and the initiator insists: refused',
    { mode: 'insist', ...PPK },
    { mode: 'permit', ...ELSEWHERE },
    refused,
  ),
  {
    ...withPpks(
      'with a PPK, rekey the IKE SA and then the child',
      { mode: 'insist', ...PPK },
      { mode: 'insist', ...PPK },
      up,
    ),
    tell: rekeyed,
  },
];

/** Both are rekeyed, by the initiator, and both ends have the same keys afterwards. */
export async function rekeyed(bed: Bed): Promise<void> {
  await up(bed);
  const before = (await bed.west.installed()).map(({ spi }) => spi);
  await bed.west.rekeyIke();
  await eventually('a message of the new IKE SA', () => bed.west.isUp());
  await bed.west.rekeyChild();
  for (const peer of [bed.west, bed.east])
    await eventually(`${peer.name} has new SAs only`, async () => {
      const now = await peer.installed();
      return now.length === 2 && now.every(({ spi }) => !before.includes(spi));
    });
  await expectSameSas(bed);
}
