import { describe, expect, test } from 'vitest';
import { parseProposals } from '../../../src/ike/crypto/proposal.ts';
import { explainProposals, nearest, proposalsText } from '../../../src/ike/explain/proposals.ts';
import { PEER_ASKS, WE_ASK } from '../../../src/ike/explain/words.ts';
import { offerChild, offerIke } from '../../../src/ike/v2/proposals.ts';
import { PROTOCOL, type Proposal, TRANSFORM } from '../../../src/ike/wire/index.ts';

const parsed = (text: string | undefined, protocol: 'ike' | 'esp') => {
  const read = parseProposals(text, { protocol, version: 2 });
  if (!read.ok) throw new Error(read.error);
  return read.proposals;
};
const ike = (text?: string) => offerIke(parsed(text, 'ike'), new Uint8Array());
const esp = (text: string, esn: 'yes' | 'no' | 'either' = 'either') =>
  offerChild(parsed(text, 'esp'), 1, { esn, groups: [] });

/** A peer's proposal that none of ours could be. */
const foreign: Proposal = {
  number: 1,
  protocol: PROTOCOL.IKE,
  spi: new Uint8Array(),
  transforms: [
    { type: TRANSFORM.ENCR, id: 200, keyBits: 256 },
    { type: TRANSFORM.PRF, id: 201 },
    { type: TRANSFORM.INTEG, id: 202 },
    { type: TRANSFORM.DH, id: 203 },
    { type: 99, id: 1 },
  ],
};

describe('the nearest two', () => {
  test('meet where the negotiation would', () => {
    expect(nearest(ike(), ike('aes128-sha2_256-modp2048'))?.partings).toEqual([]);
  });

  test('are those that part in the fewest things', () => {
    const found = nearest(ike('3des-md5-modp1024,aes_gcm128-sha2_512-dh31'), ike('aes_gcm256-sha2_512-dh31+dh19'));
    expect(found?.partings).toEqual([{ kind: 'key length', offered: 'AES_GCM_16_128', accepted: 'AES_GCM_16_256' }]);
    expect(found?.offered.number).toBe(2);
  });

  test('of which one has an AEAD: integrity is no matter of its own', () => {
    const kinds = nearest(esp('aes_gcm256'), esp('aes256-sha2_256'))?.partings.map((p) => p.kind);
    expect(kinds).toEqual(['encryption']);
  });

  test('of ESP part in sequence numbers', () => {
    expect(nearest(esp('aes_gcm256', 'yes'), esp('aes_gcm256', 'no'))?.partings).toEqual([
      { kind: 'ESN', offered: 'yes', accepted: 'no' },
    ]);
  });

  test('are none where nothing is offered', () => {
    expect(nearest([], ike())).toBeUndefined();
    expect(explainProposals('ike=', [], ike('aes_gcm256-sha2_512-dh31'), PEER_ASKS)).toEqual([
      'ike=: the peer offers nothing; we accept AES_GCM_16_256-HMAC_SHA2_512-DH31',
    ]);
  });
});

describe('in words', () => {
  test('of a daemon, on either side', () => {
    const [ours, theirs] = [ike('aes_gcm256-sha2_512-dh31'), ike('aes_gcm256-sha2_256-dh19')];
    expect(explainProposals('ike=', theirs, ours, PEER_ASKS)).toEqual([
      'ike=: the peer offers AES_GCM_16_256-HMAC_SHA2_256-DH19; we accept AES_GCM_16_256-HMAC_SHA2_512-DH31',
      'ike=: they part in the PRF (the peer has HMAC_SHA2_256, we have HMAC_SHA2_512) and in the group (the peer has DH19, we have DH31)',
    ]);
    expect(explainProposals('ike=', ours, theirs, WE_ASK)[0]).toBe(
      'ike=: we offer AES_GCM_16_256-HMAC_SHA2_512-DH31; the peer accepts AES_GCM_16_256-HMAC_SHA2_256-DH19',
    );
  });

  test('of what we have never heard of, by number', () => {
    const [holdings, where] = explainProposals('ike=', [foreign], ike('aes256-sha1-modp2048'), PEER_ASKS);
    expect(holdings).toContain('the peer offers cipher 200_256-integrity 202-PRF 201-group 203;');
    expect(where).toContain('in the cipher (the peer has cipher 200_256, we have AES_CBC_256)');
  });

  test('the first few of many', () => {
    expect(proposalsText(ike())).toMatch(/^AES_GCM_16_256-.* and 2 more$/);
  });

  test('of bounded length, whatever the peer sends', () => {
    const transforms = Array.from({ length: 1024 }, (_, i) => ({ type: TRANSFORM.ENCR, id: 300 + i, keyBits: 256 }));
    const flood = Array.from({ length: 64 }, (_, i) => ({ ...foreign, number: i + 1, transforms }));
    const lines = explainProposals('ike=', flood, ike(), PEER_ASKS);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.length).toBeLessThan(1_500);
  });
});
