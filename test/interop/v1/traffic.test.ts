/** Real packets under SAs of IKEv1: our userspace plane against strongSwan's kernel-libipsec, which puts all ESP into UDP. */
import { expect } from 'vitest';
import { count } from '../../support/pcap.ts';
import { inUserSpace } from '../tell.ts';
import { oneConn, v1Tunnel, type Wish } from './conn.ts';
import { onBed, type V1Bed } from './on-bed.ts';

const SUITES: Readonly<Record<string, Omit<Wish, 'name'>>> = {
  'AES-128, HMAC-SHA1': { esp: 'aes128-sha1' },
  'AES-256, HMAC-SHA2-512, Aggressive Mode, PFS': { esp: 'aes256-sha2_512', isAggressive: true, pfs: 'modp2048' },
  'AES-GCM-256': { esp: 'aes_gcm256-none' },
};

/** Pings both ways, small and large, and not one of them in the clear. */
async function carry(bed: V1Bed): Promise<void> {
  await bed.west.up('net');
  expect(await bed.ping({ from: 'west' })).toBe(5);
  expect(await bed.ping({ from: 'east', size: 3000 })).toBe(5);
  // New traffic goes by the newest SA. A responder that has it with the third message alone may not know the first packet.
  const [answered] = await Promise.all([bed.ping({ times: 100 }), bed.east.rekeyChild('net')]);
  expect(answered).toBeGreaterThanOrEqual(98);
  const seen = await bed.seen();
  expect(count(seen).other).toBe(0);
  expect(new Set(seen.flatMap(({ spi }) => (spi === undefined ? [] : [spi]))).size).toBeGreaterThanOrEqual(4);
}

for (const side of ['west', 'east'] as const)
  for (const [title, wish] of Object.entries(SUITES))
    for (const isNatted of title === 'AES-GCM-256' ? [false, true] : [false]) {
      const tunnel = v1Tunnel([oneConn({ ...wish, encapsulates: true })]);
      const who = side === 'west' ? 'we initiate to strongswan' : 'strongswan initiates to us';
      const bed = { peer: 'strongswan', side, tunnel, isNatted, planes: inUserSpace } as const;
      onBed(`${title}${isNatted ? ', through a NAT' : ''}: ${who}`, bed, (tell) => tell('pings', carry));
    }
