import { describe, expect, test } from 'vitest';
import { KeyReader, KeyShelf, MOST_KEYS } from '../../../../src/ike/crypto/signature/key-shelf.ts';
import { encodePkcs8 } from '../../../../src/ike/crypto/signature/private-key.ts';
import { SELF_TEST } from '../../../../src/ike/crypto/signature/scheme.ts';
import { sign, verify } from '../../../../src/ike/crypto/signature/sign.ts';
import { good, keyOf, makePkcs8, text } from './keys.ts';

const MESSAGE = text('hello');

describe('the shelf', () => {
  test('a key signs by its number, for every reader', () => {
    const shelf = new KeyShelf();
    const key = keyOf('p256');
    const number = shelf.put(encodePkcs8(key))!;
    for (const reader of [new KeyReader(shelf.shared), new KeyReader(shelf.shared)]) {
      const found = reader.find(number)!;
      expect(found.kind).toBe('p256');
      expect(reader.find(number)).toBe(found);
      const scheme = SELF_TEST.p256;
      expect(verify(key.public, scheme, MESSAGE, good(sign(found, scheme, MESSAGE)))).toBeUndefined();
    }
  });

  test('a key that is dropped is gone, from readers that knew it too, and its number is nobody’s again', () => {
    const shelf = new KeyShelf();
    const reader = new KeyReader(shelf.shared);
    const first = shelf.put(encodePkcs8(keyOf('ed25519')))!;
    expect(reader.find(first)?.kind).toBe('ed25519');
    shelf.drop(first);
    expect(reader.find(first)).toBeUndefined();
    const second = shelf.put(encodePkcs8(keyOf('p384')))!;
    expect(second).not.toBe(first);
    expect(reader.find(second)?.kind).toBe('p384');
    expect(reader.find(first)).toBeUndefined();
    shelf.drop(first);
    expect(reader.find(second)?.kind).toBe('p384');
  });

  test('nothing of a dropped key is left in the memory', () => {
    const shelf = new KeyShelf();
    const pkcs8 = makePkcs8('rsa');
    const secret = Buffer.from(pkcs8.subarray(100, 200));
    const memory = Buffer.from(shelf.shared);
    const number = shelf.put(pkcs8)!;
    expect(memory.includes(secret)).toBe(true);
    shelf.drop(number);
    expect(memory.includes(secret)).toBe(false);
    shelf.put(pkcs8);
    shelf.put(encodePkcs8(keyOf('p256')));
    shelf.dropAll();
    expect(memory.subarray(4).every((octet) => octet === 0)).toBe(true);
  });

  test.each([0, 1, 255, 256, 511, 0x7fffffff, 0xffffffff])('number %i is nobody’s', (number) => {
    expect(new KeyReader(new KeyShelf().shared).find(number)).toBeUndefined();
  });

  test('it has room for so many and no larger ones', () => {
    const shelf = new KeyShelf();
    const pkcs8 = encodePkcs8(keyOf('ed25519'));
    const numbers = Array.from({ length: MOST_KEYS }, () => shelf.put(pkcs8));
    expect(new Set(numbers).size).toBe(MOST_KEYS);
    expect(shelf.put(pkcs8)).toBeUndefined();
    shelf.drop(numbers[17]!);
    expect(shelf.put(new Uint8Array(10_241))).toBeUndefined();
    expect(shelf.put(pkcs8)).toBeDefined();
  });

  test('what is no key is found as none', () => {
    const shelf = new KeyShelf();
    expect(new KeyReader(shelf.shared).find(shelf.put(new Uint8Array(40))!)).toBeUndefined();
  });
});
