/** Keys and certificates come from elsewhere: PKCS#12, PEM, NSS. All of it is there afterwards, or nothing. */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../../../src/cli/commands/import.ts';
import { nameFor } from '../../../src/cli/host-keys/import-plan.ts';
import { entriesIn } from '../../../src/cli/host-keys/nss.ts';
import { typedLine } from '../../../src/cli/typing.ts';
import { certificate, crl, pem } from '../../services/store/pki.ts';
import { commandExists } from '../../support/machine.ts';
import { lacksOpenssl, p12 } from '../host-keys/p12.ts';

const root = certificate({ subject: 'CN=root', isCa: true });
const middle = certificate({ subject: 'C=CA, CN=middle ca', isCa: true, issuer: root });
const west = certificate({ subject: 'CN=west', issuer: middle, names: ['west.example'] });
const east = certificate({ subject: 'CN=east', issuer: root });

function home() {
  const dir = mkdtempSync(join(tmpdir(), 'pluto-import-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const at = (name: string) => join(dir, name);
  writeFileSync(at('ipsec.conf'), `config setup\n\tipsecdir=${dir}/d\n\tsecretsfile=${dir}/ipsec.secrets\n`);
  const asked: string[] = [];
  return {
    at,
    asked,
    typed: undefined as string | undefined,
    write: (name: string, octets: string | Uint8Array) => {
      mkdirSync(join(at(name), '..'), { recursive: true });
      writeFileSync(at(name), octets);
      return at(name);
    },
    /** Below `ipsecdir=`. */
    files: () => tree(at('d')),
    async run(options: Readonly<Record<string, string>>, ...operands: string[]) {
      let [stdout, stderr] = ['', ''];
      const exit = await run(
        { operands, options: new Map([['config', at('ipsec.conf')], ...Object.entries(options)]) },
        {
          out: (text) => {
            stdout += text;
          },
          err: (line) => {
            stderr += `${line}\n`;
          },
        },
        {
          now: () => 1_700_000_000_000,
          ask: async (question) => {
            asked.push(question.replaceAll(dir, ''));
            return this.typed;
          },
        },
      );
      return { exit, stdout: stdout.replaceAll(dir, ''), stderr: stderr.replaceAll(dir, '') };
    },
  };
}

function tree(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
      .sort();
  } catch {
    return [];
  }
}

describe('PEM', () => {
  const bundle = west.keyPem + west.pem + middle.pem + root.pem + pem('X509 CRL', crl(root, [7]));

  test('each part goes where pluto looks for it, and others may not read it', async () => {
    const h = home();
    const { exit, stdout, stderr } = await h.run({}, h.write('bundle.pem', bundle));
    expect(h.files()).toEqual([
      'cacerts/root.pem',
      'certs/middle_ca.pem',
      'certs/west.pem',
      'crls/CN=root.pem',
      'private/west.pem',
    ]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^private key "west" is in \/d\/private\/west.pem \(private key, CKAID [0-9a-f]{40}\)$/m);
    expect(stdout).toContain(
      'certificate "west" is in /d/certs/west.pem (CN=west, issued by C=CA, CN=middle ca, until 2049-03-22)\n',
    );
    expect(stderr).toBe('`ipsec rereadall` shows them to pluto\n');
    for (const file of h.files()) expect(statSync(h.at(`d/${file}`)).mode & 0o777).toBe(0o600);
    expect(statSync(h.at('d/private')).mode & 0o777).toBe(0o700);
    expect(readFileSync(h.at('d/certs/west.pem'), 'utf8')).toBe(west.pem);
  });

  test('again: it is there already, and is not written', async () => {
    const h = home();
    const path = h.write('bundle.pem', bundle);
    await h.run({}, path);
    const before = h.files().map((file) => statSync(h.at(`d/${file}`)).ino);
    const { exit, stdout, stderr } = await h.run({}, path);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout.match(/is there already/g)).toHaveLength(5);
    expect(h.files().map((file) => statSync(h.at(`d/${file}`)).ino)).toEqual(before);
  });

  test('--dry-run writes nothing, --json tells it as data', async () => {
    const h = home();
    const path = h.write('bundle.pem', bundle);
    expect((await h.run({ 'dry-run': '' }, path)).stdout).toContain('certificate "west" would be in');
    expect(h.files()).toEqual([]);
    const { stdout } = await h.run({ json: '' }, path);
    expect(JSON.parse(stdout)).toMatchObject([
      { kind: 'key', name: 'west', path: '/d/private/west.pem', state: 'new' },
      {
        ...{ kind: 'certificate', name: 'west', state: 'new', hasKey: true, subject: 'CN=west' },
        ...{ issuer: 'C=CA, CN=middle ca', names: ['@west.example'], notAfter: 2_500_000_000 },
      },
      { kind: 'authority', name: 'middle_ca' },
      { kind: 'authority', name: 'root' },
      { kind: 'crl' },
    ]);
    expect(stdout).not.toContain('PRIVATE');
  });

  test('a renewed certificate takes the place of the older, its key too', async () => {
    const h = home();
    await h.run({}, h.write('a.pem', west.keyPem + west.pem));
    const renewed = certificate({ subject: 'CN=west', issuer: middle, until: 2_600_000_000 });
    const { exit, stdout } = await h.run({}, h.write('b.pem', renewed.keyPem + renewed.pem));
    expect([exit, stdout.match(/is the new/g)?.length]).toEqual([0, 2]);
    expect(readFileSync(h.at('d/certs/west.pem'), 'utf8')).toBe(renewed.pem);
    const back = await h.run({}, h.at('a.pem'));
    expect([back.exit, back.stderr]).toEqual([
      1,
      'ipsec import: a.pem: /d/certs/west.pem lasts longer than the certificate in the file\n',
    ]);
  });

  test('nothing of others is written over, and then nothing is written at all', async () => {
    const h = home();
    await h.run({}, h.write('a.pem', west.keyPem + west.pem));
    const other = certificate({ subject: 'CN=other', issuer: root });
    const { exit, stderr } = await h.run({ name: 'west' }, h.write('b.pem', other.keyPem + other.pem + root.pem));
    expect([exit, stderr]).toEqual([
      1,
      'ipsec import: b.pem: /d/certs/west.pem is there, and is CN=west, issued by C=CA, CN=middle ca, until 2049-03-22: say --name\n',
    ]);
    expect(h.files()).toEqual(['certs/west.pem', 'private/west.pem']);
    h.write('d/private/mine.pem', east.keyPem);
    expect((await h.run({ name: 'mine' }, h.at('b.pem'))).stderr).toContain('/d/private/mine.pem is another key');
    expect(h.files()).not.toContain('certs/mine.pem');
  });

  test('an authority of a taken name gets another', async () => {
    const h = home();
    const namesake = certificate({ subject: 'CN=root', isCa: true });
    await h.run({}, h.write('a.pem', root.pem));
    await h.run({}, h.write('b.pem', namesake.pem));
    expect(h.files()).toEqual([expect.stringMatching(/^cacerts\/root-[0-9a-f]{8}\.pem$/), 'cacerts/root.pem']);
    expect((await h.run({}, h.at('b.pem'))).stdout).toContain('is there already');
  });

  test('a key of another certificate is refused, and a damaged one', async () => {
    const h = home();
    const mixed = await h.run({}, h.write('a.pem', east.keyPem + west.pem));
    expect(mixed.stderr).toMatch(
      /the private key with CKAID [0-9a-f]{40} belongs to none of the certificates in the file/,
    );
    const damaged = await h.run(
      {},
      h.write('b.pem', west.keyPem.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') + west.pem),
    );
    expect(damaged.stderr).toContain('a private key in it is bad');
    expect([mixed.exit, damaged.exit, h.files()]).toEqual([1, 1, []]);
  });

  test('names cannot lead out of the directory', async () => {
    const h = home();
    const evil = certificate({ subject: 'CN=../../etc/cron', issuer: root });
    await h.run({}, h.write('a.pem', evil.keyPem + evil.pem));
    await h.run({ name: '../../../x' }, h.write('b.pem', west.pem));
    expect(h.files()).toEqual(['certs/etc_cron.pem', 'certs/x.pem', 'private/etc_cron.pem']);
    expect(nameFor('..', '/', '\n')).toBe('imported');
    expect(nameFor('.hidden')).toBe('hidden');
    expect(nameFor('Über GmbH — VPN')).toBe('Uber_GmbH_VPN');
    expect(nameFor('x'.repeat(300)).length).toBe(100);
  });

  test('a file that cannot be written leaves none of the others behind', async () => {
    const h = home();
    mkdirSync(h.at('d/cacerts'), { recursive: true });
    symlinkSync('/nowhere/at/all', h.at('d/cacerts/root.pem'));
    const { exit, stderr } = await h.run({}, h.write('a.pem', west.keyPem + west.pem + root.pem));
    expect([exit, stderr]).toEqual([1, 'ipsec import: cannot write /d/cacerts/root.pem: EEXIST\n']);
    expect(h.files()).toEqual([]);
  });

  test('it says what is missing, and what is over', async () => {
    const h = home();
    const old = certificate({ subject: 'CN=old', issuer: root, until: 1_600_000_001 });
    const { stderr } = await h.run({}, h.write('a.pem', old.keyPem + old.pem));
    expect(stderr).toContain('warning: "old" has expired\n');
    expect(stderr).toContain('warning: who has issued "old" is not in the file: pluto needs CN=root in cacerts\n');
  });

  test.each([
    ['text', 'hello', 'it is no PKCS#12 file with a passphrase'],
    ['other PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'there is nothing in it to import'],
    [
      'half a certificate',
      west.pem.slice(0, 200),
      'a certificate in it is none: certificate: it is missing, at octet 0',
    ],
  ])('%s is refused', async (_, octets, why) => {
    const h = home();
    const { exit, stderr } = await h.run({}, h.write('a.pem', octets));
    expect([exit, stderr.replace('/a.pem', 'a.pem')]).toEqual([1, `ipsec import: a.pem: ${why}\n`]);
  });

  test.each([
    [{}, [], 'expected a file, or --nss DIR and no file'],
    [{ nss: '/x' }, ['a'], 'expected a file, or --nss DIR and no file'],
    [{ nickname: 'a' }, ['a'], '--nickname is for --nss; --name is'],
    [{ name: 'a' }, ['a', 'b'], '--name is for one file'],
  ])('%j %j is a slip of the tongue', async (options, operands, why) => {
    const h = home();
    expect(await h.run(options, ...operands)).toEqual({ exit: 2, stdout: '', stderr: `ipsec import: ${why}\n` });
  });

  test('DER, a certificate or a key', async () => {
    const h = home();
    const der = new Uint8Array(west.key.privateKey.export({ type: 'pkcs8', format: 'der' }));
    expect((await h.run({}, h.write('root.der', root.der))).exit).toBe(0);
    expect((await h.run({}, h.write('bare.key', der))).exit).toBe(0);
    expect(h.files()).toEqual(['cacerts/root.pem', 'private/bare.pem']);
  });

  test('an encrypted key asks for its passphrase', async () => {
    const h = home();
    const locked = west.key.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'sesame',
    });
    h.typed = 'sesame';
    expect((await h.run({}, h.write('a.pem', `${locked}${west.pem}`))).exit).toBe(0);
    expect(h.asked).toEqual(['Passphrase of /a.pem: ']);
    expect(readFileSync(h.at('d/private/west.pem'), 'utf8')).toBe(west.keyPem);
  });
});

describe('PKCS#12', () => {
  beforeEach(({ skip }) => skip(lacksOpenssl !== undefined, lacksOpenssl));

  const make = (h: ReturnType<typeof home>, passphrase: string, how: readonly string[] = []) =>
    h.write(
      'west.p12',
      p12({ key: west.keyPem, certificates: [west.pem, middle.pem, root.pem], passphrase, name: 'my west', how }),
    );

  test.each([[[]], [['-legacy']]])('%j: with the passphrase that is typed', async (how) => {
    const h = home();
    h.typed = 'sesame';
    const { exit } = await h.run({}, make(h, 'sesame', how));
    expect([exit, h.asked]).toEqual([0, ['Passphrase of /west.p12: ']]);
    expect(h.files()).toEqual(['cacerts/root.pem', 'certs/middle_ca.pem', 'certs/my_west.pem', 'private/my_west.pem']);
    expect(readFileSync(h.at('d/private/my_west.pem'), 'utf8')).toBe(west.keyPem);
  });

  test('with that of a file; without one where there is none', async () => {
    const h = home();
    const file = h.write('pass', 'sesame\nsecond line\n');
    expect((await h.run({ 'password-file': file, name: 'gate' }, make(h, 'sesame'))).exit).toBe(0);
    expect(h.files()).toContain('certs/gate.pem');
    expect((await h.run({}, make(h, ''))).exit).toBe(0);
    expect(h.asked).toEqual([]);
  });

  test('a wrong one is refused, and nobody at the terminal as well', async () => {
    const h = home();
    const file = h.write('pass', 'mellon\n');
    const wrong = await h.run({ 'password-file': file }, make(h, 'sesame'));
    expect([wrong.exit, wrong.stderr]).toEqual([1, 'ipsec import: /west.p12: the passphrase does not open it\n']);
    const nobody = await h.run({}, h.at('west.p12'));
    expect([nobody.exit, nobody.stderr]).toEqual([
      1,
      'ipsec import: /west.p12: it has a passphrase: say --password-file FILE\n',
    ]);
    expect(h.files()).toEqual([]);
  });
});

const lacksNss =
  lacksOpenssl ??
  (commandExists('pk12util') && commandExists('certutil') ? undefined : 'pk12util or certutil is missing');

describe('NSS', () => {
  beforeEach(({ skip }) => skip(lacksNss !== undefined, lacksNss));

  function database(h: ReturnType<typeof home>) {
    const dir = h.at('nss');
    mkdirSync(dir);
    const must = (command: string, ...args: string[]) => {
      const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${command}: ${stderr}`);
    };
    must('certutil', '-N', '-d', `sql:${dir}`, '--empty-password');
    const file = h.write(
      'in.p12',
      p12({ key: west.keyPem, certificates: [west.pem, middle.pem], passphrase: 'x', name: 'my west' }),
    );
    must('pk12util', '-i', file, '-d', `sql:${dir}`, '-W', 'x');
    must(
      'certutil',
      '-A',
      '-d',
      `sql:${dir}`,
      '-n',
      'the root',
      '-t',
      'CT,,',
      '-a',
      '-i',
      h.write('root.pem', root.pem),
    );
    must('certutil', '-A', '-d', `sql:${dir}`, '-n', 'a peer', '-t', ',,', '-a', '-i', h.write('east.pem', east.pem));
    return dir;
  }

  test('all that has a key, all that is trusted, and nothing else', async () => {
    const h = home();
    const { exit, stderr } = await h.run({ nss: database(h) });
    expect([exit, stderr]).toEqual([0, '`ipsec rereadall` shows them to pluto\n']);
    expect(h.files()).toEqual([
      'cacerts/the_root.pem',
      'certs/middle_ca.pem',
      'certs/my_west.pem',
      'private/my_west.pem',
    ]);
    expect(readFileSync(h.at('d/private/my_west.pem'), 'utf8')).toBe(west.keyPem);
  }, 30_000);

  test('one by its nickname, also a peer’s; one that is not there is refused', async () => {
    const h = home();
    const nss = database(h);
    expect((await h.run({ nss, nickname: 'a peer' })).exit).toBe(0);
    expect(h.files()).toEqual(['certs/a_peer.pem']);
    expect((await h.run({ nss, nickname: 'nobody' })).stderr).toContain('there is no certificate "nobody" in /nss');
  });
});

test('the listing of certutil: nicknames with blanks, and trust', () => {
  const listing = `
Certificate Nickname                                         Trust Attributes
                                                             SSL,S/MIME,JAR/XPI

my west, 2nd                                                 u,u,u
root                                                         CT,C,
a peer                                                       ,,
`;
  expect(entriesIn(listing)).toEqual([
    { nickname: 'my west, 2nd', trust: 'u,u,u' },
    { nickname: 'root', trust: 'CT,C,' },
    { nickname: 'a peer', trust: ',,' },
  ]);
});

test.each([
  ['sesame\r', 'sesame'],
  ['sesamx\x7fe\n', 'sesame'],
  ['other\x15sesame\r', 'sesame'],
  ['sesame\x04', 'sesame'],
  ['ses\x03', undefined],
])('%j is typed', async (keys, line) => {
  async function* typed() {
    for (const key of keys) yield Buffer.from(key);
  }
  expect(await typedLine(typed())).toBe(line);
});
