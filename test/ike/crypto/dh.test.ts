import { getDiffieHellman } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { GROUPS, groupById, groupByName } from '../../../src/ike/crypto/algorithms.ts';
import { makeKey, meet, sharedSecret } from '../../../src/ike/crypto/dh.ts';
import { RFC5114 } from '../../../src/ike/crypto/modp-subgroups.ts';
import { fixture, hex, toHex } from './fixtures.ts';

interface Row {
  readonly name: string;
  readonly method: string;
  /** Both private keys, one after the other. */
  readonly seed: string;
  readonly pub_i: string;
  readonly pub_r: string;
  readonly shared: string;
}

const IDS: Readonly<Record<string, number>> = {
  ...{ MODP_1024_BIT: 2, MODP_1536_BIT: 5, MODP_2048_BIT: 14, MODP_3072_BIT: 15, MODP_4096_BIT: 16 },
  ...{ MODP_6144_BIT: 17, MODP_8192_BIT: 18, ECP_256_BIT: 19, ECP_384_BIT: 20, ECP_521_BIT: 21 },
  ...{ MODP_1024_160: 22, MODP_2048_224: 23, MODP_2048_256: 24, ECP_256_BP: 28, ECP_384_BP: 29, ECP_512_BP: 30 },
  ...{ CURVE_25519: 31, CURVE_448: 32 },
};

const vectors = fixture<Row[]>('key-exchange');
/** KEMs have tests of their own. */
const groups = GROUPS.filter((group) => group.id !== 0 && !group.isKem);

describe('both sides find the known secret', () => {
  test.each(vectors.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const group = groupById(IDS[row.method])!;
    const seed = hex(row.seed);
    const half = seed.length / 2;
    const found = { ok: true, shared: hex(row.shared) };
    expect(plain(sharedSecret(group, seed.subarray(0, half), hex(row.pub_r)))).toEqual(found);
    expect(plain(sharedSecret(group, seed.subarray(half), hex(row.pub_i)))).toEqual(found);
  });

  test('for every group', () => {
    const tested = new Set(vectors.map((row) => IDS[row.method]));
    expect(groups.filter((group) => !tested.has(group.id))).toEqual([]);
  });
});

describe.each(groups)('$name', (group) => {
  test('initiator and responder agree, with values of fixed length', () => {
    const mine = makeKey(group);
    const met = meet(group, mine.public);
    if (!met.ok) throw new Error(met.detail);
    const mixed = sharedSecret(group, mine.private, met.public);
    expect(plain(mixed)).toEqual({ ok: true, shared: Uint8Array.from(met.shared) });
    expect([mine.public.length, met.public.length]).toEqual([group.publicOctets, group.publicOctets]);
    expect(toHex(makeKey(group).public)).not.toBe(toHex(mine.public));
  });

  test('refuses a public value of another length, and one of zeros', () => {
    const mine = makeKey(group);
    const bad = [group.publicOctets - 1, group.publicOctets + 1, 0].map((octets) => new Uint8Array(octets).fill(1));
    for (const theirs of [...bad, new Uint8Array(group.publicOctets)]) {
      expect(sharedSecret(group, mine.private, theirs)).toMatchObject({ ok: false, why: 'bad-public-value' });
      expect(meet(group, theirs)).toMatchObject({ ok: false, why: 'bad-public-value' });
    }
  });
});

describe('public values that RFC 6989 tells to refuse', () => {
  const modp = groups.filter((group) => group.name.startsWith('MODP') || RFC5114[group.id]);
  const refused = (id: number, theirs: Uint8Array) => {
    const group = groupById(id)!;
    const why = { ok: false, why: 'bad-public-value' };
    expect(sharedSecret(group, makeKey(group).private, theirs)).toMatchObject(why);
    expect(meet(group, theirs)).toMatchObject(why);
  };

  test.each(modp)('$name: 1, p-1, p and above', (group) => {
    const octets = group.publicOctets;
    const one = new Uint8Array(octets);
    one[octets - 1] = 1;
    refused(group.id, one);
    refused(group.id, new Uint8Array(octets).fill(0xff));
    const { p } = RFC5114[group.id] ?? { p: toHex(primeOf(group.id)) };
    const prime = hex(p);
    refused(group.id, prime);
    prime[octets - 1] ^= 1;
    refused(group.id, prime);
  });

  test.each([22, 23, 24])('DH%i: outside the subgroup', (id) => {
    // 2 spans more than the subgroup of order q in each of these three groups.
    const two = new Uint8Array(groupById(id)!.publicOctets);
    two[two.length - 1] = 2;
    refused(id, two);
  });

  test.each(groups.filter((group) => group.id >= 19 && group.id <= 30 && !RFC5114[group.id]))(
    '$name: a point off the curve',
    (group) => {
      const off = Uint8Array.from(makeKey(group).public);
      off[off.length - 1] ^= 1;
      refused(group.id, off);
      refused(group.id, new Uint8Array(group.publicOctets).fill(0xff));
    },
  );

  test('curve25519 and curve448: points of small order (RFC 7748 §6)', () => {
    const one = (octets: number) => Uint8Array.from({ length: octets }, (_, i) => (i === 0 ? 1 : 0));
    refused(31, one(32));
    refused(32, one(56));
    refused(31, hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'));
  });
});

test('NONE is no key exchange', () => {
  const none = groupByName('none')!;
  expect(() => makeKey(none)).toThrow(RangeError);
  expect(meet(none, new Uint8Array())).toMatchObject({ ok: false, why: 'unsupported' });
});

/** Node hands out Buffers, which are not equal to a Uint8Array of the same octets. */
function plain(secret: ReturnType<typeof sharedSecret>) {
  return secret.ok ? { ok: true, shared: Uint8Array.from(secret.shared) } : secret;
}

const primeOf = (id: number): Uint8Array => getDiffieHellman(`modp${id}`).getPrime();
