/** The key schedule against NIST's answers, and against RFC 2409 written down once more in the plainest way. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encrByName, groupByName, prfByName } from '../../../../src/ike/crypto/algorithms.ts';
import { makeKey } from '../../../../src/ike/crypto/dh.ts';
import { runJob } from '../../../../src/ike/crypto/job.ts';
import { NO_KEYS } from '../../../../src/ike/crypto/signature/key-shelf.ts';
import { IsakmpKeys, isakmpKeyOctets, isakmpKeys, keymat } from '../../../../src/ike/v1/crypto/keys.ts';
import { hex, toHex } from '../../crypto/fixtures.ts';
import { ACVP } from './acvp.ts';

const sha1 = prfByName('sha1')!;
const aes = encrByName('aes')!;

describe("NIST's answers", () => {
  test.each(ACVP)('$name', ({ psk, gxy, ni, nr, cookies, skeyid, d, a, e }) => {
    // SKEYID_e is as long as the hash: an AES key of 128 bits is its first 16 octets.
    const suite = { prf: sha1, encr: aes, encrBits: 128 };
    const shared = hex(gxy);
    const block = isakmpKeys({
      ...suite,
      shared,
      ni: hex(ni),
      nr: hex(nr),
      cookies: hex(cookies),
      psk: psk === undefined ? undefined : hex(psk),
    });
    const keys = new IsakmpKeys(block, suite);
    expect(toHex(keys.skeyid)).toBe(skeyid);
    expect(toHex(keys.skeyidD)).toBe(d);
    expect(toHex(keys.skeyidA)).toBe(a);
    expect(toHex(keys.encr)).toBe(e.slice(0, 32));
  });
});

const plain = (key: Uint8Array, ...chunks: Uint8Array[]) => {
  const mac = createHmac('sha1', key);
  for (const chunk of chunks) mac.update(chunk);
  return Uint8Array.from(mac.digest());
};

test('a cipher that wants more than SKEYID_e has gets K1 | K2 of appendix B', () => {
  const [{ psk, gxy, ni, nr, cookies, e }] = ACVP;
  const suite = { prf: sha1, encr: aes, encrBits: 256 };
  const inputs = { ...suite, shared: hex(gxy), ni: hex(ni), nr: hex(nr), cookies: hex(cookies) };
  const keys = new IsakmpKeys(isakmpKeys({ ...inputs, psk: psk === undefined ? undefined : hex(psk) }), suite);
  const k1 = plain(hex(e), Uint8Array.of(0));
  const k2 = plain(hex(e), k1);
  expect(toHex(keys.encr)).toBe(toHex(Uint8Array.from([...k1, ...k2])).slice(0, 64));
});

test('KEYMAT is fed back, and PFS puts its secret in front', () => {
  const inputs = {
    prf: sha1,
    skeyidD: new Uint8Array(20).fill(1),
    protocol: 3,
    spi: Uint8Array.of(1, 2, 3, 4),
    ni: new Uint8Array(16).fill(2),
    nr: new Uint8Array(16).fill(3),
  };
  for (const shared of [undefined, new Uint8Array(64).fill(4)]) {
    const seed = [shared ?? new Uint8Array(), Uint8Array.of(3), inputs.spi, inputs.ni, inputs.nr];
    const k1 = plain(inputs.skeyidD, ...seed);
    const k2 = plain(inputs.skeyidD, k1, ...seed);
    const k3 = plain(inputs.skeyidD, k2, ...seed);
    const all = Uint8Array.from([...k1, ...k2, ...k3]);
    for (const octets of [16, 20, 36, 52])
      expect(keymat({ ...inputs, shared }, octets)).toEqual(all.subarray(0, octets));
  }
});

test('two helpers agree on the keys, and what they were given is gone', () => {
  const group = groupByName('dh19')!;
  const mine = makeKey(group);
  const theirs = makeKey(group);
  const job = (private_: Uint8Array, public_: Uint8Array) => ({
    op: 'isakmp.keys' as const,
    group: group.id,
    mine: private_,
    theirs: public_,
    ni: new Uint8Array(32).fill(1),
    nr: new Uint8Array(32).fill(2),
    cookies: new Uint8Array(16).fill(3),
    prf: sha1.id,
    encr: aes.id,
    encrBits: 256,
    psk: Uint8Array.from(Buffer.from('swordfish')),
  });
  const [one, other] = [job(mine.private, theirs.public), job(theirs.private, mine.public)];
  const [a, b] = [runJob(one, NO_KEYS), runJob(other, NO_KEYS)];
  expect(a).toEqual(b);
  expect(a.ok && a.op === 'isakmp.keys' && a.keys.length).toBe(
    isakmpKeyOctets({ prf: sha1, encr: aes, encrBits: 256 }),
  );
  expect(one.psk).toEqual(new Uint8Array(9));
  const bad = runJob({ ...job(makeKey(group).private, new Uint8Array(64)) }, NO_KEYS);
  expect(bad).toMatchObject({ ok: false, why: 'bad-public-value' });
  expect(runJob({ ...one, group: 1 }, NO_KEYS)).toMatchObject({ ok: false, why: 'unsupported' });
});
