/** RFC 8784 §3 and RFC 9867 §3.1 once more, with HMAC alone. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { encrByName, groupByName, prfByName } from '../../../src/ike/crypto/algorithms.ts';
import { IkeKeys, type IkeSuite, ikeKeyOctets } from '../../../src/ike/crypto/keys.ts';
import { mixedWithPpk, ppkConfirmation, renewedByPpk } from '../../../src/ike/crypto/ppk.ts';

const suite: IkeSuite = {
  encr: encrByName('aes_gcm_16')!,
  encrBits: 256,
  prf: prfByName('sha2_256')!,
  integ: undefined,
  group: groupByName('dh31')!,
};
const octets = (n: number, from: number) => Uint8Array.from({ length: n }, (_, i) => (from + i) & 255);
const ppk = octets(40, 7);
const context = { ni: octets(32, 100), nr: octets(32, 150), spis: octets(16, 200) };
const seed = Buffer.concat([context.ni, context.nr, context.spis]);
const fresh = () => new IkeKeys(octets(ikeKeyOctets(suite), 1), suite);

const hmac = (key: Uint8Array, ...data: Uint8Array[]) => createHmac('sha256', key).update(Buffer.concat(data)).digest();
function plus(key: Uint8Array, data: Uint8Array, length: number): Buffer {
  let [block, all] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (let i = 1; all.length < length; i++) {
    block = hmac(key, block, data, Uint8Array.of(i));
    all = Buffer.concat([all, block]);
  }
  return all.subarray(0, length);
}
const hex = (key: Uint8Array) => Buffer.from(key).toString('hex');
const all = (k: IkeKeys) => [k.skD, k.skAi, k.skAr, k.skEi, k.skEr, k.skPi, k.skPr].map(hex).join('');

test('with IKE_AUTH: SK_d, SK_pi and SK_pr change, and what encrypts stays', () => {
  const keys = fresh();
  const before = all(keys);
  const mixed = mixedWithPpk(suite, keys, ppk);
  for (const name of ['skD', 'skPi', 'skPr'] as const) expect(hex(mixed[name])).toBe(hex(plus(ppk, keys[name], 32)));
  for (const name of ['skEi', 'skEr'] as const) expect(hex(mixed[name])).toBe(hex(keys[name]));
  expect(all(keys)).toBe(before);
});

test('with IKE_INTERMEDIATE: all seven, from prf+(PPK, SK_d)', () => {
  const keys = fresh();
  const skeyseed = plus(ppk, keys.skD, 32);
  expect(all(renewedByPpk(suite, keys, ppk, context))).toBe(hex(plus(skeyseed, seed, ikeKeyOctets(suite))));
});

test('the proof of having it is 8 octets of prf(PPK, Ni | Nr | SPIi | SPIr)', () => {
  expect(hex(ppkConfirmation(suite.prf, ppk, context))).toBe(hex(hmac(ppk, seed).subarray(0, 8)));
});
