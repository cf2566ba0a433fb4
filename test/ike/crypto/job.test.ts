import { describe, expect, test } from 'vitest';
import { GROUPS, groupById, prfById } from '../../../src/ike/crypto/algorithms.ts';
import { makeKey, sharedSecret } from '../../../src/ike/crypto/dh.ts';
import { type Job, runJob } from '../../../src/ike/crypto/job.ts';
import { childKeymat } from '../../../src/ike/crypto/keys.ts';
import { hex, toHex } from './fixtures.ts';

const [ni, nr] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const spis = new Uint8Array(16).fill(3);
const gcm = { prf: 7, encr: 20, encrBits: 256, integ: 0 };

function make(group: number) {
  const made = runJob({ op: 'ke.make', group });
  if (!made.ok || made.op !== 'ke.make') throw new Error('no pair');
  return made;
}

describe.each(GROUPS.filter((group) => group.id !== 0 && group.id !== 18))('$name', ({ id }) => {
  test('initiator and responder get the same seven keys', () => {
    const mine = make(id);
    const answered = runJob({ op: 'ike.keys', group: id, theirs: mine.public, ni, nr, spis, ...gcm });
    if (!answered.ok || answered.op !== 'ike.keys' || !answered.public) throw new Error('no answer');
    expect(answered.keys).toHaveLength(3 * 64 + 2 * 36);
    const finished = runJob({
      op: 'ike.keys',
      group: id,
      mine: mine.private,
      theirs: answered.public,
      ni,
      nr,
      spis,
      ...gcm,
    });
    expect(finished).toEqual({ ok: true, op: 'ike.keys', keys: answered.keys });
  });
});

test('a child with a key exchange: both sides get the KEYMAT of RFC 7296 §2.17', () => {
  const mine = make(31);
  const skD = new Uint8Array(32).fill(9);
  const common = { group: 31, prf: 5, ni, nr, octets: 72 };
  const answered = runJob({ op: 'child.keys', ...common, theirs: mine.public, skD });
  if (!answered.ok || answered.op !== 'child.keys' || !answered.public) throw new Error('no answer');
  const theirs = answered.public;
  const met = sharedSecret(groupById(31)!, mine.private, theirs);
  expect(met.ok && toHex(childKeymat(prfById(5)!, skD, met.shared, ni, nr, 72))).toBe(toHex(answered.keymat));
  const finished = runJob({ op: 'child.keys', ...common, mine: mine.private, theirs, skD });
  expect(finished).toEqual({ ok: true, op: 'child.keys', keymat: answered.keymat });
});

test('rekeying depends on the old SA', () => {
  const theirs = make(31).public;
  const mine = makeKey(groupById(31)!).private;
  const keys = (rekey?: { prf: number; skD: Uint8Array }) => {
    const job: Job = {
      op: 'ike.keys',
      group: 31,
      mine: mine.slice(),
      theirs,
      ni,
      nr,
      spis,
      ...gcm,
      ...(rekey && { rekey }),
    };
    const result = runJob(job);
    return result.ok && result.op === 'ike.keys' ? toHex(result.keys) : undefined;
  };
  const skD = hex('aa'.repeat(20));
  expect(new Set([keys(), keys({ prf: 2, skD }), keys({ prf: 1, skD }), keys({ prf: 2, skD: hex('ab') })]).size).toBe(
    4,
  );
  expect(keys({ prf: 2, skD })).toBe(keys({ prf: 2, skD }));
});

test('the private key is used up, the SK_d of the living SA is not', () => {
  const mine = make(19);
  const skD = new Uint8Array(32).fill(9);
  runJob({ op: 'child.keys', group: 19, mine: mine.private, theirs: mine.public, prf: 5, skD, ni, nr, octets: 40 });
  expect(mine.private.every((octet) => octet === 0)).toBe(true);
  expect(skD.every((octet) => octet === 9)).toBe(true);
});

describe('refusals are values', () => {
  const job: Job = { op: 'ike.keys', group: 31, theirs: new Uint8Array(32).fill(5), ni, nr, spis, ...gcm };
  test.each([
    ['a bad public value', { ...job, theirs: new Uint8Array(32) }, 'bad-public-value'],
    ['a public value that is too short', { ...job, theirs: new Uint8Array(31) }, 'bad-public-value'],
    ['no group', { ...job, group: 0 }, 'unsupported'],
    ['an unknown group', { ...job, group: 1 }, 'unsupported'],
    ['an unknown PRF', { ...job, prf: 3 }, 'unsupported'],
    ['an unknown cipher', { ...job, encr: 2 }, 'unsupported'],
    ['an unknown MAC', { ...job, integ: 99 }, 'unsupported'],
    ['an unknown old PRF', { ...job, rekey: { prf: 99, skD: ni } }, 'unsupported'],
    ['an unknown group to make', { op: 'ke.make', group: 33 }, 'unsupported'],
    [
      'more than prf+ can give',
      { op: 'child.keys', group: 31, theirs: job.theirs, prf: 5, skD: ni, ni, nr, octets: 9000 },
      'failed',
    ],
  ] as [string, Job, string][])('%s', (_, job, why) => {
    expect(runJob(job)).toMatchObject({ ok: false, why });
  });
});
