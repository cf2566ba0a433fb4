import { generateKeyPairSync } from 'node:crypto';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KeyRing } from '../../src/actors/key-ring.ts';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { SecretKeeper } from '../../src/actors/secret-keeper.ts';
import type { OctetFiles } from '../../src/conf/file-system.ts';
import { KeyReader, MOST_KEYS } from '../../src/ike/crypto/signature/key-shelf.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';

const PATH = '/etc/ipsec.secrets';
const ADDRESS = Address.parse('192.0.2.1')!;
const WEST = Id.parse('@west')!;

function house(files: Record<string, string | Uint8Array>, mode = 0o600) {
  const log: string[] = [];
  const said: string[] = [];
  const port: OctetFiles = {
    readOctets: (path) =>
      Object.hasOwn(files, path) ? { octets: Uint8Array.from(Buffer.from(files[path])), mode } : { errno: 'ENOENT' },
    glob: (pattern) => Object.keys(files).filter((path) => posix.dirname(path) === posix.dirname(pattern)),
  };
  const clock = new TestClock();
  const keys = new KeyRing(clock);
  const keeper = new SecretKeeper({
    files: port,
    privateDir: '/etc/ipsec.d/private',
    keys,
    log: (level, text) => log.push(`${level}: ${text}`),
  });
  const find = () => keeper.store.findPsk(WEST, WEST, { local: ADDRESS, remote: ADDRESS });
  return {
    keeper,
    keys,
    clock,
    log,
    find,
    /** What whack is told. */
    reread: (pattern = PATH) => {
      said.length = 0;
      return { ok: keeper.reread(pattern, (text) => said.push(text)), said };
    },
    psk: () => find() && Buffer.from(find()!.reveal()).toString(),
  };
}

test('before the first reading there are none', () => {
  const { keeper, psk } = house({});
  expect([keeper.store.size, psk()]).toEqual([0, undefined]);
});

test('a reading takes the place of the one before, whose secrets are wiped', () => {
  const files = { [PATH]: ': PSK "old"\n' };
  const { reread, psk, find, log } = house(files);
  expect(reread()).toEqual({ ok: true, said: ['forgetting secrets', `loading secrets from "${PATH}"`] });
  expect(log).toEqual(['info: forgetting secrets', `info: loading secrets from "${PATH}"`]);
  const old = find()!;
  files[PATH] = ': PSK "new"\n';
  expect(reread().ok).toBe(true);
  expect(psk()).toBe('new');
  expect([...old.reveal()]).toEqual([0, 0, 0]);
});

test('with an error all is as it was, and every error is said', () => {
  const files = { [PATH]: ': PSK "old"\n' };
  const { reread, psk, log } = house(files);
  reread();
  log.length = 0;
  files[PATH] = ': PSK "new"\n@west : PSK new\n@west PSK "new"\n';
  const { ok, said } = reread();
  expect(ok).toBe(false);
  expect(said).toEqual([
    `${PATH}:2: PSK: expected "text", 0x and hex, 0s and base64, or 0t and text`,
    `${PATH}:3: expected indices, a colon between blanks, a kind and a value`,
  ]);
  expect(log).toEqual([...said, 'secrets kept as they were'].map((text) => `warn: ${text}`));
  expect(psk()).toBe('old');
});

test('with an error from the first, keys in files that need no entry are there all the same', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const files = { [PATH]: '@west PSK "new"\n', '/etc/ipsec.d/private/west.pem': pem };
  const { reread, keys, log, psk } = house(files);
  expect(reread().ok).toBe(false);
  expect(keys.list().map(({ kind, where }) => [kind, where])).toEqual([['ed25519', '/etc/ipsec.d/private/west.pem']]);
  expect(log.slice(1)).toEqual([
    `warn: no secrets until "${PATH}" is without errors, only keys from /etc/ipsec.d/private`,
    'info: private keys: 1 (Ed25519)',
  ]);
  files[PATH] = ': PSK "new"\n';
  expect([reread().ok, psk(), keys.list().length]).toEqual([true, 'new', 1]);
  // From then on all of the old ones stay.
  Object.assign(files, { [PATH]: '@west PSK "newer"\n', '/etc/ipsec.d/private/west.pem': '' });
  expect([reread().ok, psk(), keys.list().length]).toEqual([false, 'new', 1]);
});

test('in steps: the old ones are in force until the last', () => {
  const files = { [PATH]: ': PSK "old"\n' };
  const { reread, keeper, psk } = house(files);
  reread();
  files[PATH] = ': PSK "new"\n@a : PSK "x"\n@b : PSK "x"\n';
  const steps = keeper.rereading(PATH, () => {});
  for (let step = 0; step < 3; step++) {
    expect(steps.next()).toEqual({ done: false, value: undefined });
    expect(psk()).toBe('old');
  }
  expect(steps.next()).toEqual({ done: true, value: true });
  expect(psk()).toBe('new');
});

test('a reading that began earlier does not undo one that began later', () => {
  const files = { [PATH]: ': PSK "first"\n@a : PSK "x"\n' };
  const { reread, keeper, psk } = house(files);
  const slow = keeper.rereading(PATH, () => {});
  slow.next();
  files[PATH] = ': PSK "second"\n';
  expect(reread().ok).toBe(true);
  slow.next();
  expect(slow.next()).toEqual({ done: true, value: true });
  expect([psk(), keeper.store.size]).toEqual(['second', 1]);
});

test('warnings do not stop it', () => {
  const { reread, psk } = house({ [PATH]: 'east.example : PSK "x"\n: PSK "all"\n' }, 0o644);
  const { ok, said } = reread();
  expect(ok).toBe(true);
  expect(said.length).toBe(4);
  expect(said[0]).toBe(`${PATH}: warning: others than the owner may read or write it (mode 0644); chmod 600 it`);
  expect(psk()).toBe('all');
});

test('a file that has gone takes its secrets along, as in libreswan', () => {
  const files: Record<string, string> = { [PATH]: ': PSK "old"\n' };
  const { reread, keeper } = house(files);
  reread();
  delete files[PATH];
  expect(reread().ok).toBe(true);
  expect(keeper.store.size).toBe(0);
});

test('in the end they are wiped', () => {
  const { reread, keeper, find } = house({ [PATH]: ': PSK "x"\n' });
  reread();
  const secret = find()!;
  keeper.wipe();
  expect([secret.reveal()[0], find()]).toEqual([0, undefined]);
});

describe('private keys', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const forms: Record<string, string | Uint8Array> = {
    'pkcs8.pem': pair.export({ type: 'pkcs8', format: 'pem' }),
    'sec1.pem': pair.export({ type: 'sec1', format: 'pem' }),
    'pkcs8.der': pair.export({ type: 'pkcs8', format: 'der' }),
    'sec1.der': pair.export({ type: 'sec1', format: 'der' }),
    'locked.pem': pair.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' }),
    'locked.der': pair.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'sesame' }),
    'junk.pem': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'junk.der': Uint8Array.of(1, 2, 3),
    'empty.pem': '',
  };
  const dir = '/etc/keys';
  const keyed = (line: string) => {
    const files = Object.entries(forms).map(([name, form]) => [`${dir}/${name}`, form] as const);
    const [, name, more] = /^: ECDSA (\S+)(.*)$/.exec(line)!;
    const { reread, keys } = house({ [PATH]: `: ECDSA ${dir}/${name}${more}\n`, ...Object.fromEntries(files) });
    const { said } = reread();
    return [keys.list().map(({ kind, where }) => `${kind} ${where}`), said.find((text) => text.includes('left out'))];
  };
  const leftOut = (text: string) => [[], `${PATH}:1: warning: ECDSA: ${text}; the entry is left out`];

  test.each(['pkcs8.pem', 'sec1.pem', 'pkcs8.der', 'sec1.der', 'locked.pem "sesame"', 'locked.der "sesame"'])(
    '%s is one',
    (value) => expect(keyed(`: ECDSA ${value}`)).toEqual([[`p256 ${dir}/${value.split(' ')[0]}`], undefined]),
  );

  test.each(['junk.pem', 'junk.der', 'empty.pem'])('%s is none', (value) => {
    expect(keyed(`: ECDSA ${value}`)).toEqual(leftOut('bad key: there is no private key, in PEM or DER'));
  });

  test.each(['locked.pem', 'locked.der'])('%s wants its passphrase, the right one', (file) => {
    expect(keyed(`: ECDSA ${file}`)).toEqual(leftOut('bad key: it is encrypted, and there is no passphrase'));
    expect(keyed(`: ECDSA ${file} "wrong"`)).toEqual(
      leftOut('bad key: there is no private key that the passphrase opens'),
    );
    expect(keyed(`: ECDSA ${file} %prompt`)).toEqual(
      leftOut('nobody can be prompted for its passphrase here: say it, or decrypt the file'),
    );
  });

  test('PKCS#12 is for ipsec import', () => {
    const { reread, keys } = house({ [PATH]: ': P12 /k.p12 "x"\n', '/k.p12': 'x' });
    expect(reread().said[0]).toBe(
      `${PATH}:1: warning: P12: \`ipsec import FILE\` takes PKCS#12 apart, once and for all; the entry is left out`,
    );
    expect(keys.list()).toEqual([]);
  });

  test('also those that lie in the directory without an entry, for everybody', () => {
    const inDir = '/etc/ipsec.d/private';
    const { reread, keys, log } = house({
      [PATH]: '@west : ECDSA a.pem\n',
      [`${inDir}/a.pem`]: keyFile('a'),
      [`${inDir}/b.pem`]: keyFile('b'),
      [`${inDir}/copy-of-a.pem`]: keyFile('a'),
      [`${inDir}/locked.pem`]: forms['locked.pem'],
    });
    expect(reread().ok).toBe(true);
    expect(keys.list().map(({ where, owners }) => [posix.basename(where), owners.map((o) => o.length)])).toEqual([
      ['a.pem', [1]],
      ['b.pem', [0]],
    ]);
    expect(log).toContain(
      `warn: ${inDir}/locked.pem: warning: bad key: it is encrypted, and there is no passphrase; left out`,
    );
  });

  test('a file that others may read draws a warning', () => {
    const path = '/etc/ipsec.d/private/a.pem';
    const { reread, keys } = house({ [PATH]: '', [path]: keyFile('a') }, 0o644);
    const { said } = reread();
    expect(said).toContain(`${path}: warning: others than the owner may read or write it (mode 0644); chmod 600 it`);
    expect(said.at(-1)).toBe('private keys: 1 (ECDSA P-256)');
    expect(keys.list().length).toBe(1);
  });

  test('a key that is still there keeps its number, one that is gone can be signed with for a while', () => {
    const files = { [PATH]: ': ECDSA /a.pem\n: ECDSA /b.pem\n', '/a.pem': keyFile('a'), '/b.pem': keyFile('b') };
    const { reread, keys, clock } = house(files);
    reread();
    const [a, b] = keys.list().map(({ number }) => number);
    files[PATH] = ': ECDSA /b.pem\n';
    reread();
    expect(keys.list().map(({ number }) => number)).toEqual([b]);
    const reader = new KeyReader(keys.shelf.shared);
    expect(reader.find(a)?.kind).toBe('p256');
    clock.advance(31_000);
    expect(reader.find(a)).toBeUndefined();
    expect(reader.find(b)?.kind).toBe('p256');
  });

  test('one that has gone and come again is the same', () => {
    const files = { [PATH]: ': ECDSA /a.pem\n', '/a.pem': keyFile('a') };
    const { reread, keys, clock } = house(files);
    reread();
    const [{ number }] = keys.list();
    files[PATH] = '';
    reread();
    files[PATH] = ': ECDSA /a.pem\n';
    reread();
    clock.advance(31_000);
    expect(new KeyReader(keys.shelf.shared).find(keys.list()[0].number)).toBeDefined();
    expect(new KeyReader(keys.shelf.shared).find(number) === undefined).toBe(keys.list()[0].number !== number);
  });

  test('with an error in ipsec.secrets the old keys stay', () => {
    const files = { [PATH]: ': ECDSA /a.pem\n', '/a.pem': keyFile('a'), '/b.pem': keyFile('b') };
    const { reread, keys } = house(files);
    reread();
    files[PATH] = ': ECDSA /b.pem\n: PSK oops\n';
    expect(reread().ok).toBe(false);
    expect(keys.list().map(({ where }) => where)).toEqual(['/a.pem']);
  });

  test('there is room for so many, and a line says that there are more', () => {
    const many = Array.from({ length: MOST_KEYS + 2 }, (_, i) => [`/k${i}.pem`, keyFile(`k${i}`)] as const);
    const { reread, keys } = house({
      [PATH]: many.map(([path]) => `: ECDSA ${path}\n`).join(''),
      ...Object.fromEntries(many),
    });
    expect(reread().said).toContain(
      `there is room for ${MOST_KEYS} private keys: that at /k${MOST_KEYS}.pem and more are left out`,
    );
    expect(keys.list().length).toBe(MOST_KEYS);
  });

  test('in the end nobody signs with them', () => {
    const { reread, keeper, keys } = house({ [PATH]: ': ECDSA /a.pem\n', '/a.pem': keyFile('a') });
    reread();
    const [{ number }] = keys.list();
    keeper.wipe();
    expect([keys.list(), new KeyReader(keys.shelf.shared).find(number)]).toEqual([[], undefined]);
  });
});

const made = new Map<string, string>();

/** A key of its own for each name. */
function keyFile(name: string): string {
  const key =
    made.get(name) ??
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  made.set(name, key);
  return key;
}
