import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job, JobResult } from '../../src/ike/crypto/job.ts';
import { bundle, flattenJob, flattenResult, unbundle, unflattenJob, unflattenResult } from '../../src/workers/flat.ts';

const octets = fc.uint8Array({ maxLength: 1100 });
const id = fc.nat(65535);
const maybe = <K extends string, T>(key: K, value: fc.Arbitrary<T>) =>
  fc.option(value).map((v) => (v === null ? {} : { [key]: v }) as { [P in K]?: T });

const job: fc.Arbitrary<Job> = fc.oneof(
  fc.record({ op: fc.constant('ke.make' as const), group: id }),
  fc
    .tuple(
      fc.record({
        ...{ op: fc.constant('ike.keys' as const), group: id, prf: id, encr: id, encrBits: id, integ: id },
        ...{ theirs: octets, ni: octets, nr: octets, spis: octets },
      }),
      maybe('mine', octets),
      maybe('rekey', fc.record({ prf: id, skD: octets })),
      maybe('earlier', fc.record({ first: octets, more: octets })),
    )
    .map(([a, b, c, d]) => ({ ...a, ...b, ...c, ...d })),
  fc
    .tuple(fc.record({ op: fc.constant('ke.mix' as const), group: id, theirs: octets }), maybe('mine', octets))
    .map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      fc.record({
        ...{ op: fc.constant('child.keys' as const), group: id, prf: id, octets: id },
        ...{ theirs: octets, skD: octets, ni: octets, nr: octets },
      }),
      maybe('mine', octets),
      maybe('earlier', fc.record({ first: octets, more: octets })),
    )
    .map(([a, b, c]) => ({ ...a, ...b, ...c })),
  fc.record({ op: fc.constant('sign' as const), key: fc.nat(0x7fffffff), scheme: id, octets }),
  fc.record({ op: fc.constant('verify' as const), spki: octets, scheme: id, octets, signature: octets }),
  fc.record({
    ...{ op: fc.constant('auth.check' as const), scheme: id, octets, signature: octets, id: octets },
    ...{ spkis: fc.array(octets), certs: fc.array(octets), ocsps: fc.array(octets) },
    ...{ at: fc.nat(0xffffffff), flags: id, ocspUri: fc.option(octets, { nil: undefined }) },
    sign: fc.option(fc.record({ key: fc.nat(0x7fffffff), scheme: id, octets }), { nil: undefined }),
  }),
);

const want = fc
  .tuple(
    fc.record({
      ...{ kind: fc.constantFrom('crl' as const, 'ocsp' as const), about: octets },
      urls: fc.array(fc.string({ unit: 'grapheme' })),
    }),
    maybe('request', octets),
  )
  .map(([a, b]) => ({ ...a, ...b }));

const result: fc.Arbitrary<JobResult> = fc.oneof(
  fc.record({ ok: fc.constant(true as const), op: fc.constant('ke.make' as const), public: octets, private: octets }),
  fc
    .tuple(
      fc.record({ ok: fc.constant(true as const), op: fc.constant('ke.mix' as const), shared: octets }),
      maybe('public', octets),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      fc.record({ ok: fc.constant(true as const), op: fc.constant('ike.keys' as const), keys: octets }),
      maybe('public', octets),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc
    .tuple(
      fc.record({ ok: fc.constant(true as const), op: fc.constant('child.keys' as const), keymat: octets }),
      maybe('public', octets),
    )
    .map(([a, b]) => ({ ...a, ...b })),
  fc.record({ ok: fc.constant(true as const), op: fc.constant('sign' as const), auth: octets }),
  fc.record({ ok: fc.constant(true as const), op: fc.constant('verify' as const) }),
  fc.record({
    ...{ ok: fc.constant(true as const), op: fc.constant('auth.check' as const), names: fc.array(octets) },
    ...{ wants: fc.array(want), auth: fc.option(octets, { nil: undefined }) },
  }),
  fc.record({
    ok: fc.constant(false as const),
    why: fc.constantFrom('bad-public-value', 'bad-signature', 'bad-certificate', 'certificate-name', 'failed'),
    detail: fc.string({ unit: 'grapheme' }),
  }),
);

describe('what crosses between threads arrives as it was', () => {
  test('jobs', () => {
    fc.assert(
      fc.property(job, (job) => {
        expect(unflattenJob(flattenJob(job))).toEqual(job);
      }),
    );
  });

  test('results, with the time they took', () => {
    fc.assert(
      fc.property(result, fc.nat(10_000_000), (result, micros) => {
        expect(unflattenResult(flattenResult(result, micros / 1000))).toEqual({ result, runMs: micros / 1000 });
      }),
    );
  });

  test('an empty field is not an absent one', () => {
    const job: Job = { op: 'child.keys', group: 1, prf: 2, octets: 3, ...empty(), mine: new Uint8Array() };
    expect(unflattenJob(flattenJob(job))).toHaveProperty('mine');
    const { mine: _, ...responder } = job;
    expect(unflattenJob(flattenJob(responder))).not.toHaveProperty('mine');
  });
});

test('a bundle gives its parts back, however many and however short, and leaves none of their octets behind', () => {
  fc.assert(
    fc.property(fc.array(octets), (parts) => {
      const copies = parts.map((part) => part.slice());
      expect(unbundle(bundle(parts))).toEqual(copies);
      expect(parts.every((part) => part.every((octet) => octet === 0))).toBe(true);
    }),
  );
});

test('a result is taken out of the flat octets, which are wiped', () => {
  const flat = flattenResult({ ok: true, op: 'ke.make', public: Uint8Array.of(1), private: Uint8Array.of(2) }, 1);
  const { result } = unflattenResult(flat);
  expect(flat.every((octet) => octet === 0)).toBe(true);
  expect(result).toMatchObject({ private: Uint8Array.of(2) });
});

test('an unknown code is our own bug', () => {
  expect(() => unflattenJob(Uint8Array.of(77, 0))).toThrow(RangeError);
  expect(() => unflattenResult(Uint8Array.of(77, 0))).toThrow(RangeError);
});

function empty() {
  return { theirs: new Uint8Array(), skD: new Uint8Array(), ni: new Uint8Array(), nr: new Uint8Array() };
}
