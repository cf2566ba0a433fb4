/** ML-KEM against the known answers, against another implementation, and against what FIPS 203 §7.2 tells to refuse. */
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import fc from 'fast-check';
import { MlKem512, MlKem768, MlKem1024 } from 'mlkem';
import { describe, expect, test } from 'vitest';
import { GROUPS, groupByName } from '../../../src/ike/crypto/algorithms.ts';
import { makeKey, meet, sharedSecret } from '../../../src/ike/crypto/dh.ts';
import { fixture, hex, toHex } from './fixtures.ts';

interface Row {
  readonly name: string;
  readonly method: keyof typeof OURS;
  /** d | z, FIPS 203 §7.1. */
  readonly seed: string;
  readonly message: string;
  readonly pub_i: string;
  readonly pub_r: string;
  readonly shared: string;
}

const OURS = { ML_KEM_512: ml_kem512, ML_KEM_768: ml_kem768, ML_KEM_1024: ml_kem1024 };
const OTHERS = { ML_KEM_512: MlKem512, ML_KEM_768: MlKem768, ML_KEM_1024: MlKem1024 };
const kems = GROUPS.filter((group) => group.isKem);

describe('known answers', () => {
  test.each(fixture<Row[]>('ml-kem').map((row) => [row.name, row] as const))('%s', (_, row) => {
    const group = groupByName(row.method)!;
    const { publicKey, secretKey } = OURS[row.method].keygen(hex(row.seed));
    expect(toHex(publicKey)).toBe(row.pub_i);
    const { cipherText, sharedSecret: shared } = OURS[row.method].encapsulate(publicKey, hex(row.message));
    expect([toHex(cipherText), toHex(shared)]).toEqual([row.pub_r, row.shared]);
    const mixed = sharedSecret(group, secretKey, hex(row.pub_r));
    expect(mixed.ok && toHex(mixed.shared)).toBe(row.shared);
  });
});

describe.each(kems)('$name', (group) => {
  const other = new OTHERS[group.name as keyof typeof OTHERS]();

  test('another implementation answers our key, and we its', async () => {
    const mine = makeKey(group);
    const [cipherText, secret] = await other.encap(mine.public);
    const mixed = sharedSecret(group, mine.private, cipherText);
    expect(mixed.ok && toHex(mixed.shared)).toBe(toHex(secret));
    const [theirPublic, theirPrivate] = await other.generateKeyPair();
    const met = meet(group, theirPublic);
    expect(met.ok && toHex(met.shared)).toBe(met.ok && toHex(await other.decap(met.public, theirPrivate)));
  });

  test('lengths are those of FIPS 203 §8, and no others are taken', () => {
    const mine = makeKey(group);
    const met = meet(group, mine.public);
    expect([mine.public.length, met.ok && met.public.length]).toEqual([group.publicOctets, group.answerOctets]);
    const refused = { ok: false, why: 'bad-public-value' };
    for (const octets of [0, group.publicOctets - 1, group.publicOctets + 1])
      expect(meet(group, new Uint8Array(octets))).toMatchObject(refused);
    for (const octets of [0, group.answerOctets - 1, group.answerOctets + 1])
      expect(sharedSecret(group, mine.private, new Uint8Array(octets))).toMatchObject(refused);
  });

  test('a key with a coefficient that is not below q is refused, wherever it stands', () => {
    const { public: good } = makeKey(group);
    const coefficients = ((group.publicOctets - 32) / 3) * 2;
    fc.assert(
      fc.property(fc.nat(coefficients - 1), fc.integer({ min: 3329, max: 4095 }), (index, value) => {
        const bad = Uint8Array.from(good);
        const at = (index >> 1) * 3;
        if (index % 2 === 0) {
          bad[at] = value & 255;
          bad[at + 1] = (bad[at + 1] & 0xf0) | (value >> 8);
        } else {
          bad[at + 1] = (bad[at + 1] & 0x0f) | ((value & 15) << 4);
          bad[at + 2] = value >> 4;
        }
        expect(meet(group, bad)).toMatchObject({ ok: false, why: 'bad-public-value' });
      }),
      { numRuns: 60 },
    );
    expect(meet(group, good).ok).toBe(true);
  });

  test('an altered ciphertext leads to a secret that the other end does not have', () => {
    const mine = makeKey(group);
    const met = meet(group, mine.public);
    if (!met.ok) throw new Error(met.detail);
    const altered = Uint8Array.from(met.public);
    altered[17] ^= 1;
    const mixed = sharedSecret(group, mine.private, altered);
    expect(mixed.ok && toHex(mixed.shared)).not.toBe(toHex(met.shared));
  });
});
