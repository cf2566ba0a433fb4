/** The table is the specification: every state can be reached and left, and nothing leads where it does not say. */
import { describe, expect, test } from 'vitest';
import { EXITS, MOVES, pick, TRANSITIONS } from '../../../src/ike/v1/transitions.ts';
import { EXCHANGE, type Payload, type PayloadName } from '../../../src/ike/v1/wire/index.ts';

const states = Object.keys(EXITS) as (keyof typeof EXITS)[];
const edges = [
  ...TRANSITIONS.flatMap(({ from, to, story }) => to.map((state) => ({ from, to: state, story }))),
  ...MOVES.flatMap(({ from, to, story }) => from.map((state) => ({ from: state, to, story }))),
];

describe('every state', () => {
  test.each(states.filter((state) => state !== 'idle'))('%s can be reached from idle', (state) => {
    const seen = new Set<string>(['idle']);
    for (let size = 0; size !== seen.size; ) {
      size = seen.size;
      for (const edge of edges) if (seen.has(edge.from)) seen.add(edge.to);
    }
    expect(seen).toContain(state);
  });

  test.each(states.filter((state) => state !== 'dead'))(
    '%s can be left for dead, by time if it is not idle',
    (state) => {
      expect(edges.some((edge) => edge.from === state && edge.to === 'dead')).toBe(true);
      if (state !== 'idle') expect(EXITS[state].length).toBeGreaterThan(0);
    },
  );

  test('quick states lead to their end', () => {
    for (const state of ['quickI1', 'quickR1'] as const)
      expect(edges.filter((edge) => edge.from === state).map((edge) => edge.to)).toEqual(['quickDone']);
  });
});

test('no two rows have one story in one state', () => {
  const keys = TRANSITIONS.map((row) => `${row.from} ${row.story}`);
  expect(new Set(keys).size).toBe(keys.length);
});

describe('what a state takes', () => {
  const octets = new Uint8Array(20);
  const some: Partial<Record<PayloadName, Payload>> = {
    HASH: { type: 'HASH', data: octets },
    KE: { type: 'KE', data: octets },
    Nonce: { type: 'Nonce', data: octets },
    ID: { type: 'ID', idType: 2, protocol: 0, port: 0, data: octets },
  };
  const payloads = (...names: PayloadName[]) => names.map((name) => some[name]!);

  test('in clear what must be encrypted, and the reverse, is not for it', () => {
    expect(pick(EXCHANGE.MAIN, 'mainR1', false, payloads('KE', 'Nonce'))).toHaveProperty('run');
    expect(pick(EXCHANGE.MAIN, 'mainR1', true, payloads('KE', 'Nonce'))).toEqual({
      missing: 'to answer with our key: encrypted',
    });
    expect(pick(EXCHANGE.MAIN, 'mainR2', false, payloads('ID', 'HASH'))).toHaveProperty('missing');
    expect(pick(EXCHANGE.INFORMATIONAL, 'established', false, payloads('HASH'))).toHaveProperty('missing');
  });

  test('nothing missing, nothing twice, nothing of another exchange', () => {
    expect(pick(EXCHANGE.MAIN, 'mainR1', false, payloads('KE'))).toEqual({
      missing: 'to answer with our key: no Nonce',
    });
    expect(pick(EXCHANGE.MAIN, 'mainR1', false, payloads('KE', 'KE', 'Nonce'))).toEqual({
      missing: 'to answer with our key: 2 times KE',
    });
    expect(pick(EXCHANGE.AGGRESSIVE, 'mainR1', false, payloads('KE', 'Nonce'))).toEqual({
      missing: 'no such exchange in this state',
    });
    expect(pick(EXCHANGE.TRANSACTION, 'established', true, payloads('HASH'))).toHaveProperty('missing');
  });
});
