import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/conf/problem.ts';
import type { Secret } from '../../src/conf/secret.ts';
import type { KeyFile } from '../../src/conf/secret-entry.ts';
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
    ['east.example.com : PSK "x"', 'a host name is not looked up, and not everybody either'],
    ['"C=CA, CN=west" : PSK "x"', 'another name'],
    ['"C=CA, CN=*" : PSK "x"', 'wildcards are for connections'],
    ['', 'nothing'],
  ])('%s matches nobody here: %s', (text) => expect(psk(text)).toBeUndefined());

  test.each([
    ['192.0.2.1 192.0.2.2 : PSK "x"', '192.0.2.1', '192.0.2.2'],
    ['2001:db8::1 2001:DB8:0::2 : PSK "x"', '2001:db8::1', '2001:db8::2'],
    ['me@example.com @East.Example.com : PSK "x"', 'ME@example.com', '@east.example.com'],
    ['@#0a0b @west : PSK "x"', '@west', '@#0A0B'],
    ['@a @b @c @west : PSK "x"', '@west', '@c'],
    ['"C=CA, CN=east" @west : PSK "x"', '@west', 'C=ca/CN=East'],
    ['C=CA,CN=east @west : PSK "x"', '@west', 'C=CA, CN=east'],
    ['@[key\'s] @west : PSK "x"', '@west', '@#6b65792773'],
    ['@east. @west : PSK "x"', '@west', '@east'],
    ['%null @west : PSK "x"', '@west', '%null'],
    ['127.1 @west : PSK "x"', '@west', '127.0.0.1'],
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
    ['@west @east: PSK "behind an index"', 'behind an index'],
    ['@west 192.0.2.1: PSK "x"\n@west @east : PSK "y"', 'y'],
    ['@west 2001:db8:: : PSK "x"\n@west @east : PSK "y"', 'y'],
    ['@west 2001:db8::1: PSK "x"\n@west @east : PSK "y"', 'y'],
    ['\ufeff@west @east : PSK "byte order mark"', 'byte order mark'],
    ['@west @east : PSK "a:b : c"', 'a:b : c'],
    ['@west @east : PSK 0t"#', '"#'],
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
    ['@west : "PSK" "swordfish"', 'expected PSK'],
    ['@west : PSK 0x5w0rdfish', 'expected "text"'],
    ['@west : XAUTH', 'XAUTH: the secret is missing'],
    ['@west : PPKS "swordfish"', 'PPKS: the secret is missing'],
    [`@west : PPKS "${'sword'.repeat(13)}" "fish"`, 'up to 64 octets'],
    ['@west : PIN %x "sword" "fish"', 'PIN: more than one word'],
    [': RSA', 'RSA: expected a file'],
    [': RSA "sword" "fish" "x"', 'RSA: expected a file'],
    [': ECDSA sword fish', 'ECDSA: passphrase: expected "text"'],
    [': RSA { swordfish', 'the closing brace is missing'],
    [': RSA {swordfish}', 'RSA: expected { NAME: VALUE'],
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

  test('a list of all kinds, and a warning for the one that has no effect', () => {
    const { secrets, problems } = load(
      ': PSK "x"\n@joe : XAUTH "x"\n@west : PPKS "id" 0x61\n: RSA east.pem "x"\n: PKCS8 east.pem %prompt\n: P12 "east.pem"\n' +
        ': PIN %prompt\n: PIN %smartcard1:50 "1234"\n%any east @west : PPK id2 "x"\n@west : ppk 0x6964 "x"\n',
      { '/etc/east.pem': 'pem' },
    );
    expect(problems.map(formatProblem)).toEqual([
      `${PATH}:9: warning: an index that is neither an address, @FQDN, user@FQDN, a distinguished name nor %any matches nobody: host names are not looked up`,
      `${PATH}:9: PPKS: expected its ID first, "text" or 0x and hex, up to 64 octets`,
      `${PATH}:10: warning: PPKS: the ID is at ${PATH}:3 with another secret, which is used`,
      `${PATH}:7: warning: PIN secrets have no effect: keys are in files`,
    ]);
    expect([...secrets.describe()].map(({ kind, indices, file, line }) => [kind, indices.join(), file, line])).toEqual([
      ['PSK', '', PATH, 1],
      ['XAUTH', '@joe', PATH, 2],
      ['PPKS', '@west', PATH, 3],
      ['RSA', '', PATH, 4],
      ['PKCS8', '', PATH, 5],
      ['P12', '', PATH, 6],
      ['PIN', '', PATH, 7],
      ['PIN', '', PATH, 8],
      ['PPKS', '@west', PATH, 10],
    ]);
  });

  test('a listing shows identities as they are, and not what could be anything', () => {
    const { secrets } = load('%any 192.0.2.1 2001:DB8::1 "C=CA/CN=x" swordfish : PSK "x"');
    expect([...secrets.describe()][0].indices).toEqual(['%any', '192.0.2.1', '2001:db8::1', 'C=CA, CN=x', '(none)']);
  });

  test('include: globs, relative to the including file', () => {
    const { secrets, problems } = load('include ipsec.d/*.secrets\n', {
      '/etc/ipsec.d/a.secrets': '@a : PSK "x"\n',
      '/etc/ipsec.d/b.secrets': '@b : PSK "x"\n',
    });
    expect([secrets.size, problems]).toEqual([2, []]);
  });

  test('include: a file that is not there is a warning, one that cannot be read is an error', () => {
    const files = memoryFiles({ [PATH]: 'include a\ninclude b\ninclude nothing/*\n' });
    const { problems } = loadSecrets(PATH, {
      glob: files.glob,
      readOctets: (path) => (path === '/etc/b' ? { errno: 'EACCES' } : files.readOctets(path)),
    });
    expect(problems.map(formatProblem)).toEqual([
      `${PATH}:1: warning: cannot read the file that is included: ENOENT`,
      `${PATH}:2: cannot read the file that is included: EACCES`,
    ]);
  });

  test('a pattern that matches no file is a warning', () => {
    const { problems } = loadSecrets('/etc/*.secrets', memoryFiles({}));
    expect(problems.map(formatProblem)).toEqual(['/etc/*.secrets: warning: no file matches']);
  });

  test('of many problems some are told, and how many more there are; an error among them is not lost', () => {
    const warnings = 'east.example : PSK "x"\n'.repeat(300);
    const told = load(warnings).problems;
    expect([told.length, formatProblem(told[200])]).toEqual([
      201,
      `${PATH}: warning: 0 more errors and 100 more warnings`,
    ]);
    const { problems } = load(`${warnings}: PSK\n`);
    expect(formatProblem(problems[200])).toBe(`${PATH}: 1 more errors and 100 more warnings`);
    expect(problems.filter((p) => p.severity === 'error').length).toBe(1);
  });

  test('a loop of includes ends with an error', () => {
    const { problems } = load('include ipsec.secrets\n');
    expect(problems.map((p) => [p.severity, p.text])).toEqual([['error', 'includes are nested more than 10 deep']]);
  });
});

describe('other lookups', () => {
  const text = (secret: Secret | undefined) => secret && Buffer.from(secret.reveal()).toString();

  test('XAUTH: by the name of the user', () => {
    const { secrets } = load('@joe : XAUTH "joe\'s"\n@joe @ann : XAUTH "nobody\'s"\n@joe : PSK "psk"\n');
    expect(['joe', 'ann', ''].map((user) => text(secrets.findXauth(user)))).toEqual(["joe's", undefined, undefined]);
    expect(load('@joe : XAUTH "x"').secrets.findXauth('ann')).toBeUndefined();
  });

  test('PPKS: by its ID, octet for octet; the first of several', () => {
    const { secrets } = load('@a : PPKS "one" "1"\n@b : PPK 0x6f6e65 "2"\n: PPKS 0xff00 0x33\n');
    const find = (id: string) => text(secrets.findPpk(Buffer.from(id, 'latin1')));
    expect(['one', 'One', 'on', '\xff\x00'].map(find)).toEqual(['1', undefined, undefined, '3']);
  });

  test('private keys: files as they were read, beside the secrets or where they are said to be', () => {
    const files = { [PATH]: '@west : RSA west.pem "open sesame"\n: PSK "x"\n: ECDSA /tmp/k %prompt\n' };
    const more = { '/etc/ipsec.d/private/west.pem': 'WEST', '/tmp/k': 'K' };
    const options = { privateDir: '/etc/ipsec.d/private' };
    const keys = loadSecrets(PATH, memoryFiles({ ...files, ...more }), options).secrets.privateKeys();
    expect(keys.map(({ kind, key }) => [kind, key.t === 'file' && [key.path, key.isPrompted]])).toEqual([
      ['RSA', ['/etc/ipsec.d/private/west.pem', false]],
      ['ECDSA', ['/tmp/k', true]],
    ]);
    const [west] = keys.map(({ key }) => key as KeyFile);
    expect([text(west.octets), text(west.passphrase)]).toEqual(['WEST', 'open sesame']);
  });

  test('a key file that is missing, or too large is left out with a warning that does not name it', () => {
    const files = memoryFiles(
      {
        [PATH]: ': RSA fish\n: RSA big\n: RSA open\n',
        '/etc/big': 'x'.repeat(70_000),
        '/etc/open': 'k',
      },
      { '/etc/open': 0o644 },
    );
    const { secrets, problems } = loadSecrets(PATH, files);
    expect(problems.map(formatProblem)).toEqual([
      `${PATH}:1: warning: RSA: cannot read its file: ENOENT; the entry is left out`,
      `${PATH}:2: warning: RSA: its file is larger than 65536 octets; the entry is left out`,
      `${PATH}:3: warning: others than the owner may read or write its file (mode 0644); chmod 600 it`,
    ]);
    expect(secrets.privateKeys().length).toBe(1);
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

  test('a file of somebody else draws a warning', () => {
    const readOctets = () => ({ octets: new Uint8Array(), mode: 0o600, isForeign: true });
    const { problems } = loadSecrets(PATH, { readOctets, glob: () => [] });
    expect(problems.map(formatProblem)).toEqual([
      `${PATH}: warning: it belongs to somebody who is neither root nor us; chown it`,
    ]);
  });

  test('a file that cannot be read is an error', () => {
    const { problems } = loadSecrets(PATH, { readOctets: () => ({ errno: 'EIO' }), glob: () => [] });
    expect(problems.map(formatProblem)).toEqual([`${PATH}: cannot read it: EIO`]);
  });

  test('what has been read is wiped, whatever came of it', () => {
    for (const text of [
      '@a : PSK "swordfish"\n',
      '@a : PSK "sword\n: X "fish"',
      ': RSA {\nModulus: 0x1234\n}',
      'include /x',
    ]) {
      const octets = Uint8Array.from(Buffer.from(text));
      loadSecrets(PATH, { readOctets: (path) => (path === PATH ? { octets } : { errno: 'ENOENT' }), glob: () => [] });
      expect(octets.every((octet) => octet === 0)).toBe(true);
    }
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
