import { afterEach, describe, expect, test } from 'vitest';
import type { Job, JobResult } from '../../src/ike/crypto/job.ts';
import { HelperPool, type HelperPoolOptions, helperThreads, isSplit } from '../../src/workers/pool.ts';
import { DEADLY } from './mortal.ts';

const make: Job = { op: 'ke.make', group: 31 };
const deadly: Job = { op: 'ke.make', group: DEADLY };

/** A pool that notes its answers and tells when there are so many. */
function pool(options: Partial<HelperPoolOptions>) {
  const done: [number, JobResult][] = [];
  let awaited: { count: number; resolve(): void } | undefined;
  const onDone = (id: number, result: JobResult) => {
    done.push([id, result]);
    if (awaited && done.length >= awaited.count) awaited.resolve();
  };
  const helpers = new HelperPool({ nhelpers: 1, onDone, ...options });
  opened.push(helpers);
  const answers = (count: number) =>
    new Promise<void>((resolve) => {
      awaited = { count, resolve };
      if (done.length >= count) resolve();
    });
  return { helpers, done, answers, ids: () => done.map(([id]) => id) };
}

/** Also those that are added meanwhile. */
function runAll(turns: readonly (() => void)[]): void {
  for (const turn of turns) turn();
}

const opened: HelperPool[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((helpers) => helpers.close()));
});

test("--nhelpers: a number, or libreswan's rule", () => {
  expect([1, 2, 3, 4, 8].map((cpus) => helperThreads(-1, cpus))).toEqual([1, 2, 3, 3, 7]);
  expect([helperThreads(0, 8), helperThreads(5, 2)]).toEqual([0, 5]);
});

test('brief jobs stay here where processors are few, and nobody has said how many helpers there are to be', async () => {
  expect([1, 2, 3, 8].map((cpus) => isSplit(-1, cpus))).toEqual([true, true, false, false]);
  expect([isSplit(0, 2), isSplit(2, 2)]).toEqual([false, false]);
  const turns: (() => void)[] = [];
  const { helpers, answers, ids } = pool({ nhelpers: -1, cpus: 1, defer: (run) => void turns.push(run) });
  const dear: Job = { op: 'ke.make', group: 16 };
  for (const [id, job] of [dear, make, { op: 'ke.make', group: 14 }, dear].entries()) helpers.submit(id, job as Job);
  expect(turns).toHaveLength(1);
  await answers(2);
  expect(ids()).toEqual([0, 3]);
  runAll(turns);
  expect(ids()).toEqual([0, 3, 1, 2]);
  expect(helpers.stats().get('ke.make')).toMatchObject({ count: 4, queued: 0 });
});

test('jobs that can wait come after those that cannot, and leave them a quarter of the queue', async () => {
  const turns: (() => void)[] = [];
  const { helpers, ids } = pool({ nhelpers: 0, maxJobs: 8, defer: (run) => void turns.push(run) });
  const taken = Array.from({ length: 8 }, (_, id) => helpers.submit(id, make, true));
  expect(taken).toEqual([true, true, true, true, true, true, false, false]);
  expect([10, 11, 12].map((id) => helpers.submit(id, make))).toEqual([true, true, false]);
  runAll(turns);
  expect(ids()).toEqual([10, 11, 0, 1, 2, 3, 4, 5]);
});

test('what cannot wait passes by thousands of those that can, also on its way to a thread', async () => {
  const { helpers, answers, ids } = pool({ nhelpers: 1 });
  await helpers.ready;
  for (let id = 0; id < 400; id++) helpers.submit(id, make, true);
  helpers.submit(1_000, make);
  await answers(401);
  // Behind what was in the threads' hands already.
  expect(ids().indexOf(1_000)).toBeLessThan(64);
});

test('how far helpers are behind is the age of the oldest job', () => {
  let now = 0;
  const turns: (() => void)[] = [];
  const { helpers } = pool({ nhelpers: 0, now: () => now, defer: (run) => void turns.push(run) });
  expect(helpers.behind).toBe(0);
  helpers.submit(1, make, true);
  now = 700;
  helpers.submit(2, make);
  expect(helpers.behind).toBe(700);
  runAll(turns);
  expect(helpers.behind).toBe(0);
});

/** The same promises whether threads do the work or this one. */
describe.each([
  ['in a thread', 1, { nhelpers: 1 }],
  ['inline', 0, { nhelpers: 0 }],
  ['in both', 2, { nhelpers: -1, cpus: 2 }],
])('%s', (_, threads, how) => {
  test('a job is done and answered under its id, never from within submit', async () => {
    const { helpers, done, answers } = pool(how);
    expect(helpers.threads).toBe(threads);
    expect(helpers.submit(7, make)).toBe(true);
    expect(done).toEqual([]);
    await answers(1);
    expect(done).toMatchObject([[7, { ok: true, op: 'ke.make' }]]);
  });

  test('a whole exchange: both sides have the same keys', async () => {
    const { helpers, done, answers } = pool(how);
    const common = { group: 19, prf: 5, encr: 12, encrBits: 128, integ: 12 };
    const nonces = { ni: new Uint8Array(32).fill(1), nr: new Uint8Array(32).fill(2), spis: new Uint8Array(16) };
    helpers.submit(1, { op: 'ke.make', group: 19 });
    await answers(1);
    const made = done[0][1];
    if (!made.ok || made.op !== 'ke.make') throw new Error('no pair');
    helpers.submit(2, { op: 'ike.keys', ...common, ...nonces, theirs: made.public });
    await answers(2);
    const answered = done[1][1];
    if (!answered.ok || answered.op !== 'ike.keys' || !answered.public) throw new Error('no answer');
    helpers.submit(3, { op: 'ike.keys', ...common, ...nonces, mine: made.private, theirs: answered.public });
    await answers(3);
    expect(done[2][1]).toEqual({ ok: true, op: 'ike.keys', keys: answered.keys });
    expect(made.private.every((octet) => octet === 0)).toBe(true);
  });

  test('a failure is a value', async () => {
    const { helpers, done, answers } = pool(how);
    helpers.submit(1, { op: 'ke.make', group: 33 });
    await answers(1);
    expect(done).toEqual([[1, { ok: false, why: 'unsupported', detail: 'key exchange method 33' }]]);
  });

  test('a full queue refuses, and takes again when it has emptied', async () => {
    const { helpers, answers, ids } = pool({ ...how, maxJobs: 2 });
    expect([1, 2, 3].map((id) => helpers.submit(id, make))).toEqual([true, true, false]);
    await answers(2);
    expect(helpers.submit(4, make)).toBe(true);
    await answers(3);
    expect(ids()).toEqual([1, 2, 4]);
    expect(helpers.stats().get('ke.make')).toMatchObject({ count: 3, queued: 0, failed: 0, refused: 1, dropped: 0 });
  });

  test('a forgotten job is answered to nobody, even when its id lives on', async () => {
    const { helpers, done, answers } = pool(how);
    helpers.submit(1, make);
    helpers.forget(1);
    helpers.submit(1, { op: 'ke.make', group: 33 });
    helpers.submit(2, make);
    await answers(2);
    expect(done.toSorted(([a], [b]) => a - b)).toMatchObject([
      [1, { ok: false }],
      [2, { ok: true }],
    ]);
    expect(helpers.stats().get('ke.make')).toMatchObject({ count: 3, failed: 1, dropped: 1 });
  });

  test('an id that is awaited cannot be given twice', () => {
    const { helpers } = pool(how);
    helpers.submit(1, make);
    expect(() => helpers.submit(1, make)).toThrow('still awaited');
  });

  test('after close nothing is taken and nothing is answered', async () => {
    const { helpers, done } = pool(how);
    helpers.submit(1, make);
    await helpers.close();
    expect(helpers.submit(2, make)).toBe(false);
    await new Promise(setImmediate);
    expect(done).toEqual([]);
  });
});

test('times are counted by family', async () => {
  const { helpers, answers } = pool({});
  helpers.submit(1, { op: 'ke.make', group: 16 });
  helpers.submit(2, { op: 'ke.make', group: 16 });
  await answers(2);
  const family = helpers.stats().get('ke.make')!;
  expect(family.count).toBe(2);
  expect(family.runMs).toBeGreaterThan(0);
  expect(family.queueMs).toBeGreaterThan(0);
  expect(helpers.stats().has('ike.keys')).toBe(false);
});

test('inline, what a slice has no time for is left to the next turn', () => {
  const turns: (() => void)[] = [];
  let ms = 0;
  // Whoever looks at the clock finds it a millisecond later.
  const { helpers, ids } = pool({ nhelpers: 0, defer: (run) => void turns.push(run), now: () => ms++ });
  for (const id of [1, 2, 3]) helpers.submit(id, make);
  expect(turns).toHaveLength(1);
  turns[0]();
  expect(ids()).toEqual([1, 2]);
  expect(turns).toHaveLength(2);
  turns[1]();
  expect(ids()).toEqual([1, 2, 3]);
  expect(turns).toHaveLength(2);
  expect(helpers.stats().get('ke.make')).toMatchObject({ count: 3, queued: 0 });
});

test("a helper's death costs the jobs it held, and no other", async () => {
  const mortal = new URL('./mortal.ts', import.meta.url);
  const { helpers, done, answers } = pool({ worker: mortal });
  await helpers.ready;
  helpers.submit(0, deadly);
  for (let id = 1; id < 20; id++) helpers.submit(id, make);
  await answers(20);
  const failed = done.filter(([, result]) => !result.ok).map(([id]) => id);
  // Two tasks of eight.
  expect(failed.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, id) => id));
  expect(done.find(([id]) => id === 0)![1]).toMatchObject({ ok: false, why: 'failed' });
  expect(helpers.stats().get('ke.make')).toMatchObject({ count: 20, failed: 16, queued: 0 });
});
