/** Who is let in by the file of users, by PAM, and always. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { FAIL_DELAY, XauthAnswerer, type XauthOptions } from '../../../src/services/xauth/answerer.ts';
import { PasswdFile } from '../../../src/services/xauth/passwd-file.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pluto-xauth-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const octets = (text: string) => Uint8Array.from(Buffer.from(text));

/** A hash is the password between two `$` here: what takes long is tested in test/native. */
function gate(text: string | undefined, more: Partial<XauthOptions> = {}) {
  const path = join(directory, 'passwd');
  const lines: string[] = [];
  const checked: string[] = [];
  const waits: number[] = [];
  if (text !== undefined) writeFileSync(path, text, { mode: 0o600 });
  const log = (_level: string, line: string) => void lines.push(line);
  const file = new PasswdFile(path, log);
  const answerer = new XauthAnswerer({
    file,
    crypt: (password, hash) => {
      checked.push(hash);
      return Promise.resolve(`$${Buffer.from(password).toString()}$` === hash ? undefined : 'wrong password');
    },
    pam: (service, user, _password, host) => Promise.resolve(user === 'pam' ? undefined : `no ${service} ${host}`),
    later: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
    log,
    ...more,
  });
  const ask = (
    user: string,
    password: string,
    by: 'file' | 'pam' | 'alwaysok' = 'file',
    conn = 'road',
    peer = '192.0.2.1',
  ) => answerer.answer({ t: 'xauth', by, user, password: octets(password), conn, peer: Address.parse(peer)! });
  return { answerer, ask, lines, checked, waits, path };
}

const OK = { t: 'xauth', ok: true, addresses: [] };

describe('by the file', () => {
  const USERS = '# users\ncarol:$right$:road:10.9.0.7\ndave:$one$:other\ndave:$two$\ndave:$three$:road\n';

  test('a password is right for its connection, and brings an address', async () => {
    const { ask, waits } = gate(USERS);
    const reply = await ask('carol', 'right');
    expect(reply).toMatchObject({ ok: true });
    expect('addresses' in reply && reply.addresses.map(String)).toEqual(['10.9.0.7']);
    expect(waits).toEqual([]);
    expect(await ask('dave', 'two')).toEqual(OK);
    expect(await ask('dave', 'three')).toEqual(OK);
    expect(await ask('dave', 'one')).toMatchObject({ ok: false });
    expect(await ask('dave', 'one', 'file', 'other')).toEqual(OK);
  });

  test('whoever is refused waits, and an unknown name costs a hash too', async () => {
    const { ask, waits, checked, answerer, lines } = gate(USERS);
    expect(await ask('carol', 'wrong')).toMatchObject({ ok: false, why: expect.stringContaining('wrong password') });
    expect(await ask('nobody', 'wrong')).toMatchObject({ ok: false, why: expect.stringContaining('no user "nobody"') });
    expect(await ask('carol', 'right', 'file', 'elsewhere')).toMatchObject({ ok: false });
    expect(waits).toEqual([FAIL_DELAY, FAIL_DELAY, FAIL_DELAY]);
    expect(checked).toHaveLength(3);
    expect(checked[1]).toMatch(/^\$6\$/);
    expect([...answerer.figures()]).toContainEqual(['xauth.refused', 3]);
    expect(lines.join('\n')).not.toMatch(/\$right\$|wrong$/);
  });

  test('is read again when it has become another, and only then', async () => {
    const { ask, path, lines } = gate('carol:$old$\n');
    expect(await ask('carol', 'old')).toEqual(OK);
    expect(await ask('carol', 'old')).toEqual(OK);
    expect(lines.filter((line) => line.includes('users in'))).toHaveLength(1);
    writeFileSync(path, 'carol:$newer$\ndave:$x$\n');
    expect(await ask('carol', 'old')).toMatchObject({ ok: false });
    expect(await ask('carol', 'newer')).toEqual(OK);
  });

  test('that is not there, or has wrong lines, is said so', async () => {
    const none = gate(undefined);
    expect(await none.ask('carol', 'right')).toMatchObject({ ok: false, why: expect.stringContaining('ENOENT') });
    const odd = gate('carol\n:$x$\ndave:$two$\n');
    expect(await odd.ask('dave', 'two')).toEqual(OK);
    expect(odd.lines.filter((line) => line.includes('the line is left out'))).toHaveLength(2);
  });
});

test('by PAM, and always', async () => {
  const { ask } = gate(undefined);
  expect(await ask('pam', 'x', 'pam')).toEqual(OK);
  expect(await ask('other', 'x', 'pam')).toEqual({ t: 'xauth', ok: false, why: 'PAM: no pluto 192.0.2.1' });
  expect(await ask('anybody', '', 'alwaysok')).toEqual(OK);
});

test('a check that throws is an answer, and a queue has an end', async () => {
  const broken = gate('carol:$right$\n', { crypt: () => Promise.reject(new Error('out of order')) });
  expect(await broken.ask('carol', 'right')).toEqual({ t: 'none', why: 'internal error: out of order' });
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const slow = gate('carol:$right$\n', { crypt: () => gone.then(() => undefined) });
  const asked = Array.from({ length: 2_003 }, (_, i) =>
    slow.ask('carol', 'right', 'file', 'road', `10.0.${i >> 8}.${i & 255}`),
  );
  expect(await asked[2_002]).toMatchObject({ ok: false, why: expect.stringContaining('too many') });
  go();
  expect((await Promise.all(asked)).filter((reply) => reply.t === 'xauth' && reply.ok)).toHaveLength(2_002);
});

test('an empty password, and one with a NUL, where crypt(3) would stop reading, is none', async () => {
  const { ask, checked } = gate('carol:$$:road\n');
  expect(await ask('carol', '')).toMatchObject({ ok: false, why: expect.stringContaining('empty') });
  expect(await ask('carol', '\0x')).toMatchObject({ ok: false });
  expect(await ask('pam', '', 'pam')).toMatchObject({ ok: false });
  expect(checked).toEqual([]);
});

test('whoever asks without end keeps nobody elsewhere waiting', async () => {
  let resolve: (value: undefined) => void = () => {};
  const promise = new Promise<undefined>((done) => {
    resolve = done;
  });
  const { ask } = gate('carol:$right$:road\n', { crypt: () => promise });
  const from = (peer: string) => ask('carol', 'right', 'file', 'road', peer);
  const flood = Array.from({ length: 200 }, () => from('192.0.2.66'));
  const other = from('192.0.2.1');
  resolve(undefined);
  expect(await other).toMatchObject({ ok: true });
  const answers = await Promise.all(flood);
  expect(answers.filter((reply) => reply.t === 'xauth' && !reply.ok)).toHaveLength(136);
  expect(await from('192.0.2.66')).toMatchObject({ ok: true });
});
