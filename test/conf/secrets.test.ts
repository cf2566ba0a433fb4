import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/conf/problem.ts';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/ipsec.secrets';
const load = (text: string, more: Record<string, string> = {}) =>
  loadSecrets(PATH, memoryFiles({ [PATH]: text, ...more }));

const LOCAL = Address.parse('192.0.2.1')!;
const REMOTE = Address.parse('192.0.2.2')!;

/** The secret for `local` and `remote` as text; remote undefined: a peer that has not said who it is. */
function psk(text: string, local = '@west', remote: string | undefined = '@east', warnings: string[] = []) {
  const { secrets } = load(text);
  const id = remote === '' ? undefined : Id.parse(remote)!;
  const secret = secrets.findPsk(Id.parse(local)!, id, { local: LOCAL, remote: REMOTE }, (w) => warnings.push(w));
  return secret && Buffer.from(secret.reveal()).toString('utf8');
}

describe('which secret', () => {
  // Every pair of neighbours, the better one last in the file: rank beats order.
  const byRank = [
    ['@west @east : PSK "both"', 'both'],
    ['@west %any : PSK "us and any"', 'us and any'],
    ['@west : PSK "us"', 'us'],
    ['%any @east : PSK "any and peer"', 'any and peer'],
    ['%any : PSK "any"', 'any'],
    [': PSK "all"', 'all'],
  ] as const;

  test.each(byRank.map(([line, text], i) => ({ line, text, worse: byRank.slice(i + 1) })))(
    '$line beats all below it',
    ({ line, text, worse }) => {
      expect(psk([...worse.map(([l]) => l), line].join('\n'))).toBe(text);
    },
  );

  test.each([
    ['@north @east : PSK "x"', 'a stranger and the peer'],
    ['@west @north : PSK "x"', 'we and a stranger'],
    ['@north : PSK "x"', 'a stranger'],
    ['@north %any : PSK "x"', 'a stranger and any'],
    ['@east : PSK "x"', 'the peer alone'],
    ['east.example.com : PSK "x"', 'a host name is no index yet, and not everybody either'],
    ['"C=CA, CN=west" : PSK "x"', 'nor is a distinguished name'],
    ['', 'nothing'],
  ])('%s matches nobody here: %s', (text) => expect(psk(text)).toBeUndefined());

  test.each([
    ['192.0.2.1 192.0.2.2 : PSK "x"', '192.0.2.1', '192.0.2.2'],
    ['2001:db8::1 2001:DB8:0::2 : PSK "x"', '2001:db8::1', '2001:db8::2'],
    ['me@example.com @East.Example.com : PSK "x"', 'ME@example.com', '@east.example.com'],
    ['@#0a0b @west : PSK "x"', '@west', '@#0A0B'],
    ['@a @b @c @west : PSK "x"', '@west', '@c'],
    ['0.0.0.0 @west : PSK "x"', '@west', '192.0.2.9'],
    [':: @west : PSK "x"', '@west', '@anybody'],
    ['%any6 : PSK "x"', '@west', '2001:db8::2'],
    ['192.0.2.1 %any : PSK "x"', '192.0.2.1', ''],
    ['192.0.2.1 192.0.2.2 : PSK "x"', '192.0.2.1', ''],
  ])('%s is for %s and %s', (text, local, remote) => expect(psk(text, local, remote)).toBe('x'));

  test('a peer that has said who it is does not get its address’s secret', () => {
    expect(psk('192.0.2.1 192.0.2.2 : PSK "x"', '192.0.2.1', '@east')).toBeUndefined();
  });

  test('of equals the first is used, and a difference is said without the secrets', () => {
    const warnings: string[] = [];
    expect(psk('@west @east : PSK "one"\n@east @west : PSK "two"', '@west', '@east', warnings)).toBe('one');
    expect(warnings).toEqual([`secrets at ${PATH}:1 and ${PATH}:2 match equally; the first is used`]);
    expect(psk('@west @east : PSK "one"\n@east @west : PSK "one"', '@west', '@east', warnings)).toBe('one');
    expect(warnings.length).toBe(1);
  });
});

describe('how it is written', () => {
  test.each([
    ['@west @east : PSK "a # b"  # comment', 'a # b'],
    ['@west @east : psk \'single "quoted"\'', 'single "quoted"'],
    ['@west @east : PSK 0x61_62', 'ab'],
    ['@west @east : PSK 0sYWI=', 'ab'],
    ['@west @east : PSK 0tab', 'ab'],
    ['@west @east :PSK "glued"', 'glued'],
    ['@west\n\t@east\n# comment\n\n  : PSK\r\n\t"continued"\n', 'continued'],
    ['@west @east : PSK "ümlaut"', 'ümlaut'],
  ])('%j', (text, secret) => expect(psk(text)).toBe(secret));

  test.each([
    ['@west : PSK', 'the secret is missing'],
    ['@west : PSK swordfish', 'expected "text", 0x and hex'],
    ['@west : PSK 0xswordfish', 'expected "text", 0x and hex'],
    ['@west : PSK "sword" "fish"', 'more than one word'],
    ['@west : PSK ""', 'the secret is empty'],
    ['@west : PSK "swordfish', 'the closing quote is missing'],
    ['@west : PSK "sword"fish', 'a blank is missing after the closing quote'],
    ['@west PSK "swordfish"', 'expected indices, a colon'],
    ['@west : KSP "swordfish"', 'expected PSK'],
    ['@west :', 'expected PSK'],
    ['\t@west : PSK "swordfish"', 'must begin in the first column'],
    [': RSA {\n\tModulus: 0x1\n@west : PSK "swordfish"', 'the closing brace is missing'],
    ['include', 'include takes one file'],
  ])('%j is an error that tells nothing', (text, message) => {
    const { problems } = load(text);
    const errors = problems.filter((p) => p.severity === 'error').map(formatProblem);
    expect(errors.join()).toContain(message);
    expect(errors.join()).toContain(`${PATH}:`);
    expect(JSON.stringify(problems)).not.toMatch(/sword|fish/);
  });

  test('include: globs, relative to the including file', () => {
    const { secrets, problems } = load('include ipsec.d/*.secrets\n', {
      '/etc/ipsec.d/a.secrets': '@a : PSK "x"\n',
      '/etc/ipsec.d/b.secrets': '@b : PSK "x"\n',
    });
    expect([secrets.size, problems]).toEqual([2, []]);
  });

  test('a loop of includes ends with an error', () => {
    const { problems } = load('include ipsec.secrets\n');
    expect(problems.map((p) => [p.severity, p.text])).toEqual([['error', 'includes are nested more than 10 deep']]);
  });
});

describe('keeping it', () => {
  test.each([
    [0o600, 0],
    [0o400, 0],
    [0o640, 1],
    [0o604, 1],
  ])('mode %o draws %i warnings', (mode, count) => {
    const { problems } = loadSecrets(PATH, memoryFiles({ [PATH]: '' }, { [PATH]: mode }));
    expect(problems.length).toBe(count);
    expect(problems.every((p) => p.severity === 'warning' && p.text.includes('chmod 600'))).toBe(true);
  });

  test('a file that is missing is a warning and no secrets', () => {
    const { secrets, problems } = loadSecrets('/nowhere', memoryFiles({}));
    expect([secrets.size, problems.map((p) => p.severity)]).toEqual([0, ['warning']]);
  });

  test('a secret shows only its length, in whatever way it is printed', () => {
    const { secrets } = load(': PSK "swordfish"');
    const secret = secrets.findPsk(Id.parse('@west')!, undefined, { local: LOCAL, remote: REMOTE })!;
    const shown = [`${secret}`, JSON.stringify({ secret, secrets }), inspect({ secret, secrets }, { depth: 9 })];
    expect(shown[0]).toBe('<9 octets>');
    expect(shown.join()).not.toMatch(/sword|115, ?119/);
  });

  test('after a wipe the octets are zeros and nothing is found', () => {
    const { secrets } = load(': PSK "swordfish"');
    const find = () => secrets.findPsk(Id.parse('@west')!, undefined, { local: LOCAL, remote: REMOTE });
    const octets = find()!.reveal();
    secrets.wipe();
    expect(octets.every((o) => o === 0)).toBe(true);
    expect(find()).toBeUndefined();
  });
});
