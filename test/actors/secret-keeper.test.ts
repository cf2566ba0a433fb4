import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SecretKeeper } from '../../src/actors/secret-keeper.ts';
import type { OctetFiles } from '../../src/conf/file-system.ts';
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
    glob: () => Object.keys(files),
  };
  const keeper = new SecretKeeper({
    files: port,
    privateDir: '/etc/ipsec.d/private',
    log: (level, text) => log.push(`${level}: ${text}`),
  });
  const find = () => keeper.store.findPsk(WEST, WEST, { local: ADDRESS, remote: ADDRESS });
  return {
    keeper,
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
  const dir = '/etc/ipsec.d/private';
  const keyed = (line: string) => {
    const files = Object.entries(forms).map(([name, form]) => [`${dir}/${name}`, form] as const);
    const { reread, keeper } = house({ [PATH]: `${line}\n`, ...Object.fromEntries(files) });
    const { said } = reread();
    return [keeper.store.privateKeys().length, said.find((text) => text.includes('left out'))];
  };
  const leftOut = (text: string) => [0, `${PATH}:1: warning: ECDSA: ${text}; the entry is left out`];

  test.each([
    'pkcs8.pem',
    'sec1.pem',
    'pkcs8.der',
    'sec1.der',
    'locked.pem "sesame"',
    'locked.der "sesame"',
    'locked.pem %prompt',
  ])('%s is one', (value) => expect(keyed(`: ECDSA ${value}`)).toEqual([1, undefined]));

  test.each(['junk.pem', 'junk.der', 'empty.pem'])('%s is none', (value) => {
    expect(keyed(`: ECDSA ${value}`)).toEqual(leftOut('there is no private key in its file, in PEM or DER'));
  });

  test.each(['locked.pem', 'locked.der'])('%s wants its passphrase, the right one', (file) => {
    expect(keyed(`: ECDSA ${file}`)).toEqual(leftOut('its key is encrypted: "passphrase" or %prompt is missing'));
    expect(keyed(`: ECDSA ${file} "wrong"`)).toEqual(
      leftOut('there is no private key in its file that the passphrase opens'),
    );
  });
});
