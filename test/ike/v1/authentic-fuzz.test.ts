/**
 * A peer that has proven who it is and says nonsense: messages with the right keys, IVs and hashes, and wounded inside. They
 * throw nothing, install nothing that was not agreed on, and what they reserve is given back.
 */
import { expect, test } from 'vitest';
import { hash1 } from '../../../src/ike/v1/crypto/hashes.ts';
import { seal } from '../../../src/ike/v1/crypto/protect.ts';
import { channelOf } from '../../../src/ike/v1/quick-child.ts';
import { netId } from '../../../src/ike/v1/quick-ids.ts';
import { offerQuick } from '../../../src/ike/v1/quick-offers.ts';
import { Turn } from '../../../src/ike/v1/turn.ts';
import {
  type Attribute,
  CFG_ATTRIBUTE,
  CFG_TYPE,
  EXCHANGE,
  encodeAttributes,
  encodeChain,
  encodeWith,
  NOTIFY,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { rounds } from '../../fuzz/fuzz.ts';
import { mutated } from '../../fuzz/mutate.ts';
import type { Dice } from '../v2/dice.ts';
import { EAST, selectors, WEST } from '../v2/policies.ts';
import type { Host } from './host.ts';
import { MAIN, type Pair, proposals, QUICK, v1Policy } from './pair.ts';
import { expectExchange, PULL, warrior, XAUTH } from './road-warrior.ts';

const [FROM_WEST, FROM_EAST] = [new Endpoint(WEST, 500), new Endpoint(EAST, 500)];
const HASH = 8;

const AH = proposals('ah', 'sha1,sha2_256');
const CHILDREN = [{}, { compress: true }, { ah: AH }, { ah: AH, compress: true }, { proposals: AH }].map(
  (child) => v1Policy('west', { child }).child,
);
const SPIS = { main: 0x1234, ah: 0x5678, cpi: 0x1001 };
const [LOCAL, REMOTE] = ['10.9.0.1/32', '0.0.0.0/0'].map((text) => netId(selectors(text)[0])!);
const LIFE = encodeAttributes([
  { type: 1, value: 1 },
  { type: 2, value: 1 },
]);

const quick = (dice: Dice): Payload[] => [
  {
    type: 'SA',
    proposals: offerQuick(dice.pick(CHILDREN), dice.next() < 0.5 ? SPIS : { ...SPIS, cpi: undefined }, {
      group: undefined,
      nat: dice.pick([undefined, 'rfc', 'drafts'] as const),
    }),
  },
  { type: 'Nonce', data: dice.octets(dice.pick([8, 32, 256])) },
  ...(dice.next() < 0.2 ? [{ type: 'KE', data: dice.octets(64) } as const] : []),
  ...(dice.next() < 0.8 ? [LOCAL, REMOTE] : []),
  ...(dice.next() < 0.3 ? [notice(dice)] : []),
  ...(dice.next() < 0.3 ? [{ type: 'NAT_OA', idType: 1, data: dice.octets(4) } as const] : []),
];

const notice = (dice: Dice): Payload => ({
  ...{ type: 'N', doi: 1, protocol: dice.pick(Object.values(PROTOCOL)), notify: dice.pick(Object.values(NOTIFY)) },
  ...{ spi: dice.octets(dice.pick([0, 2, 4, 16])), data: dice.next() < 0.5 ? LIFE : dice.octets(dice.below(9)) },
});

const informational = (dice: Dice): Payload[] =>
  Array.from({ length: 1 + dice.below(3) }, () => {
    if (dice.next() < 0.5) return notice(dice);
    const spiSize = dice.pick([2, 4, 16]);
    const spis = Array.from({ length: 1 + dice.below(4) }, () => dice.octets(spiSize));
    return { type: 'D', doi: 1, protocol: dice.pick([1, 2, 3, 4]), spiSize, spis };
  });

const attribute = (dice: Dice): Attribute => ({
  type: dice.pick(Object.values(CFG_ATTRIBUTE)),
  value: dice.next() < 0.3 ? dice.below(3) : dice.octets(dice.pick([0, 1, 4, 8, 14, 16, 17, 28, 200])),
});

const transaction = (dice: Dice): Payload[] => [
  {
    ...{ type: 'ATTRIBUTES', cfgType: dice.next() < 0.9 ? dice.pick(Object.values(CFG_TYPE)) : dice.below(256) },
    ...{ identifier: dice.below(65_536), attributes: Array.from({ length: dice.below(6) }, () => attribute(dice)) },
  },
];

const KINDS = [
  [EXCHANGE.QUICK, 1, quick],
  [EXCHANGE.INFORMATIONAL, 5, informational],
  [EXCHANGE.TRANSACTION, 14, transaction],
] as const;

/** The first message of an exchange of `by`'s, as authentic as any, with `rest` for its payloads behind HASH. */
function said(by: Host, exchange: number, messageId: number, first: number, rest: Uint8Array): Uint8Array {
  const { sa } = by;
  const talk = new Turn(sa, by.env).newTalk(exchange, messageId);
  const data = hash1(channelOf(sa, talk), rest);
  const chain = Buffer.concat([encodeChain([{ type: 'HASH', data }]), rest]);
  chain[0] = first;
  const { cookieI, cookieR } = sa;
  const header = { cookieI, cookieR, exchange, messageId, isEncrypted: true };
  return encodeWith(header, HASH, seal(sa.suite!, sa.keys!, talk.iv!, new Uint8Array(chain)));
}

const LINES = [...MAIN, ...XAUTH, ...PULL, ...QUICK];

/** A road warrior and its gateway, `count` messages later; east has a bundle of everything for it. */
function halfway(count: number, seed: number): Pair {
  const made = warrior({
    seed,
    east: { child: { pfs: false, ...(seed % 3 === 0 && { ah: AH, compress: true }) } },
    west: { child: { pfs: false, ...(seed % 3 === 0 && { ah: AH, compress: true }) } },
  });
  made.west.up();
  const lines = LINES.map((line) => line.replace(' KE, ID, ID', ' ID, ID'));
  expectExchange(made.wire, lines.slice(0, count));
  return made;
}

test('of every exchange, in every state, to either end', () => {
  let heard = 0;
  let children = 0;
  rounds(400, (dice, seed) => {
    const made = halfway(MAIN.length + dice.below(LINES.length - MAIN.length + 1), seed);
    const { west, east, clock } = made;
    for (let n = 0; n < 25; n++) {
      const isFromWest = dice.next() < 0.6;
      const [by, to] = isFromWest ? [west, east] : [east, west];
      const [speaker, hearer] = [by, to].map(({ sas }) => [...sas.values()].at(0)?.sa);
      if (!speaker?.keys || speaker.state !== 'established' || !hearer) break;
      const [exchange, first, make] = dice.pick(KINDS);
      const sound = encodeChain(make(dice));
      const rest = dice.next() < 0.4 ? sound : mutated(dice, sound, [sound]);
      const before = to.snapshot();
      const bytes = said(by, exchange, 1 + dice.below(0x7fffffff), first, rest);
      to.receive(isFromWest ? FROM_EAST : FROM_WEST, isFromWest ? FROM_WEST : FROM_EAST, bytes);
      clock.flush();
      if (to.snapshot() !== before) heard++;
      for (const { sa } of to.sas.values()) {
        expect(sa.children.length).toBeLessThanOrEqual(26);
        expect(sa.conversations.length).toBeLessThanOrEqual(64);
        expect(sa.leases.length).toBeLessThanOrEqual(2);
      }
    }
    children += east.plane.size;
    clock.advance(200_000);
    for (const host of [west, east]) {
      const known = [...host.sas.values()].flatMap((r) => r.sa.children.map((c) => c.serial));
      expect(
        host.plane
          .all()
          .map((c) => c.serial)
          .toSorted(),
      ).toEqual(known.toSorted());
      expect([...host.plane.reserved]).toEqual([]);
    }
  });
  expect(heard).toBeGreaterThan(100);
  expect(children).toBeGreaterThan(100);
});
