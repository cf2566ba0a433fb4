/** Registers stories as tests, in both directions, with the reasons why this machine cannot tell them. */
import { afterAll, describe, test } from 'vitest';
import { lacksDaemon } from '../support/daemon.ts';
import { withBed } from './bed.ts';
import type { StartPeer } from './peer.ts';
import { startLibreswan } from './peers/libreswan.ts';
import { startOurs } from './peers/ours.ts';
import { lacksPeer, type PeerName } from './peers/prefix.ts';
import { startStrongSwan } from './peers/strongswan.ts';
import { forgetPki, lacksPki } from './pki.ts';
import { lacksBed } from './requirements.ts';
import type { Story } from './stories.ts';

afterAll(forgetPki);

export type Implementations = Readonly<Record<PeerName | 'pluto', StartPeer>>;

/** Every kernel takes any SA and logs it; none encrypts. */
export const underShim: Implementations = {
  pluto: (place) => startOurs('shim', place),
  strongswan: (place) => startStrongSwan('shim', place),
  libreswan: startLibreswan,
};
/** ESP in user space, where there is one: packets flow. */
export const inUserSpace: Omit<Implementations, 'libreswan'> = {
  pluto: (place) => startOurs('userspace', place),
  strongswan: (place) => startStrongSwan('libipsec', place),
};

/** Stand-in for our daemon: tells a wrong story from a wrong pluto. */
export const standIn = process.env.PLUTO_STAND_IN as PeerName | undefined;

export function tell(stories: readonly Story[], peer: PeerName, planes: Partial<Implementations>): void {
  const [us, them] = [planes[standIn ?? 'pluto'], planes[peer]];
  if (!us || !them) return;
  for (const [title, west, east] of [
    [`we initiate to ${peer}`, us, them],
    [`${peer} initiates to us`, them, us],
  ] as const)
    describe(title, () => {
      for (const story of stories) tellOne(story, peer, west, east);
    });
}

/** Only with ourselves at the west, or at the east. */
export function tellFrom(
  side: 'west' | 'east',
  stories: readonly Story[],
  peer: PeerName,
  planes: Implementations,
): void {
  const [us, them] = [planes[standIn ?? 'pluto'], planes[peer]];
  const [west, east] = side === 'west' ? [us, them] : [them, us];
  describe(side === 'west' ? `we initiate to ${peer}` : `${peer} initiates to us`, () => {
    for (const story of stories) tellOne(story, peer, west, east);
  });
}

function tellOne(story: Story, peer: PeerName, west: StartPeer, east: StartPeer): void {
  test(story.title, async (context) => {
    const lacks = lacksBed(story) ?? lacksPeer(peer) ?? (standIn ? undefined : lacksDaemon());
    const reason = lacks ?? (story.prepare && lacksPki());
    context.skip(reason !== undefined, reason);
    const more = await story.prepare?.();
    await withBed({ ...story, tunnel: { ...story.tunnel, ...more }, west, east }, story.tell);
  });
}
