/** The table itself: complete, reachable, timed, and what runs. */
import { expect, test } from 'vitest';
import type { IkeState } from '../../../src/ike/v2/ike-sa.ts';
import { ASKED_IN, EXITS, edges, MOVES, pick, TRANSITIONS } from '../../../src/ike/v2/transitions.ts';
import { EXCHANGE, NOTIFY } from '../../../src/ike/wire/index.ts';

const STATES = Object.keys(EXITS) as IkeState[];

test('every state is reachable from idle', () => {
  const seen = new Set<IkeState>(['idle']);
  for (let size = 0; size !== seen.size; ) {
    size = seen.size;
    for (const { from, to } of edges()) if (seen.has(from)) seen.add(to);
  }
  expect([...seen].toSorted()).toEqual(STATES.toSorted());
});

test('from every state there is a way to the end, and a timer that forces it', () => {
  for (const state of STATES.filter((s) => s !== 'dead')) {
    expect(
      edges().some((e) => e.from === state && e.to === 'dead'),
      state,
    ).toBe(true);
    if (state !== 'idle') expect(EXITS[state].length, state).toBeGreaterThan(0);
  }
  expect(edges().filter((e) => e.from === 'dead')).toEqual([]);
});

test('no story is told twice', () => {
  const stories = [...TRANSITIONS, ...MOVES].map((row) => row.story);
  expect(new Set(stories).size).toBe(stories.length);
});

test('no row is hidden behind an earlier one', () => {
  for (const [i, row] of TRANSITIONS.entries()) {
    const wide = TRANSITIONS.slice(0, i).find(
      (other) =>
        other.exchange === row.exchange &&
        other.response === row.response &&
        (row.request ?? []).every((state) => other.request?.includes(state)) &&
        other.need.every((type) => row.need.includes(type)) &&
        (other.notify === undefined || other.notify === row.notify) &&
        (other.without ?? []).every((type) => row.without?.includes(type)),
    );
    expect(wide?.story, `hides "${row.story}"`).toBeUndefined();
  }
});

test('every kind of answer is awaited somewhere, and taken', () => {
  for (const kind of Object.keys(ASKED_IN)) {
    expect(
      TRANSITIONS.some((row) => row.response === kind),
      kind,
    ).toBe(true);
  }
});

test('what no row takes is told by what it misses', () => {
  const missing = (at: Parameters<typeof pick>[1], exchange: number, ...payloads: Parameters<typeof pick>[2][]) => {
    const row = pick(exchange, at, payloads.flat());
    return 'missing' in row ? row.missing : row.story;
  };
  expect(missing({ state: 'idle' }, EXCHANGE.IKE_SA_INIT)).toBe('to answer IKE_SA_INIT: no SA');
  expect(missing({ state: 'established' }, EXCHANGE.IKE_AUTH)).toBe('no such exchange in this state');
  const nonce = { type: 'Nonce', data: new Uint8Array(32) } as const;
  const sa = { type: 'SA', proposals: [] } as const;
  const ke = { type: 'KE', group: 31, data: new Uint8Array(32) } as const;
  expect(missing({ state: 'idle' }, EXCHANGE.IKE_SA_INIT, [sa, ke, ke, nonce])).toBe(
    'to answer IKE_SA_INIT: 2 times KE',
  );
  const cookie = { type: 'N', protocol: 0, spi: new Uint8Array(), notify: NOTIFY.COOKIE, data: nonce.data } as const;
  expect(missing({ answers: 'init' }, EXCHANGE.IKE_SA_INIT, [cookie])).toBe('peer wants a cookie, ask again');
});
