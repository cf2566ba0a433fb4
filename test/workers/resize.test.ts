/** More helpers, fewer, none: whatever changes, every job is done, and once. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Job, JobResult } from '../../src/ike/crypto/job.ts';
import { KeyShelf } from '../../src/ike/crypto/signature/key-shelf.ts';
import { SCHEMES } from '../../src/ike/crypto/signature/scheme.ts';
import { HelperPool } from '../../src/workers/pool.ts';

const make: Job = { op: 'ke.make', group: 31 };
const ED25519 = SCHEMES.find(({ name }) => /ed25519/i.test(name))!;
const opened: HelperPool[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
});

/** A pool that notes which ids were answered, how often, and calls `then` at each. */
function pool(nhelpers: number, then: (pool: HelperPool, answered: number) => void = () => {}) {
  const answers = new Map<number, JobResult[]>();
  let count = 0;
  const waiting: { count: number; resolve(): void }[] = [];
  const helpers: HelperPool = new HelperPool({
    nhelpers,
    keys: new KeyShelf(),
    onDone: (id, result) => {
      const known = answers.get(id);
      if (known) known.push(result);
      else answers.set(id, [result]);
      count++;
      then(helpers, count);
      for (const w of waiting) if (count >= w.count) w.resolve();
    },
  });
  opened.push(helpers);
  const answered = (want: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ count: want, resolve });
      if (count >= want) resolve();
    });
  return { helpers, answers, answered };
}

describe.each([
  [0, 1],
  [1, 0],
  [1, 3],
  [3, 1],
])('from %i to %i', (from, to) => {
  test('jobs waiting and running are done by those who have them, and new ones by the new', async () => {
    const { helpers, answers, answered } = pool(from);
    await helpers.ready;
    for (let id = 0; id < 60; id++) helpers.submit(id, make);
    const change = helpers.resize(to);
    expect(change).toBeDefined();
    // While it is under way, too.
    for (let id = 60; id < 120; id++) helpers.submit(id, make);
    await change;
    expect(helpers.threads).toBe(to);
    for (let id = 120; id < 180; id++) helpers.submit(id, make);
    await answered(180);
    expect(answers.size).toBe(180);
    expect([...answers.values()].every(([result, ...more]) => result.ok && more.length === 0)).toBe(true);
    expect(helpers.stats().get('ke.make')).toMatchObject({ count: 180, failed: 0, queued: 0, refused: 0 });
    expect(helpers.helpers().length).toBe(to);
    expect(helpers.queued).toBe(0);
  });
});

test('jobs that follow from answers go on through one change after another', async () => {
  const total = 400;
  let submitted = 0;
  const next = (helpers: HelperPool) => {
    if (submitted < total) helpers.submit(submitted++, make);
  };
  const { helpers, answers, answered } = pool(1, next);
  for (let i = 0; i < 8; i++) next(helpers);
  for (const nhelpers of [2, 0, 1, 3, 0]) await helpers.resize(nhelpers);
  await answered(total);
  expect(answers.size).toBe(total);
  expect([...answers.values()].flat().every((result) => result.ok)).toBe(true);
});

test('one change at a time: a second is refused, and nothing of it happens', async () => {
  const { helpers } = pool(0);
  const first = helpers.resize(1);
  expect(helpers.resize(2)).toBeUndefined();
  await first;
  expect(helpers.threads).toBe(1);
});

test('closed in the midst of a change, all threads are gone', async () => {
  const { helpers } = pool(1);
  const change = helpers.resize(2);
  await helpers.close();
  await change;
  expect(helpers.resize(1)).toBeUndefined();
  expect(helpers.submit(1, make)).toBe(false);
});

test('keys put on the shelf after the change reach the new helpers', async () => {
  const { generateKeyPairSync } = await import('node:crypto');
  const results: JobResult[] = [];
  let told: () => void = () => {};
  const keys = new KeyShelf();
  const helpers = new HelperPool({
    nhelpers: 0,
    keys,
    onDone: (_, result) => {
      results.push(result);
      told();
    },
  });
  opened.push(helpers);
  const put = () => keys.put(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }));
  const before = put();
  await helpers.resize(1);
  const after = put();
  for (const [id, key] of [before, after].entries()) {
    const answered = new Promise<void>((resolve) => {
      told = resolve;
    });
    helpers.submit(id, { op: 'sign', key: key as number, scheme: ED25519.code, octets: new Uint8Array(32) });
    await answered;
  }
  expect(results.map(({ ok }) => ok)).toEqual([true, true]);
});
