import { describe, expect, test } from 'vitest';
import { groupByName, integByName } from '../../../src/ike/crypto/algorithms.ts';
import { type Proposal, parseProposals } from '../../../src/ike/crypto/proposal.ts';
import { readLife, shorter } from '../../../src/ike/v1/lifetimes.ts';
import { acceptIsakmp, allows, chooseIsakmp, offerIsakmp } from '../../../src/ike/v1/offers.ts';
import { acceptQuick, chooseQuick, groupOffered, offerQuick } from '../../../src/ike/v1/quick-offers.ts';
import { AUTH_METHOD, ENCAPSULATION, IPSEC, OAKLEY, type Proposal as Wire } from '../../../src/ike/v1/wire/index.ts';
import { policyFor } from '../v2/policies.ts';
import { both } from '../v2/proofs.ts';

const v1 = (protocol: 'ike' | 'esp' | 'ah', text?: string): readonly Proposal[] => {
  const parsed = parseProposals(text, { protocol, version: 1 });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.proposals;
};
const phase1 = (text?: string, change = {}) =>
  policyFor('west', { ike: v1('ike', text), ikeLifetime: 3_600_000, ...change });
const child = (text?: string, change = {}) =>
  policyFor('west', { child: { proposals: v1('esp', text), pfs: false, ...change } }).child;
const PLAIN = { group: undefined, nat: undefined };
const SPIS = { main: 0x1234, ah: undefined, cpi: undefined };

/** The offer with one transform changed. */
const changed = ([first]: readonly Wire[], change: (value: number, type: number) => number | Uint8Array): Wire[] => [
  {
    ...first,
    transforms: first.transforms.map((t) => ({
      ...t,
      attributes: t.attributes.map(({ type, value }) => ({ type, value: change(Number(value), type) })),
    })),
  },
];

describe('phase 1', () => {
  test('what is offered with the same configuration is chosen, and its answer accepted', () => {
    for (const text of [undefined, '3des-md5-modp1024', 'aes256-sha2_384-dh20', 'camellia128-sha1-modp8192']) {
      const offer = offerIsakmp(phase1(text));
      const chosen = chooseIsakmp(phase1(text), offer);
      if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
      expect(chosen.method).toBe('secret');
      expect(chosen.life).toEqual({ seconds: 3600 });
      const accepted = acceptIsakmp(offer, [chosen.answer]);
      expect(accepted).toEqual({ suite: chosen.suite, method: 'secret', life: chosen.life });
      expect(allows(phase1(text), chosen)).toBe(true);
    }
  });

  test('defaults: both lengths of AES, then 3DES, with each hash and group', () => {
    const [{ transforms }] = offerIsakmp(phase1());
    const keys = transforms.map((t) => t.attributes.find((a) => a.type === OAKLEY.KEY_LENGTH)?.value);
    expect(transforms.map((t) => t.number)).toEqual(transforms.map((_, i) => i + 1));
    expect([...new Set(keys)]).toEqual([256, 128, undefined]);
    expect(transforms.length).toBe(3 * 3 * 4);
  });

  test("the peer's order decides", () => {
    const ours = phase1('aes256-sha1-modp2048,3des-sha1-modp2048');
    const theirs = offerIsakmp(phase1('3des-sha1-modp2048,aes256-sha1-modp2048'));
    const chosen = chooseIsakmp(ours, theirs);
    expect('suite' in chosen && chosen.suite.encr.name).toBe('3DES_CBC');
  });

  test('numbers may come in either form', () => {
    const offer = offerIsakmp(phase1('aes128-sha1-modp2048'));
    const wide = changed(offer, (value) => Uint8Array.of(0, 0, value >> 8, value & 255));
    const chosen = chooseIsakmp(phase1('aes128-sha1-modp2048'), wide);
    if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
    expect(chosen.answer.transforms[0].attributes).toEqual(wide[0].transforms[0].attributes);
    expect('suite' in acceptIsakmp(offer, wide)).toBe(true);
  });

  test.each<[string, (value: number, type: number) => number]>([
    ['another cipher', (value, type) => (type === OAKLEY.ENCRYPTION ? 5 : value)],
    ['DES', (value, type) => (type === OAKLEY.ENCRYPTION ? 1 : value)],
    ['another hash', (value, type) => (type === OAKLEY.HASH ? 1 : value)],
    ['another group', (value, type) => (type === OAKLEY.GROUP ? 2 : value)],
    ['another length', (value, type) => (type === OAKLEY.KEY_LENGTH ? 192 : value)],
    ['signatures', (value, type) => (type === OAKLEY.AUTHENTICATION ? AUTH_METHOD.RSA_SIG : value)],
    ['XAUTH', (value, type) => (type === OAKLEY.AUTHENTICATION ? AUTH_METHOD.XAUTH_INIT_PRESHARED : value)],
    ['an unknown life', (value, type) => (type === OAKLEY.LIFE_TYPE ? 3 : value)],
    ['a life of nothing', (value, type) => (type === OAKLEY.LIFE_DURATION ? 0 : value)],
  ])('%s is refused when it is not configured, offered or answered', (_name, change) => {
    const policy = phase1('aes128-sha1-modp2048');
    const offer = offerIsakmp(policy);
    expect(chooseIsakmp(policy, changed(offer, change))).toMatchObject({ kind: 'incompatible' });
    expect(acceptIsakmp(offer, changed(offer, change))).toMatchObject({ kind: 'misbehaved' });
  });

  test('unknown attributes and doubled ones are not chosen', () => {
    const policy = phase1('aes128-sha1-modp2048');
    const [offer] = offerIsakmp(policy);
    for (const extra of [
      { type: OAKLEY.PRF, value: 1 },
      { type: OAKLEY.GROUP, value: 14 },
    ]) {
      const transforms = offer.transforms.map((t) => ({ ...t, attributes: [...t.attributes, extra] }));
      expect(chooseIsakmp(policy, [{ ...offer, transforms }])).toMatchObject({ kind: 'incompatible' });
    }
  });

  test('two proposals, or two transforms in an answer, break RFC 2409', () => {
    const policy = phase1();
    const [offer] = offerIsakmp(policy);
    expect(chooseIsakmp(policy, [offer, offer])).toMatchObject({ kind: 'misbehaved' });
    expect(acceptIsakmp([offer], [offer])).toMatchObject({ kind: 'misbehaved' });
  });

  test('both ends have one way to prove themselves', () => {
    expect(
      offerIsakmp(phase1('aes128-sha1-modp2048', both(['rsasig-v1.5'])))[0].transforms[0].attributes,
    ).toContainEqual({
      type: OAKLEY.AUTHENTICATION,
      value: AUTH_METHOD.RSA_SIG,
    });
    expect(offerIsakmp(phase1('aes128-sha1-modp2048', both(['null'])))[0].transforms).toEqual([]);
  });

  test('Aggressive Mode offers the group of its key alone', () => {
    const [{ transforms }] = offerIsakmp(phase1(), groupByName('modp1536'));
    expect(new Set(transforms.map((t) => t.attributes.find((a) => a.type === OAKLEY.GROUP)?.value))).toEqual(
      new Set([5]),
    );
  });
});

describe('phase 2', () => {
  test('what is offered with the same configuration is chosen, and its answer accepted', () => {
    for (const text of [
      undefined,
      'aes_gcm256',
      '3des-md5',
      'null-sha1',
      'aes_ctr256-sha2_512',
      'camellia256-sha2_384',
    ]) {
      for (const group of [undefined, groupByName('modp2048')]) {
        const terms = { ...PLAIN, group };
        const offer = offerQuick(child(text), SPIS, terms);
        const chosen = chooseQuick(child(text), offer, terms);
        if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
        expect(chosen.spis).toEqual(SPIS);
        expect(chosen.suite.group).toBe(group);
        expect(groupOffered(offer)).toBe(group);
        expect(chosen.life).toEqual({ seconds: 28_800 });
        const accepted = acceptQuick(offer, [{ ...chosen.answer[0], spi: Uint8Array.of(0, 0, 1, 9) }]);
        expect(accepted).toMatchObject({ suite: chosen.suite, spis: { main: 0x109 } });
      }
    }
  });

  test('AH names its algorithm twice', () => {
    const ah = child(undefined, { proposals: v1('ah', 'sha2_256') });
    const offer = offerQuick(ah, SPIS, PLAIN);
    expect(offer[0]).toMatchObject({ protocol: 2, transforms: [{ id: 5 }] });
    expect(offer[0].transforms[0].attributes).toContainEqual({ type: IPSEC.AUTH, value: 5 });
    expect(chooseQuick(ah, offer, PLAIN)).toMatchObject({ suite: { protocol: 'ah', integ: integByName('sha2_256') } });
    const lie = changed(offer, (value, type) => (type === IPSEC.AUTH ? 1 : value));
    expect(chooseQuick(ah, lie, PLAIN)).toMatchObject({ kind: 'incompatible' });
  });

  test.each([
    ['tunnel', undefined, ENCAPSULATION.TUNNEL],
    ['transport', undefined, ENCAPSULATION.TRANSPORT],
    ['tunnel', 'rfc', ENCAPSULATION.UDP_TUNNEL],
    ['transport', 'rfc', ENCAPSULATION.UDP_TRANSPORT],
    ['tunnel', 'drafts', ENCAPSULATION.UDP_TUNNEL_DRAFT],
    ['transport', 'drafts', ENCAPSULATION.UDP_TRANSPORT_DRAFT],
  ] as const)('%s mode, NAT by %s', (mode, nat, number) => {
    const offer = offerQuick(child('aes128-sha1', { mode }), SPIS, { ...PLAIN, nat });
    expect(offer[0].transforms[0].attributes).toContainEqual({ type: IPSEC.ENCAPSULATION, value: number });
    for (const other of ['tunnel', 'transport'] as const)
      for (const seen of [undefined, 'rfc'] as const) {
        const chosen = chooseQuick(child('aes128-sha1', { mode: other }), offer, { ...PLAIN, nat: seen });
        expect('suite' in chosen).toBe(other === mode && (seen !== undefined) === (nat !== undefined));
      }
  });

  test('with PFS on one end alone nothing is chosen', () => {
    const group = groupByName('modp2048');
    const withPfs = offerQuick(child(), SPIS, { ...PLAIN, group });
    expect(chooseQuick(child(), withPfs, PLAIN)).toMatchObject({ kind: 'incompatible' });
    expect(chooseQuick(child(), offerQuick(child(), SPIS, PLAIN), { ...PLAIN, group })).toMatchObject({
      kind: 'incompatible',
    });
  });

  test('bundles, other protocols, other SPIs and no mode are refused', () => {
    const [offer] = offerQuick(child('aes128-sha1'), SPIS, PLAIN);
    const refused = (theirs: Wire[]) =>
      expect(chooseQuick(child('aes128-sha1'), theirs, PLAIN)).toMatchObject({ kind: 'incompatible' });
    refused([offer, { ...offer, protocol: 2 }]);
    refused([{ ...offer, protocol: 4 }]);
    refused([{ ...offer, spi: new Uint8Array(2) }]);
    refused([
      {
        ...offer,
        transforms: offer.transforms.map((t) => ({
          ...t,
          attributes: t.attributes.filter((a) => a.type !== IPSEC.ENCAPSULATION),
        })),
      },
    ]);
    refused(changed([offer], (value, type) => (type === IPSEC.KEY_LENGTH ? 256 : value)));
    expect(
      'suite' in
        chooseQuick(
          child('aes128-sha1'),
          [
            { ...offer, protocol: 4 },
            { ...offer, number: 2 },
          ],
          PLAIN,
        ),
    ).toBe(true);
  });

  test('an answer that says more or else than the offer is not accepted', () => {
    const offer = offerQuick(child('aes128-sha1'), SPIS, PLAIN);
    const answer = (change: (value: number, type: number) => number) => acceptQuick(offer, changed(offer, change));
    expect(answer((value) => value)).toHaveProperty('suite');
    expect(answer((value, type) => (type === IPSEC.LIFE_DURATION ? 60 : value))).toMatchObject({ kind: 'misbehaved' });
    expect(answer((value, type) => (type === IPSEC.KEY_LENGTH ? 256 : value))).toMatchObject({ kind: 'misbehaved' });
    expect(acceptQuick(offer, [...offer, ...offer])).toMatchObject({ kind: 'misbehaved' });
  });
});

describe('lifetimes', () => {
  test('seconds and kilobytes, each behind its type', () => {
    const [type, duration] = [IPSEC.LIFE_TYPE, IPSEC.LIFE_DURATION];
    const read = (...values: [number, number][]) =>
      readLife(
        values.map(([t, value]) => ({ type: t, value })),
        IPSEC,
      );
    expect(read([type, 1], [duration, 60], [type, 2], [duration, 5])).toMatchObject({
      life: { seconds: 60, kilobytes: 5 },
    });
    expect(read([5, 2])).toEqual({ life: {}, rest: [{ type: 5, value: 2 }] });
    for (const wrong of [
      [[duration, 60]],
      [[type, 1]],
      [
        [type, 1],
        [type, 1],
        [duration, 1],
      ],
      [
        [type, 1],
        [duration, 1],
        [type, 1],
        [duration, 1],
      ],
    ])
      expect(typeof read(...(wrong as [number, number][]))).toBe('string');
  });

  test('the shorter one, and no more than the most', () => {
    expect(shorter(3_600_000, { seconds: 900 }, 28_800_000)).toBe(900_000);
    expect(shorter(3_600_000, { seconds: 86_400 }, 28_800_000)).toBe(3_600_000);
    expect(shorter(90_000_000, {}, 28_800_000)).toBe(28_800_000);
  });
});
