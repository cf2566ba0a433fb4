/**
 * ipsec.secrets(5) with every kind of secret, wounded: whatever comes of it, no way of looking at it shows a piece
 * of a secret.
 */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { KeyRing } from '../../src/actors/key-ring.ts';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { SecretKeeper } from '../../src/actors/secret-keeper.ts';
import type { OctetFiles } from '../../src/conf/file-system.ts';
import { hasErrors } from '../../src/conf/problem.ts';
import { loadSecrets, type Secrets } from '../../src/conf/secrets.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { braces, KEY } from '../conf/rsa-key.ts';
import type { Dice } from '../ike/v2/dice.ts';
import { rounds } from './fuzz.ts';
import { mutated } from './mutate.ts';

const WORDS = ['Zq7!vXw9Kp~3', 'J5%tYb8^Rm2&', 'H6(gLd4)Nc1_', 'W9;sFk0?Qz7[', 'P3{xUj6}Va8]', 'T2+eOi5$Bh4@'] as const;
const [PSK, HEX, BASE64, XAUTH, PHRASE, PPK] = WORDS;
const hex = (text: string) => Buffer.from(text).toString('hex');
const base64 = (text: string) => Buffer.from(text).toString('base64');

const FILES: Readonly<Record<string, string>> = {
  '/main': [
    `# ${PSK} in a comment`,
    `@west @east : PSK "${PSK}"`,
    `192.0.2.1 %any : PSK 0x${hex(HEX)}`,
    `"C=CA, CN=west" 2001:db8::1: PSK 0s${base64(BASE64)}`,
    `west@example.org\n\t@east\n\t:PSK '${PSK}' # ${HEX}`,
    `: PSK 0t${PPK}`,
    `@joe : XAUTH "${XAUTH}"`,
    `@west : PPKS "id" "${PPK}"`,
    `: RSA west.pem "${PHRASE}"`,
    `: PKCS8 west.pem %prompt`,
    `: PIN %smartcard1 "${PHRASE}"`,
    `@west ${braces(KEY)}`,
    'include /sub*\n',
  ].join('\n'),
  '/sub1': `: PSK "${HEX}"\n@a @b : PSK "${BASE64}"\r\n@c : XAUTH 0x${hex(XAUTH)}\n`,
  '/private/west.pem': `-----BEGIN PRIVATE KEY-----\n${base64(PHRASE)}\n-----END PRIVATE KEY-----\n`,
};

/** Every four characters of a secret as it stands, of its hex, and of its base64 in each of the three alignments. */
function piecesOf(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret);
  const texts = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    ...[0, 1, 2].map((i) => bytes.subarray(i).toString('base64')),
  ];
  return texts.flatMap((text) => Array.from({ length: text.length - 3 }, (_, i) => text.slice(i, i + 4)));
}
const NUMBERS = [KEY.PrivateExponent, KEY.Prime1, KEY.Prime2, KEY.Exponent1, KEY.Exponent2, KEY.Coefficient];

/** Only of the kind that nothing else would print: four hex digits of a line number are no secret. */
const PIECES: ReadonlySet<string> = new Set([
  ...WORDS.flatMap((word) => piecesOf(Buffer.from(word))).filter((piece) => !/^\d+$/.test(piece)),
  ...NUMBERS.map((number) => number.slice(2, 10)),
]);

const leaks = (text: string): string | undefined => {
  for (const piece of PIECES) if (text.includes(piece)) return piece;
  return undefined;
};

const files = (octets: (path: string) => Uint8Array): OctetFiles => ({
  readOctets: (path) => (Object.hasOwn(FILES, path) ? { octets: octets(path), mode: 0o644 } : { errno: 'ENOENT' }),
  glob: () => ['/sub1'],
});
const sound = (path: string) => Uint8Array.from(Buffer.from(FILES[path]));
const options = { privateDir: '/private' };

/** Everything that anybody prints. A listing is only made of what has been loaded: files without an error. */
function everythingShown({ secrets, problems }: Secrets): string {
  const found = [
    secrets.findPsk(Id.parse('@west')!, Id.parse('@east'), { local: ADDRESS, remote: ADDRESS }),
    secrets.findXauth('joe'),
    secrets.findPpk(Buffer.from('id')),
    ...secrets.privateKeys(),
  ];
  const all = { secrets, problems, found, rows: hasErrors(problems) ? [] : [...secrets.describe()] };
  const deep = { depth: Number.POSITIVE_INFINITY, showHidden: true };
  return [JSON.stringify(all), inspect(all, deep), `${secrets.toString()} ${found.map(String).join()}`].join('\n');
}
const ADDRESS = Address.parse('192.0.2.1')!;

/** Lent by others is what no secret is in: with one of those, a wound could make an index, which is to be shown. */
const PARTS = [
  '@west @east : PSK "',
  '"\n',
  '%any : XAUTH 0x',
  ' : RSA {\n',
  '\t}\n',
  'include ',
  ': PPKS ',
  "'",
  '# ',
].map((part) => Uint8Array.from(Buffer.from(part)));
const wounded = (dice: Dice, path: string): Uint8Array => mutated(dice, sound(path), PARTS);

test('the pieces would be found', () => {
  for (const word of WORDS)
    for (const text of [word, hex(word), base64(word), word.slice(2, 6)]) expect(leaks(text)).toBeDefined();
  expect(leaks(KEY.Prime1)).toBeDefined();
});

test('sound files: every secret is there, and none is shown', () => {
  const loaded = loadSecrets('/main', files(sound), options);
  expect(hasErrors(loaded.problems)).toBe(false);
  expect(loaded.secrets.size).toBe(14);
  expect(leaks(everythingShown(loaded))).toBeUndefined();
  loaded.secrets.wipe();
});

test('wounded files: secrets or problems, and nothing shown', () => {
  rounds(4_000, (dice) => {
    const loaded = loadSecrets(
      '/main',
      files((path) => wounded(dice, path)),
      options,
    );
    const shown = everythingShown(loaded);
    const leak = leaks(shown);
    if (leak !== undefined) throw new Error(`shown: ${leak}\n${shown}`);
    for (const { text } of loaded.problems) expect(text).toMatch(/^[\x20-\x7e…]{1,400}$/);
    loaded.secrets.wipe();
  });
});

test('a keeper says and throws nothing either', () => {
  rounds(500, (dice) => {
    const lines: string[] = [];
    const port = files((path) => wounded(dice, path));
    const keys = new KeyRing(new TestClock());
    const keeper = new SecretKeeper({ files: port, privateDir: '/private', keys, log: (_, text) => lines.push(text) });
    keeper.reread('/main', (text) => lines.push(text));
    expect(
      leaks([lines.join('\n'), inspect(keeper, { depth: 9, showHidden: true }), JSON.stringify(keeper)].join('\n')),
    ).toBeUndefined();
    keeper.wipe();
  });
});

test('any octets', () => {
  rounds(2_000, (dice) => {
    const octets = dice.octets(dice.below(400));
    const { secrets, problems } = loadSecrets(
      '/main',
      files(() => Uint8Array.from(octets)),
      options,
    );
    expect(secrets.size + problems.length).toBeGreaterThanOrEqual(0);
    secrets.wipe();
  });
});

test('long files of anything are read in time that grows with their length alone', () => {
  const starts = ['', ': PSK "', '@a ', ': RSA {\n', ': RSA { Modulus: 0x', 'C=', 'include ', '@a : PSK 0s'];
  const units = [
    'a',
    ' ',
    '"',
    "'",
    '{',
    '}',
    ':',
    '@',
    '\n',
    '\n ',
    'a ',
    'a: ',
    '@a ',
    'CN=',
    'CN=a,',
    ',,',
    '/',
    '+',
    '\\',
    '::1: ',
    'Modulus: 0x00 ',
    ': PSK "x"\n',
    '@a : PSK "x"\n',
  ];
  for (const start of starts) {
    for (const unit of units) {
      const text = Buffer.from(start + unit.repeat(30_000 / unit.length));
      loadSecrets('/main', { readOctets: () => ({ octets: Uint8Array.from(text) }), glob: () => [] }).secrets.wipe();
    }
  }
});
