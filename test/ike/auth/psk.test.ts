import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { pskAuth } from '../../../src/ike/auth/psk.ts';
import { prfByName } from '../../../src/ike/crypto/algorithms.ts';
import { Id } from '../../../src/net/id.ts';

const alg = prfByName('HMAC_SHA2_256')!;
const octets = (n: number, value: number) => new Uint8Array(n).fill(value);
const signed = { message: octets(300, 1), nonce: octets(32, 2), id: Id.parse('@west')!, skP: octets(32, 3) };
const hmac = (key: Uint8Array, ...chunks: Uint8Array[]) =>
  createHmac('sha256', key).update(Buffer.concat(chunks)).digest();

test('AUTH is what RFC 7296 §2.15 says, word by word', () => {
  const secret = new TextEncoder().encode('swordfish');
  const key = hmac(secret, new TextEncoder().encode('Key Pad for IKEv2'));
  const maced = hmac(signed.skP, Uint8Array.of(2, 0, 0, 0), new TextEncoder().encode('west'));
  const expected = hmac(key, signed.message, signed.nonce, maced);
  expect(Buffer.compare(pskAuth(alg, secret, signed), expected)).toBe(0);
  expect(Buffer.from(secret).toString(), 'the secret is not ours to wipe').toBe('swordfish');
});

test('it depends on each of its inputs', () => {
  const secret = octets(20, 7);
  const auth = (change: Partial<typeof signed>, key = secret) =>
    Buffer.from(pskAuth(alg, key, { ...signed, ...change })).toString('hex');
  const all = [
    auth({}),
    auth({ message: octets(300, 9) }),
    auth({ nonce: octets(32, 9) }),
    auth({ id: Id.parse('@east')! }),
    auth({ id: Id.parse('@#77657374')! }),
    auth({ skP: octets(32, 9) }),
    auth({}, octets(20, 8)),
  ];
  expect(new Set(all).size).toBe(all.length);
});
