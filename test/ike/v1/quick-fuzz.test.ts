/** Proposals of every kind, put together by dice: what is chosen is what both ends can have, and the rest is refused. */
import { expect, test } from 'vitest';
import type { ChildPolicy } from '../../../src/ike/policy.ts';
import { acceptQuick, answerWith, chooseQuick, offerQuick } from '../../../src/ike/v1/quick-offers.ts';
import { type Attribute, PROTOCOL, type Proposal, type Transform } from '../../../src/ike/v1/wire/index.ts';
import { rounds } from '../../fuzz/fuzz.ts';
import type { Dice } from '../v2/dice.ts';
import { policyFor } from '../v2/policies.ts';
import { proposals } from './pair.ts';

const SPIS = { main: 0x1234, ah: 0x5678, cpi: 0x1001 };
const OURS = { main: 0x4321, ah: 0x8765, cpi: 0x2002 };
const PLAIN = { group: undefined, nat: undefined };
const AH = proposals('ah', 'sha1,sha2_256');
const ESP = proposals('esp', 'aes128-sha1,aes_gcm256,3des-md5');

const child = (change: Partial<ChildPolicy>): ChildPolicy =>
  policyFor('west', { child: { proposals: ESP, pfs: false, ...change } }).child;
const POLICIES: readonly ChildPolicy[] = [
  child({}),
  child({ compress: true }),
  child({ proposals: AH }),
  child({ proposals: AH, compress: true }),
  child({ ah: AH }),
  child({ ah: AH, compress: true, mode: 'transport', esn: 'either' }),
];
const PIECES = POLICIES.flatMap((policy) => offerQuick(policy, SPIS, PLAIN));

function spoiled(dice: Dice, attribute: Attribute): Attribute {
  if (dice.next() < 0.9) return attribute;
  return dice.next() < 0.5
    ? { ...attribute, value: dice.below(70_000) % 65_536 }
    : { type: dice.below(16), value: dice.octets(dice.below(9)) };
}

const transform = (dice: Dice, t: Transform): Transform => ({
  number: t.number,
  id: dice.next() < 0.95 ? t.id : dice.below(256),
  attributes: t.attributes.map((a) => spoiled(dice, a)),
});

const SPI_OCTETS = [0, 1, 2, 3, 4, 4, 4, 8, 16];

function proposal(dice: Dice): Proposal {
  const { protocol, spi, transforms } = dice.pick(PIECES);
  const from = dice.below(transforms.length);
  return {
    number: 1 + dice.below(3),
    protocol: dice.next() < 0.95 ? protocol : dice.below(256),
    spi: dice.next() < 0.9 ? spi : dice.octets(dice.pick(SPI_OCTETS)),
    transforms: transforms.slice(from, from + 1 + dice.below(4)).map((t) => transform(dice, t)),
  };
}

/** What a peer of another connection would offer, but for a few numbers. */
function nearly(dice: Dice): readonly Proposal[] {
  const policy = dice.pick(POLICIES);
  const offer = offerQuick(policy, policy.compress ? SPIS : { ...SPIS, cpi: undefined }, PLAIN);
  return offer.map((p) => ({ ...p, transforms: p.transforms.map((t) => transform(dice, t)) }));
}

test('a choice is sound, and its answer is accepted by who has offered it', () => {
  const chosenShapes = new Set<string>();
  let refused = 0;
  rounds(5_000, (dice) => {
    const policy = dice.pick(POLICIES);
    const theirs = dice.next() < 0.3 ? nearly(dice) : Array.from({ length: 1 + dice.below(5) }, () => proposal(dice));
    const choice = chooseQuick(policy, theirs, PLAIN);
    if ('kind' in choice) {
      refused++;
      expect(choice.kind === 'incompatible' && choice.offered.length).toBeGreaterThan(0);
      return;
    }
    const { suite, spis, answer } = choice;
    const protocols = answer.map((p) => p.protocol).toSorted();
    expect(new Set(protocols).size).toBe(protocols.length);
    expect(answer.every((p) => p.number === answer[0].number && p.transforms.length === 1)).toBe(true);
    expect(theirs.filter((p) => p.number === answer[0].number)).toHaveLength(answer.length);
    expect(suite.compresses === true).toBe(protocols.includes(PROTOCOL.IPCOMP));
    expect(suite.ah !== undefined).toBe(policy.ah !== undefined);
    expect([spis.ah, spis.cpi].map((spi) => spi !== undefined)).toEqual([
      suite.ah !== undefined,
      suite.compresses === true,
    ]);
    if (suite.compresses) expect(policy.compress).toBe(true);
    const accepted = acceptQuick(theirs, answerWith(OURS, choice));
    expect(accepted).toMatchObject({ suite, spis: { main: OURS.main } });
    chosenShapes.add(protocols.join('+'));
  });
  expect(refused).toBeGreaterThan(1_000);
  expect([...chosenShapes].toSorted()).toEqual(['2', '2+3', '2+3+4', '2+4', '3', '3+4']);
});

test('an answer is accepted only if it is part of the offer', () => {
  let accepted = 0;
  rounds(3_000, (dice) => {
    const policy = dice.pick(POLICIES);
    const offer = offerQuick(policy, policy.compress ? SPIS : { ...SPIS, cpi: undefined }, PLAIN);
    const choice = chooseQuick(policy, offer, PLAIN);
    if ('kind' in choice) throw new Error('our own offer is refused');
    const answer = answerWith(OURS, choice).map((p) => ({
      ...p,
      number: dice.next() < 0.95 ? p.number : dice.below(4),
      spi: dice.next() < 0.95 ? p.spi : dice.octets(dice.pick(SPI_OCTETS)),
      transforms: p.transforms.map((t) => transform(dice, t)),
    }));
    const verdict = acceptQuick(offer, dice.next() < 0.9 ? answer : [...answer, proposal(dice)]);
    if ('kind' in verdict) return expect(verdict.kind).toBe('misbehaved');
    accepted++;
    expect(verdict.spis.main).toBeGreaterThan(255);
    expect(verdict.suite.ah !== undefined).toBe(policy.ah !== undefined);
  });
  expect(accepted).toBeGreaterThan(100);
});
