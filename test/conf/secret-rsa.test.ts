import { createPrivateKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/conf/problem.ts';
import type { RsaNumbers } from '../../src/conf/secret-entry.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { memoryFiles } from './memory-files.ts';
import { braces, KEY, type RsaText } from './rsa-key.ts';

const PATH = '/etc/ipsec.secrets';
const load = (text: string) => loadSecrets(PATH, memoryFiles({ [PATH]: text }));
const wrong = (text: string) => load(text).problems.map(formatProblem);

test('a key as FreeS/WAN writes it', () => {
  const { secrets, problems } = load(`@west @east ${braces(KEY)}@a @b : PSK "x"\n`);
  expect(problems).toEqual([]);
  expect(secrets.size).toBe(2);
  const { numbers } = secrets.privateKeys()[0].key as RsaNumbers;
  const base64 = (name: keyof RsaText) => Buffer.from(numbers[name].reveal()).toString('base64url');
  const jwk = { kty: 'RSA', n: base64('Modulus'), e: base64('PublicExponent'), d: base64('PrivateExponent') };
  const rest = { p: base64('Prime1'), q: base64('Prime2'), dp: base64('Exponent1'), dq: base64('Exponent2') };
  const key = createPrivateKey({ key: { ...jwk, ...rest, qi: base64('Coefficient') }, format: 'jwk' });
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(1024);
});

test.each([
  ['glued to the colon', (text: string) => text.replace(': RSA', ':RSA')],
  [
    'in another order',
    (text: string) => text.split('\n').toSpliced(2, 1).toSpliced(6, 0, text.split('\n')[2]).join('\n'),
  ],
  ['with leading zeros', (text: string) => text.replaceAll('0x', '0x0000')],
  [
    'in base64',
    (text: string) =>
      text.replace(/0x([0-9a-f]+)/g, (_, hex: string) => `0s${Buffer.from(hex, 'hex').toString('base64')}`),
  ],
  [
    'on one line',
    (text: string) =>
      `${text
        .split('\n')
        .filter((l) => !/#/.test(l))
        .join(' ')}\n`,
  ],
  ['with the brace in the first column', (text: string) => text.replace('\t}', '}')],
  [
    'with what others wrote beside it',
    (text: string) => text.replace('\t}', '\tCKAIDNSS: 0x1234\n\tPubkey: 0sAQ==\n\t}'),
  ],
])('%s', (_, changed) => {
  const text = changed(`@west ${braces(KEY)}`);
  expect(wrong(text)).toEqual([]);
  expect(load(text).secrets.privateKeys().length).toBe(1);
});

describe('an error names the field and tells nothing', () => {
  const plus2 = (hex: string) => `0x${(BigInt(hex) + 2n).toString(16).padStart(hex.length - 2, '0')}`;
  const of = (changes: Partial<RsaText>) => braces({ ...KEY, ...changes });
  const short = { ...KEY, Modulus: '0xffff' };
  test.each([
    [of({ Modulus: plus2(KEY.Modulus) }), 'Modulus is not Prime1 times Prime2'],
    [of({ PublicExponent: '0x010003' }), 'PrivateExponent does not undo PublicExponent'],
    [of({ PrivateExponent: plus2(KEY.PrivateExponent) }), 'Exponent1 is not PrivateExponent mod Prime1 - 1'],
    [of({ Prime1: plus2(KEY.Prime1) }), 'Modulus is not Prime1 times Prime2'],
    [of({ Prime1: KEY.Prime2, Prime2: KEY.Prime1 }), 'Exponent1 is not PrivateExponent mod Prime1 - 1'],
    [of({ Exponent1: plus2(KEY.Exponent1) }), 'Exponent1 is not'],
    [of({ Exponent2: plus2(KEY.Exponent2) }), 'Exponent2 is not'],
    [of({ Coefficient: plus2(KEY.Coefficient) }), 'Coefficient is not the inverse of Prime2 mod Prime1'],
    [of({ Prime1: '0x01', Prime2: KEY.Modulus }), 'Prime1 is 1'],
    [of({ PublicExponent: '0x010000' }), 'PublicExponent is even'],
    [of({ PublicExponent: '0x0000' }), 'PublicExponent is 0'],
    [of({ Coefficient: `0x${'01'.repeat(1025)}` }), 'Coefficient has more than 8192 bits'],
    [braces(short), 'Modulus has 16 bits, fewer than 1024'],
    [of({ Prime1: '"swordfish"' }), 'Prime1: expected 0x and hex'],
    [of({ Prime1: '0x5w0rdfish' }), 'Prime1: expected 0x and hex'],
    [of({}).replace('Prime1:', 'Swordfish:'), 'expected Modulus:, PublicExponent:'],
    [of({}).replace('Prime1:', 'Modulus:'), 'Modulus is there twice'],
    [of({}).replace(/\tPrime1.*\n/, ''), 'Prime1 is missing'],
    [of({}).replace(/\tModulus.*\n/, ''), 'Modulus is missing'],
    [of({}).replace(/Coefficient: .*\n/, 'Coefficient:\n'), 'Coefficient: expected 0x and hex'],
    [of({}).replace('\t}', ''), 'the closing brace is missing'],
    [': RSA {\n\t}\n', 'Modulus is missing'],
    [': RSA {}\n', 'expected { NAME: VALUE … } with blanks around the braces'],
  ])('%#: %s', (text, message) => {
    const errors = wrong(text);
    expect(errors.join()).toContain(message);
    expect(errors.every((line) => line.startsWith(`${PATH}:1:`) && !line.includes('warning'))).toBe(true);
    expect(errors.join()).not.toMatch(/[0-9a-f]{8}|sword|fish/i);
  });
});

test.each([
  [
    'the private numbers are the key’s ID in NSS',
    (text: string) => text.replace(/(PrivateExponent|Prime.|Exponent.|Coefficient): .*/g, `$1: 0x${'ab'.repeat(20)}`),
  ],
  ['there are none', (text: string) => text.replace(/\t(PrivateExponent|Prime.|Exponent.|Coefficient): .*\n/g, '')],
])('a key that was moved to NSS is left out with a warning: %s', (_, changed) => {
  const text = changed(`@west ${braces(KEY)}`).replace('\tExponent', '\tExponent');
  expect(load(text).secrets.size).toBe(0);
  expect(wrong(text)).toEqual([
    `${PATH}:1: warning: RSA: the private numbers are not here (they were in NSS); the entry is left out`,
  ]);
});
