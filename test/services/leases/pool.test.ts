import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { type Lease, Pool } from '../../../src/services/leases/pool.ts';
import { range } from './ranges.ts';

const text = (lease: Lease | undefined) => lease && `${lease.address}`;
const take = (pool: Pool, identity = '', now = 0) => pool.take(identity, now, true);

test('addresses are handed out in turn, and each once', () => {
  const pool = new Pool(range('10.9.0.2-10.9.0.4'));
  expect(['a', 'b', 'c', 'd'].map((who) => text(take(pool, who)))).toEqual([
    '10.9.0.2',
    '10.9.0.3',
    '10.9.0.4',
    undefined,
  ]);
  expect(pool.inUse).toBe(3);
});

describe('an identity', () => {
  test('gets its address back while nobody else has it', () => {
    const pool = new Pool(range('10.9.0.2-10.9.0.9'));
    const [a] = [take(pool, 'a'), take(pool, 'b')];
    pool.give(a!, 0);
    expect(text(take(pool, 'c'))).toBe('10.9.0.4');
    expect(text(take(pool, 'a'))).toBe('10.9.0.2');
  });

  test('loses it when there is no other, the one that has been away longest first', () => {
    const pool = new Pool(range('10.9.0.2-10.9.0.4'));
    const all = ['a', 'b', 'c'].map((who) => take(pool, who)!);
    for (const lease of [all[1], all[0], all[2]]) pool.give(lease, 0);
    expect(pool.reusable).toBe(3);
    expect(text(take(pool, 'd'))).toBe('10.9.0.3');
    expect(pool.knows('b')).toBe(false);
    expect(text(take(pool, 'b'))).toBe('10.9.0.2');
  });

  test('shares it with itself, and it is free when the last has gone', () => {
    const pool = new Pool(range('10.9.0.2-10.9.0.3'));
    const [one, two] = [take(pool, 'a')!, take(pool, 'a')!];
    expect(one).toBe(two);
    pool.give(one, 0);
    expect(pool.inUse).toBe(1);
    pool.give(two, 0);
    expect(pool.inUse).toBe(0);
  });

  test('has two where it does not share, and only the first is kept for it', () => {
    const pool = new Pool(range('10.9.0.2-10.9.0.9'));
    const [one, two] = [pool.take('a', 0, false)!, pool.take('a', 0, false)!];
    expect([text(one), text(two)]).toEqual(['10.9.0.2', '10.9.0.3']);
    pool.give(two, 0);
    pool.give(one, 0);
    expect(pool.reusable).toBe(1);
    expect(text(pool.take('a', 0, false))).toBe('10.9.0.2');
    expect(text(pool.take('b', 0, false))).toBe('10.9.0.3');
  });
});

test('nobody in particular gets nothing back, and what it had goes first', () => {
  const pool = new Pool(range('10.9.0.2-10.9.0.9'));
  const lease = take(pool)!;
  take(pool);
  pool.give(lease, 0);
  expect(pool.reusable).toBe(0);
  expect(text(take(pool, 'a'))).toBe('10.9.0.2');
});

test('what a peer may think that it has is kept from others for a while, and not from itself', () => {
  const pool = new Pool(range('10.9.0.2-10.9.0.3'));
  const [a, b] = [take(pool, 'a')!, take(pool, 'b')!];
  pool.give(a, 1_000);
  pool.give(b, 2_000);
  expect(take(pool, 'c', 999)).toBeUndefined();
  expect(text(take(pool, 'b', 999))).toBe('10.9.0.3');
  expect(text(take(pool, 'c', 1_000))).toBe('10.9.0.2');
});

describe('an address of its own', () => {
  const pool = () => new Pool(range('10.9.0.0-10.9.0.255'));
  const address = Address.parse('10.9.0.77')!;

  test('is given, and handed out to nobody else', () => {
    const it = pool();
    expect(text(it.claim(address, 'a', 0, true))).toBe('10.9.0.77');
    const others = Array.from({ length: 255 }, () => text(take(it)));
    expect(others).not.toContain('10.9.0.77');
    expect(take(it)).toBeUndefined();
  });

  test('is refused while somebody else has it, or may think so', () => {
    const it = pool();
    const lease = it.claim(address, 'a', 0, true)!;
    expect(it.claim(address, 'b', 0, true)).toBeUndefined();
    expect(it.claim(address, '', 0, true)).toBeUndefined();
    it.give(lease, 1_000);
    expect(it.claim(address, 'b', 999, true)).toBeUndefined();
    expect(text(it.claim(address, 'b', 1_000, true))).toBe('10.9.0.77');
  });

  test('takes the place of the one that was kept for it', () => {
    const it = pool();
    it.give(take(it, 'a')!, 0);
    it.give(it.claim(address, 'a', 0, true)!, 0);
    expect(text(take(it, 'a'))).toBe('10.9.0.77');
    expect(text(take(it, 'b'))).toBe('10.9.0.0');
  });
});

describe('large pools', () => {
  test('of 16 million, and of 2^80: what nobody has had costs nothing', () => {
    for (const [of, third] of [
      ['10.0.0.0-10.255.255.255', '10.0.0.2'],
      ['2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff', '2001:db8::2'],
    ]) {
      const pool = new Pool(range(of));
      const leases = ['a', 'b', 'c'].map((who) => take(pool, who)!);
      expect(text(leases[2])).toBe(third);
      expect(pool.known).toBe(3);
    }
  });

  test('an address at the far end of 2^80', () => {
    const pool = new Pool(range('2001:db8::-2001:db8:0:ffff:ffff:ffff:ffff:ffff'));
    const last = Address.parse('2001:db8:0:ffff:ffff:ffff:ffff:ffff')!;
    expect(text(pool.claim(last, 'a', 0, true))).toBe(`${last}`);
    expect(pool.claim(last, 'b', 0, true)).toBeUndefined();
  });

  test('those who are nobody come and go, and leave nothing behind', () => {
    const pool = new Pool(range('10.0.0.0-10.255.255.255'));
    for (let i = 0; i < 10_000; i++) pool.give(take(pool)!, 0);
    expect(pool.known).toBe(1);
  });
});

type Act =
  | { readonly t: 'take'; readonly who: string }
  | { readonly t: 'claim'; readonly who: string; readonly host: number }
  | { readonly t: 'give'; readonly which: number; readonly isKnown: boolean }
  | { readonly t: 'wait'; readonly ms: number };

const who = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f');
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ t: fc.constant('take' as const), who }) },
  fc.record({ t: fc.constant('claim' as const), who, host: fc.nat(5) }),
  { weight: 3, arbitrary: fc.record({ t: fc.constant('give' as const), which: fc.nat(20), isKnown: fc.boolean() }) },
  fc.record({ t: fc.constant('wait' as const), ms: fc.nat(15) }),
);

/** Who may hold an address as far as the world can know, held against what the pool says. */
test('whatever happens, nobody is given what another has, or may think that it has', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), fc.boolean(), (acts, shares) => {
      const pool = new Pool(range('10.9.0.0-10.9.0.5'));
      const using: { readonly lease: Lease; readonly who: string }[] = [];
      const lingering = new Map<string, { readonly who: string; readonly until: number }>();
      let now = 0;
      const got = (lease: Lease | undefined, name: string) => {
        if (!lease) return;
        const at = `${lease.address}`;
        for (const other of using)
          if (other.lease === lease && (!shares || name === '' || other.who !== name)) throw new Error(`${at} twice`);
        const former = lingering.get(at);
        if (former && former.until > now && (name === '' || former.who !== name)) throw new Error(`${at} too early`);
        using.push({ lease, who: name });
      };
      for (const one of acts) {
        if (one.t === 'wait') now += one.ms;
        if (one.t === 'take') got(pool.take(one.who, now, shares), one.who);
        if (one.t === 'claim') got(pool.claim(Address.parse(`10.9.0.${one.host}`)!, one.who, now, shares), one.who);
        if (one.t === 'give' && using.length > 0) {
          const [{ lease, who: name }] = using.splice(one.which % using.length, 1);
          const until = one.isKnown ? 0 : now + 10;
          if (lease.users === 1) lingering.set(`${lease.address}`, { who: name, until });
          pool.give(lease, until);
        }
        const distinct = new Set(using.map(({ lease }) => lease));
        expect(pool.inUse).toBe(distinct.size);
        expect(new Set([...pool.leases()].map((lease) => `${lease.address}`)).size).toBe(pool.known);
      }
    }),
    { numRuns: 300 },
  );
});

test('a pool is not exhausted while an address is free', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(who, fc.boolean()), { maxLength: 60 }), (acts) => {
      const pool = new Pool(range('10.9.0.0-10.9.0.5'));
      const using: Lease[] = [];
      for (const [name, isTaking] of acts) {
        if (isTaking) {
          const lease = pool.take(name, 0, false);
          if (!lease && pool.inUse < 6) throw new Error('none is given');
          if (lease) using.push(lease);
        } else if (using.length > 0) pool.give(using.shift()!, 0);
      }
    }),
  );
});
