/** Real packets: our userspace plane against strongSwan's kernel-libipsec, which always puts ESP into UDP. */
import { expect } from 'vitest';
import { count } from '../support/pcap.ts';
import type { Bed } from './bed.ts';
import type { Story } from './stories.ts';
import { inUserSpace, tell } from './tell.ts';
import type { Encryption, Tunnel } from './tunnel.ts';

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'], encapsulates: true };

/** Up, pings both ways, small and larger than a packet, and not one of them in the clear. */
async function carry(bed: Bed): Promise<void> {
  await bed.west.up();
  expect(await bed.ping({ from: 'west' })).toBe(5);
  expect(await bed.ping({ from: 'east' })).toBe(5);
  expect(await bed.ping({ size: 3000 })).toBe(5);
  const seen = await bed.seen();
  expect(seen.filter(({ kind }) => kind === 'other').map(({ src, dst, what }) => `${src} > ${dst} ${what}`)).toEqual(
    [],
  );
  expect(count(seen)['esp-in-udp']).toBeGreaterThanOrEqual(30);
}

const underTraffic = (actor: 'west' | 'east'): Story['tell'] => {
  return async (bed) => {
    await bed.west.up();
    const [answered] = await Promise.all([bed.ping({ times: 150 }), bed[actor].rekeyChild()]);
    expect(answered).toBe(150);
    const spis = new Set((await bed.seen()).flatMap(({ spi }) => (spi === undefined ? [] : [spi])));
    expect(spis.size).toBeGreaterThanOrEqual(4);
  };
};

const encryptions: readonly Encryption[] = ['aes_gcm128', 'aes_gcm256', 'aes256', 'chacha20_poly1305'];

tell(
  [
    ...encryptions.map((encryption) => ({
      title: `pings, ${encryption}`,
      tunnel: { ...tunnel, encryption },
      tell: carry,
    })),
    { title: 'pings through a NAT', tunnel, isNatted: true, tell: carry },
    { title: 'pings, IPv6 within IPv6', tunnel: { ...tunnel, family: 6 }, tell: carry },
    { title: 'the initiator rekeys under traffic, no packet lost', tunnel, tell: underTraffic('west') },
    { title: 'the responder rekeys under traffic, no packet lost', tunnel, tell: underTraffic('east') },
  ],
  'strongswan',
  inUserSpace,
);
