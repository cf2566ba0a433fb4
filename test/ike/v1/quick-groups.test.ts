/** Proposals wanted together: what is offered, chosen and accepted as one, and what is not. */
import { describe, expect, test } from 'vitest';
import { groupByName } from '../../../src/ike/crypto/algorithms.ts';
import type { ChildPolicy } from '../../../src/ike/policy.ts';
import { acceptQuick, answerWith, chooseQuick, offerQuick } from '../../../src/ike/v1/quick-offers.ts';
import { ENCAPSULATION, IPSEC, PROTOCOL, type Proposal } from '../../../src/ike/v1/wire/index.ts';
import { policyFor } from '../v2/policies.ts';
import { proposals } from './pair.ts';

const PLAIN = { group: undefined, nat: undefined };
const SPIS = { main: 0x1234, ah: 0x5678, cpi: 0x1001 };
const OURS = { main: 0x4321, ah: 0x8765, cpi: 0x2002 };
const child = (change: Partial<ChildPolicy> = {}): ChildPolicy =>
  policyFor('west', { child: { proposals: proposals('esp', 'aes128-sha1'), pfs: false, ...change } }).child;
const AH = proposals('ah', 'sha1');
const compressed = child({ compress: true });
const all = child({ compress: true, ah: AH });

/** The first of an offer's groups with one proposal changed. */
function changed(offer: readonly Proposal[], protocol: number, change: Partial<Proposal>): readonly Proposal[] {
  return offer.filter((p) => p.number === 1).map((p) => (p.protocol === protocol ? { ...p, ...change } : p));
}
const refusal = (policy: ChildPolicy, theirs: readonly Proposal[], terms = PLAIN): string => {
  const chosen = chooseQuick(policy, theirs, terms);
  if (!('kind' in chosen) || chosen.kind !== 'incompatible') throw new Error('it was chosen');
  return chosen.offered;
};

test('compress=yes is offered first, and what goes without it after it', () => {
  const offer = offerQuick(compressed, SPIS, PLAIN);
  expect(offer.map(({ number, protocol }) => [number, protocol])).toEqual([
    [1, PROTOCOL.ESP],
    [1, PROTOCOL.IPCOMP],
    [2, PROTOCOL.ESP],
  ]);
  expect(offer[1]).toMatchObject({ spi: Uint8Array.of(0x10, 0x01), transforms: [{ id: 2 }] });
  expect(offer[0].spi).toEqual(offer[2].spi);
  const without = offerQuick(compressed, { ...SPIS, cpi: undefined }, PLAIN);
  expect(without.map(({ protocol }) => protocol)).toEqual([PROTOCOL.ESP]);
});

test.each<[string, ChildPolicy, object]>([
  ['ESP+IPComp', compressed, { protocol: 'esp', compresses: true }],
  ['AH+IPComp', child({ proposals: AH, compress: true }), { protocol: 'ah', compresses: true }],
  ['AH+ESP', child({ ah: AH }), { protocol: 'esp', ah: AH[0].integ[0] }],
  ['AH+ESP+IPComp', all, { protocol: 'esp', ah: AH[0].integ[0], compresses: true }],
])('%s: offered, chosen, answered with the responder’s SPIs, accepted', (_name, policy, suite) => {
  for (const group of [undefined, groupByName('modp2048')]) {
    const terms = { group, nat: undefined };
    const offer = offerQuick(policy, policy.compress ? SPIS : { ...SPIS, cpi: undefined }, terms);
    const chosen = chooseQuick(policy, offer, terms);
    if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
    expect(chosen.suite).toMatchObject(suite);
    expect(chosen.spis.main).toBe(SPIS.main);
    expect(chosen.spis.cpi).toBe(policy.compress ? SPIS.cpi : undefined);
    const accepted = acceptQuick(offer, answerWith(OURS, chosen));
    if ('kind' in accepted) throw new Error(JSON.stringify(accepted));
    expect(accepted.suite).toBe(chosen.suite);
    expect(accepted.spis).toEqual({
      main: OURS.main,
      ah: policy.ah ? OURS.ah : undefined,
      cpi: policy.compress ? OURS.cpi : undefined,
    });
  }
});

test('a CPI in four octets is answered in four', () => {
  const offer = changed(offerQuick(compressed, SPIS, PLAIN), PROTOCOL.IPCOMP, { spi: Uint8Array.of(0, 0, 0x10, 1) });
  const chosen = chooseQuick(compressed, offer, PLAIN);
  if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
  expect(chosen.spis.cpi).toBe(0x1001);
  expect(answerWith(OURS, chosen)[1].spi).toEqual(Uint8Array.of(0, 0, 0x20, 0x02));
});

test.each<[string, number, Uint8Array]>([
  ['IPComp with an SPI of 3 octets', PROTOCOL.IPCOMP, Uint8Array.of(0, 1, 1)],
  ['IPComp with an SPI of 0 octets', PROTOCOL.IPCOMP, new Uint8Array()],
  ['reserved CPI 0', PROTOCOL.IPCOMP, Uint8Array.of(0, 0)],
  ['reserved CPI 3', PROTOCOL.IPCOMP, Uint8Array.of(0, 3)],
  ['reserved CPI 255', PROTOCOL.IPCOMP, Uint8Array.of(0, 255)],
  ['reserved CPI 61440', PROTOCOL.IPCOMP, Uint8Array.of(0xf0, 0)],
  ['reserved CPI 0', PROTOCOL.IPCOMP, Uint8Array.of(1, 0, 0, 0)],
  ['reserved SPI 0', PROTOCOL.ESP, new Uint8Array(4)],
  ['reserved SPI 255', PROTOCOL.ESP, Uint8Array.of(0, 0, 0, 255)],
  ['ESP with an SPI of 2 octets', PROTOCOL.ESP, Uint8Array.of(16, 1)],
  ['reserved SPI 0', PROTOCOL.AH, new Uint8Array(4)],
])('%s is refused, offered or answered', (why, protocol, spi) => {
  const offer = offerQuick(all, SPIS, PLAIN);
  expect(refusal(all, changed(offer, protocol, { spi }))).toContain(why);
  const chosen = chooseQuick(all, offer, PLAIN);
  if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
  expect(acceptQuick(offer, changed(answerWith(OURS, chosen), protocol, { spi }))).toMatchObject({
    kind: 'misbehaved',
  });
});

test('what is not about IPComp is not offered with it, and ignored where it is', () => {
  const group = groupByName('modp2048')!;
  const offer = offerQuick(compressed, SPIS, { group, nat: undefined });
  const [deflate] = offer[1].transforms;
  expect(deflate.attributes.map(({ type }) => type)).not.toContain(IPSEC.GROUP);
  for (const attributes of [
    [],
    [...deflate.attributes, { type: IPSEC.GROUP, value: 2 }, { type: IPSEC.AUTH, value: 1 }],
  ]) {
    const theirs = changed(offer, PROTOCOL.IPCOMP, { transforms: [{ ...deflate, attributes }] });
    expect(chooseQuick(compressed, theirs, { group, nat: undefined })).toMatchObject({ suite: { compresses: true } });
  }
});

test('DEFLATE’s own number is as good a CPI as one that was drawn', () => {
  const offer = changed(offerQuick(compressed, SPIS, PLAIN), PROTOCOL.IPCOMP, { spi: Uint8Array.of(0, 2) });
  expect(chooseQuick(compressed, offer, PLAIN)).toMatchObject({ spis: { cpi: 2 } });
});

describe('mismatches', () => {
  const offer = offerQuick(all, SPIS, PLAIN);
  const [ah, esp, ipcomp] = offer;

  test.each<[string, ChildPolicy, readonly Proposal[], string]>([
    ['a protocol twice', all, [ah, esp, esp], 'ESP twice in one'],
    ['a protocol twice, not in a row', all, [ah, esp, { ...esp, number: 9 }, ah], 'AH twice in one'],
    ['IPComp alone', compressed, [ipcomp], 'IPComp'],
    ['an unknown protocol beside', compressed, [esp, { ...ipcomp, protocol: 9 }], 'protocol 9'],
    ['ISAKMP beside', compressed, [esp, { ...ipcomp, protocol: PROTOCOL.ISAKMP }], 'protocol 1'],
    ['IPComp, and compress=no', child(), [esp, ipcomp], 'compress=no'],
    ['AH around, not configured', child(), [ah, esp], 'AH+ESP'],
    ['no AH around', child({ ah: AH }), [esp], 'ESP'],
    ['LZS', compressed, [esp, { ...ipcomp, transforms: [{ ...ipcomp.transforms[0], id: 3 }] }], 'IPComp transform 3'],
  ])('%s', (_name, policy, theirs, why) => {
    expect(refusal(policy, theirs)).toContain(why);
  });

  test('the next proposal is taken when the bundle is not', () => {
    const both = offerQuick(compressed, SPIS, PLAIN);
    expect(chooseQuick(child(), both, PLAIN)).toMatchObject({ spis: { cpi: undefined }, answer: [{ number: 2 }] });
  });

  test('one in a tunnel and one not', () => {
    const transport = {
      ...ah.transforms[0],
      attributes: ah.transforms[0].attributes.map((a) =>
        a.type === IPSEC.ENCAPSULATION ? { ...a, value: ENCAPSULATION.TRANSPORT } : a,
      ),
    };
    expect(refusal(all, changed(offer, PROTOCOL.AH, { transforms: [transport] }))).toContain('encapsulation mode 2');
  });

  test('AH over a NAT', () => {
    const natted = { group: undefined, nat: 'rfc' } as const;
    expect(refusal(all, offerQuick(all, SPIS, natted), natted as never)).toContain('passes no NAT');
  });

  test('an answer with less, more, or from two proposals', () => {
    const chosen = chooseQuick(all, offer, PLAIN);
    if ('kind' in chosen) throw new Error(JSON.stringify(chosen));
    const answer = answerWith(OURS, chosen);
    for (const wrong of [
      answer.slice(0, 1),
      answer.slice(2),
      [...answer, answer[0]],
      [answer[0], answer[1], { ...answer[2], number: 2 }],
      answer.map((p) => ({ ...p, transforms: [...p.transforms, ...p.transforms] })),
      [],
    ])
      expect(acceptQuick(offer, wrong)).toMatchObject({ kind: 'misbehaved' });
  });
});

test('lifetimes: of the protocols of a bundle the shortest counts', () => {
  const offer = offerQuick(all, SPIS, PLAIN).map((p) =>
    p.protocol === PROTOCOL.AH
      ? {
          ...p,
          transforms: p.transforms.map((t) => ({
            ...t,
            attributes: t.attributes.map((a) => (a.type === IPSEC.LIFE_DURATION ? { ...a, value: 600 } : a)),
          })),
        }
      : p,
  );
  expect(chooseQuick(all, offer, PLAIN)).toMatchObject({ life: { seconds: 600 } });
});
