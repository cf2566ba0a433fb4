/**
 * FreeS/WAN's form of an RSA private key: names and numbers in braces.
 *
 *     : RSA {
 *         # RSA 2192 bits   east   Fri Mar  2 12:00:00 2001
 *         Modulus: 0x1d9a…
 *         PublicExponent: 0x03
 *         PrivateExponent: 0x1391…          d,  e·d ≡ 1 mod p-1 and mod q-1
 *         Prime1: 0x1c3e…                   p
 *         Prime2: 0x10c5…                   q
 *         Exponent1: 0x12d4…                d mod p-1
 *         Exponent2: 0x0b2e…                d mod q-1
 *         Coefficient: 0x0a71…              q⁻¹ mod p
 *         }
 */
import { decode } from './encoded-bytes.ts';
import type { Secret, SecretSlab } from './secret.ts';
import { RSA_FIELDS, type RsaField, type RsaNumbers } from './secret-entry.ts';
import { bitsOf, Numbers } from './secret-numbers.ts';
import { isWord, lengthOf, octetsOf, type Word } from './secret-words.ts';

/** Bits of the modulus. Smaller ones have been factored, larger ones only keep us busy. */
const LEAST_BITS = 1024;
const MOST_BITS = 8192;

/** Names of what FreeS/WAN and its heirs wrote beside the numbers, and which says nothing that they do not. */
const IGNORED = ['Pubkey', 'PublicKey', 'CKAID', 'CKAIDNSS', 'KeyID'];

/** The numbers, or what is wrong with them. A `stub` is a key whose private half is kept elsewhere (in NSS). */
export function parseRsa(
  words: readonly Word[],
  slab: SecretSlab,
): RsaNumbers | { readonly wrong: string } | { readonly stub: true } {
  const close = words[words.length - 1];
  if (close === undefined || words.length < 2 || !isWord(words[0], '{') || !isWord(close, '}'))
    return { wrong: 'expected { NAME: VALUE … } with blanks around the braces' };
  const fields = readFields(words.slice(1, -1), slab);
  if ('wrong' in fields) return fields;
  const numbers = isStub(fields) ? ({ stub: true } as const) : complete(fields);
  if (!('t' in numbers)) for (const secret of fields.values()) secret.wipe();
  return numbers;
}

function readFields(words: readonly Word[], slab: SecretSlab): Map<RsaField, Secret> | { readonly wrong: string } {
  const fields = new Map<RsaField, Secret>();
  const refuse = (wrong: string) => {
    for (const secret of fields.values()) secret.wipe();
    return { wrong };
  };
  for (let at = 0; at < words.length; at += 2) {
    const value = words[at + 1];
    if (IGNORED.some((name) => isWord(words[at], `${name}:`))) continue;
    const name = RSA_FIELDS.find((field) => isWord(words[at], `${field}:`));
    if (name === undefined) return refuse(`expected ${RSA_FIELDS.map((field) => `${field}:`).join(', ')}`);
    if (fields.has(name)) return refuse(`${name} is there twice`);
    const number =
      value && !value.isQuoted ? slab.keep(lengthOf(value), (room) => writeNumber(value, room)) : undefined;
    if (number === undefined) return refuse(`${name}: expected 0x and hex, or 0s and base64`);
    fields.set(name, number);
  }
  return fields;
}

/** Without leading zeros. */
function writeNumber(value: Word, room: Uint8Array): number | undefined {
  const length = decode(octetsOf(value), room);
  if (length === undefined) return undefined;
  let zeros = 0;
  while (zeros < length && room[zeros] === 0) zeros++;
  room.copyWithin(0, zeros, length);
  room.fill(0, length - zeros, length);
  return length - zeros;
}

const PRIVATE = RSA_FIELDS.slice(2);

/** The private numbers are missing, or all of them are the key's ID in NSS. */
function isStub(fields: ReadonlyMap<RsaField, Secret>): boolean {
  const own = PRIVATE.map((name) => fields.get(name));
  if (!fields.has('Modulus')) return false;
  if (own.every((secret) => secret === undefined)) return true;
  const [first] = own;
  return first !== undefined && own.every((secret) => secret?.equals(first)) && first.length <= 32;
}

function complete(fields: ReadonlyMap<RsaField, Secret>): RsaNumbers | { readonly wrong: string } {
  for (const name of RSA_FIELDS) {
    const length = fields.get(name)?.length;
    if (length === undefined) return { wrong: `${name} is missing` };
    if (length === 0) return { wrong: `${name} is 0` };
    if (length > MOST_BITS / 8) return { wrong: `${name} has more than ${MOST_BITS} bits` };
  }
  const numbers = Object.fromEntries(fields) as Record<RsaField, Secret>;
  const wrong = inconsistency(numbers);
  return wrong === undefined ? { t: 'numbers', numbers } : { wrong };
}

/** RFC 8017 §3.2. Undefined if all is well. */
function inconsistency(key: Readonly<Record<RsaField, Secret>>): string | undefined {
  const bits = bitsOf(key.Modulus.reveal());
  if (bits < LEAST_BITS) return `Modulus has ${bits} bits, fewer than ${LEAST_BITS}`;
  const isOdd = (name: RsaField) => (key[name].reveal()[key[name].length - 1] & 1) === 1;
  for (const name of ['Modulus', 'PublicExponent', 'Prime1', 'Prime2'] as const)
    if (!isOdd(name)) return `${name} is even`;
  const numbers = new Numbers();
  try {
    const of = (name: RsaField) => numbers.of(key[name].reveal());
    const [n, e, d, p, q] = [
      of('Modulus'),
      of('PublicExponent'),
      of('PrivateExponent'),
      of('Prime1'),
      of('Prime2'),
    ] as const;
    const [p1, q1] = [numbers.less1(p), numbers.less1(q)];
    if (numbers.isZero(p1) || numbers.isZero(q1)) return `${numbers.isZero(p1) ? 'Prime1' : 'Prime2'} is 1`;
    if (!numbers.equal(numbers.product(p, q), n)) return 'Modulus is not Prime1 times Prime2';
    if (!numbers.equal(numbers.remainder(d, p1), of('Exponent1')))
      return 'Exponent1 is not PrivateExponent mod Prime1 - 1';
    if (!numbers.equal(numbers.remainder(d, q1), of('Exponent2')))
      return 'Exponent2 is not PrivateExponent mod Prime2 - 1';
    const isInverse = (a: Uint32Array, b: Uint32Array, modulus: Uint32Array) =>
      numbers.isOne(numbers.remainder(numbers.product(a, b), modulus));
    if (!isInverse(e, of('Exponent1'), p1) || !isInverse(e, of('Exponent2'), q1))
      return 'PrivateExponent does not undo PublicExponent';
    if (!isInverse(of('Coefficient'), q, p)) return 'Coefficient is not the inverse of Prime2 mod Prime1';
    return undefined;
  } finally {
    numbers.wipe();
  }
}
