/** A key is made, kept and shown: newhostkey, rsasigkey, ecdsasigkey, showhostkey on files of their own. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run as ecdsasigkey } from '../../../src/cli/commands/ecdsasigkey.ts';
import { run as newhostkey } from '../../../src/cli/commands/newhostkey.ts';
import { run as rsasigkey } from '../../../src/cli/commands/rsasigkey.ts';
import { run as showhostkey } from '../../../src/cli/commands/showhostkey.ts';
import { ipsec } from '../../../src/cli/ipsec.ts';
import { commandNamed } from '../../../src/cli/ipsec-commands.ts';
import type { IpsecLine } from '../../../src/cli/ipsec-line.ts';
import { keyOf } from '../../ike/crypto/signature/keys.ts';
import { certificate } from '../../services/store/pki.ts';
import { files } from './files.ts';

type Command = (line: IpsecLine, output: { out(text: string): void; err(line: string): void }) => Promise<number>;

function home(secrets?: string) {
  const dir = mkdtempSync(join(tmpdir(), 'pluto-keys-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const at = (name: string) => join(dir, name);
  writeFileSync(at('ipsec.conf'), `config setup\n\tipsecdir=${dir}/d\n\tsecretsfile=${dir}/ipsec.secrets\n`);
  if (secrets !== undefined) writeFileSync(at('ipsec.secrets'), secrets, { mode: 0o600 });
  return {
    at,
    read: (name: string) => readFileSync(at(name), 'utf8'),
    async run(command: Command, options: Readonly<Record<string, string>> = {}, ...operands: string[]) {
      let [stdout, stderr] = ['', ''];
      const exit = await command(
        {
          command: commandNamed('version')!,
          operands,
          options: new Map([['config', at('ipsec.conf')], ...Object.entries(options)]),
        },
        {
          out: (text) => {
            stdout += text;
          },
          err: (line) => {
            stderr += `${line}\n`;
          },
        },
      );
      return { exit, stdout, stderr: stderr.replaceAll(dir, '') };
    },
  };
}

describe('a new key', () => {
  test.each([
    ['RSA', newhostkey, { bits: '2048' }, 'RSA', 'leftrsasigkey', /2048 bit RSA/],
    ['RSA by its old name', rsasigkey, { '': '2048' }, 'RSA', 'leftrsasigkey', /2048 bit RSA/],
    ['ECDSA', newhostkey, { keytype: 'ecdsa' }, 'ECDSA', 'leftecdsakey', /256 bit ECDSA/],
    ['ECDSA by bits', newhostkey, { keytype: 'ecdsa', bits: '521' }, 'ECDSA', 'leftecdsakey', /521 bit ECDSA/],
    ['ECDSA by its old name', ecdsasigkey, { curve: 'secp384r1' }, 'ECDSA', 'leftecdsakey', /384 bit ECDSA/],
    ['Ed25519', newhostkey, { keytype: 'ed25519' }, 'PKCS8', 'leftpubkey', /256 bit EdDSA/],
    ['Ed448', newhostkey, { keytype: 'ed448' }, 'PKCS8', 'leftpubkey', /456 bit EdDSA/],
  ] as const)(
    '%s is in a file of its own, named in ipsec.secrets, and shown',
    async (_, command, how, kind, keyword, says) => {
      const { '': operand, ...options } = how as Record<string, string>;
      const at = home();
      const made = await at.run(command, options, ...(operand ? [operand] : []));
      expect([made.exit, made.stdout]).toEqual([0, '']);
      expect(made.stderr).toMatch(says);
      // What scripts do with it.
      const ckaid = /^The .*showhostkey.*ckaid (.*)$/m.exec(made.stderr)![1];
      expect(ckaid).toMatch(/^[0-9a-f]{40}$/);

      const name = `hostkey-${ckaid.slice(0, 8)}.pem`;
      expect(readdirSync(at.at('d/private'))).toEqual([name]);
      expect(statSync(at.at(`d/private/${name}`)).mode & 0o777).toBe(0o600);
      expect(statSync(at.at('d/private')).mode & 0o777).toBe(0o700);
      expect(statSync(at.at('ipsec.secrets')).mode & 0o777).toBe(0o600);
      expect(at.read('ipsec.secrets')).toMatch(new RegExp(`^# .* bits, .*\n# ckaid: ${ckaid}\n: ${kind} ${name}\n$`));

      const listed = await at.run(showhostkey, { list: '' });
      expect(listed.stdout.replace(/^.*ckaid: /, '').trim()).toBe(ckaid);
      const shown = await at.run(showhostkey, { left: '', ckaid: ckaid.slice(0, 12) });
      expect(shown).toMatchObject({ exit: 0, stderr: '', stdout: expect.stringContaining(`\t${keyword}=0s`) });
      const openssl = spawnSync('openssl', ['pkey', '-in', at.at(`d/private/${name}`), '-pubout']);
      expect((await at.run(showhostkey, { pem: '' })).stdout).toBe(openssl.stdout.toString());
    },
  );

  test('is added to what there is, which stays as it is', async () => {
    const at = home('@west @east : PSK "swordfish"');
    mkdirSync(at.at('d/private'), { recursive: true, mode: 0o755 });
    await at.run(newhostkey, { keytype: 'ed25519' });
    await at.run(newhostkey, { keytype: 'ecdsa' });
    expect(at.read('ipsec.secrets')).toMatch(
      /^@west @east : PSK "swordfish"\n# .*\n.*\n: PKCS8 .*\n# .*\n.*\n: ECDSA .*\n$/,
    );
    const { stdout } = await at.run(showhostkey, { list: '' });
    expect(stdout).toMatch(/^< 1> EdDSA keyid: .*\n< 2> ECDSA keyid: .*\n$/);
    expect(await at.run(showhostkey, { left: '' })).toMatchObject({
      ...{ exit: 2, stdout: '', stderr: expect.stringMatching(/several keys; say --ckaid\n< 1> EdDSA.*\n< 2> ECDSA/) },
    });
  });

  test('is named in the file that --output says', async () => {
    const at = home();
    await at.run(newhostkey, { keytype: 'ed25519', output: at.at('host.secrets') });
    expect(at.read('host.secrets')).toContain(': PKCS8 hostkey-');
    expect((await at.run(showhostkey, { dump: '' })).stdout).not.toContain('named at');
    expect((await at.run(showhostkey, { dump: '', file: at.at('host.secrets') })).stdout).toContain('named at');
  });

  test('leaves nothing behind when ipsec.secrets cannot be written', async () => {
    const at = home();
    mkdirSync(at.at('ipsec.secrets'));
    const { exit, stderr } = await at.run(newhostkey, { keytype: 'ed25519' });
    expect([exit, stderr]).toEqual([1, 'ipsec: cannot write /ipsec.secrets: EISDIR\n']);
    expect(readdirSync(at.at('d/private'))).toEqual([]);
  });

  test('is shown without an entry too, with the certificates that it has', async () => {
    const at = home();
    const west = certificate({ subject: 'CN=west' });
    for (const dir of ['private', 'certs']) mkdirSync(at.at(`d/${dir}`), { recursive: true });
    writeFileSync(at.at('d/private/any.pem'), west.keyPem, { mode: 0o600 });
    writeFileSync(at.at('d/certs/gate.pem'), west.pem);
    const { stdout } = await at.run(showhostkey, { dump: '' });
    expect(stdout).toMatch(/^< 1> ECDSA .*\n.*ECDSA P-256, 256 bits\n.*private key: .*any.pem\n.*certificate: gate\n/);
    expect(JSON.parse((await at.run(showhostkey, { list: '', json: '' })).stdout)).toMatchObject([
      { file: null, line: null, certificates: ['gate'] },
    ]);
  });

  test('--quiet says nothing, --json where it is', async () => {
    const at = home();
    expect(await at.run(newhostkey, { keytype: 'ed25519', quiet: '' })).toEqual({ exit: 0, stdout: '', stderr: '' });
    const { stdout } = await at.run(newhostkey, { keytype: 'ed25519', json: '' });
    expect(JSON.parse(stdout)).toMatchObject({ type: 'EdDSA', name: 'Ed25519', bits: 256, ckaid: expect.any(String) });
  });

  test.each([
    [newhostkey, { keytype: 'dsa' }, /expected rsa, ecdsa, ed25519 or ed448/],
    [newhostkey, { bits: '1024' }, /expected 2048 to 16384 bits, a multiple of 16/],
    [newhostkey, { bits: '2049' }, /a multiple of 16/],
    [newhostkey, { bits: '99999999' }, /expected 2048/],
    [newhostkey, { bits: 'many' }, /expected 2048/],
    [newhostkey, { keytype: 'ecdsa', curve: '__proto__' }, /expected secp256r1/],
    [newhostkey, { keytype: 'ecdsa', curve: 'secp256k1' }, /expected secp256r1/],
    [newhostkey, { keytype: 'ecdsa', curve: 'p-256', bits: '384' }, /say the same/],
    [newhostkey, { keytype: 'ed25519', bits: '256' }, /without --bits/],
    [newhostkey, { curve: 'p-256' }, /--curve is for --keytype ecdsa/],
    [rsasigkey, { '': '1000' }, /ipsec rsasigkey: expected 2048/],
    [ecdsasigkey, { '': 'secp256k1' }, /ipsec ecdsasigkey: expected secp256r1/],
  ] as const)('what cannot be is refused, and nothing is made', async (command, how, why) => {
    const { '': operand, ...options } = how as Record<string, string>;
    const at = home();
    const { exit, stdout, stderr } = await at.run(command, options, ...(operand ? [operand] : []));
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(why);
    expect(readdirSync(at.at('.'))).toEqual(['ipsec.conf']);
  });
});

describe('where keys are', () => {
  test.each([
    ['is not there', undefined, /cannot read ".*": ENOENT/],
    [
      'says it twice',
      'config setup\n\tipsecdir=/proc/none/a\n\tipsecdir=/proc/none/b\n',
      /ipsec.conf:3: \[config setup\]/,
    ],
    ['has a slip of the pen', 'config setup\n\tipsecdir=HOME\n\tsecretsfil=x\n', /ipsec.conf:3: \[config setup\]/],
    ['is no such file', '\u0000\n', /ipsec.conf/],
  ])('an ipsec.conf that %s leaves that open: no key is made, none shown', async (_, conf, why) => {
    const at = home();
    rmSync(at.at('ipsec.conf'));
    if (conf !== undefined) writeFileSync(at.at('ipsec.conf'), conf.replace('HOME', at.at('d')));
    for (const [command, options] of [
      [newhostkey, { keytype: 'ed25519', output: at.at('host.secrets') }],
      [showhostkey, { list: '' }],
    ] as const) {
      const { exit, stdout, stderr } = await at.run(command, options);
      expect([exit, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(why);
    }
    expect(existsSync(at.at('host.secrets'))).toBe(false);
  });
});

describe('on the command line', () => {
  test('a key is made and shown, and what libreswan alone understands changes nothing', async () => {
    const at = home();
    // Nothing here may ever reach the keys of the machine that it runs on.
    const run = async (...words: string[]) => {
      let [stdout, stderr] = ['', ''];
      const exit = await ipsec([...words, '--config', at.at('ipsec.conf')], {
        out: (text) => {
          stdout += text;
        },
        err: (line) => {
          stderr += `${line}\n`;
        },
      });
      return { exit, stdout, stderr };
    };
    const made = await run('newhostkey', '--keytype', 'ecdsa', '--seeddev', '/dev/random', '--nssdir', 'x');
    expect([made.exit, made.stdout]).toEqual([0, '']);
    await run('rsasigkey', '2048', '--quiet');
    await run('ecdsasigkey', 'secp384r1', '--quiet');
    const { stdout } = await run('showhostkey', '--list');
    expect(stdout.match(/RSA|ECDSA/g)).toEqual(['ECDSA', 'RSA', 'ECDSA']);
    const ckaid = /ckaid (\w+)$/m.exec(made.stderr)?.[1] ?? '';
    expect(readdirSync(at.at('d/private'))).toHaveLength(3);
    const shown = await run('showhostkey', '--right', '--ckaid', ckaid);
    expect(shown.stdout).toMatch(/^\t# ecdsakey \S{9}\n\trightecdsakey=0s[\w+/=]+\n$/);
  });

  test.each([
    [['newhostkey', '--keytype', 'dsa'], '--keytype is one of rsa, ecdsa, ed25519, ed448'],
    [['rsasigkey', '2048', '4096'], 'too many operands: [BITS]'],
    [['showhostkey', '--left', 'west'], 'showhostkey takes no operands'],
    [['showhostkey', '--private'], 'unknown option "--private"'],
  ])('%j is refused', async (words, why) => {
    const { exit, stdout, stderr } = await files({ 'ipsec.conf': 'config setup\n\tipsecdir=/proc/none\n' }).run(
      ...words,
    );
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
  });
});

describe('showhostkey', () => {
  /** FreeS/WAN's form of a key. */
  function braces(): string {
    const jwk = JSON.parse(spawnSync(process.execPath, ['-e', TO_JWK], { input: keyPem() }).stdout.toString());
    const fields = { Modulus: 'n', PublicExponent: 'e', PrivateExponent: 'd', Prime1: 'p', Prime2: 'q' };
    const more = { Exponent1: 'dp', Exponent2: 'dq', Coefficient: 'qi' };
    const lines = Object.entries({ ...fields, ...more }).map(
      ([name, from]) => `\t${name}: 0x${Buffer.from(jwk[from], 'base64url').toString('hex')}\n`,
    );
    return `: RSA {\n${lines.join('')}\t}\n`;
  }
  const keyPem = () => keyOf('rsa').handle.export({ type: 'pkcs8', format: 'pem' });
  const TO_JWK = `const { createPrivateKey } = require('node:crypto');
    console.log(JSON.stringify(createPrivateKey(require('node:fs').readFileSync(0)).export({ format: 'jwk' })))`;

  test('knows FreeS/WAN’s braces, and files with a passphrase', async () => {
    const at = home(`${braces()}: PKCS8 locked.pem "open sesame"\n: RSA plain.pem\n`);
    mkdirSync(at.at('d/private'), { recursive: true });
    const locked = { cipher: 'aes-256-cbc', passphrase: 'open sesame' };
    const pem = keyOf('p256').handle.export({ type: 'pkcs8', format: 'pem', ...locked });
    writeFileSync(at.at('d/private/locked.pem'), pem, { mode: 0o600 });
    writeFileSync(at.at('d/private/plain.pem'), keyPem(), { mode: 0o600 });
    const { stdout, stderr } = await at.run(showhostkey, { dump: '' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^< 1> RSA .*\n.*2048 bits\n.*in braces, named at .*ipsec.secrets:1\n/);
    expect(stdout).toMatch(/\n< 2> ECDSA .*\n.*P-256, 256 bits\n.*locked.pem, named at .*:11\n/);
    const [first, second] = [...stdout.matchAll(/RSA keyid: .*/g)].map(([line]) => line);
    expect(second).toBe(first);
  });

  test('never prints a private half', async () => {
    const at = home(braces());
    const secret = /PrivateExponent: 0x(\w{40})/.exec(at.read('ipsec.secrets'))![1];
    for (const way of ['left', 'right', 'ipseckey', 'pem', 'list', 'dump']) {
      for (const more of [{}, { json: '' }, { verbose: '' }]) {
        const { exit, stdout, stderr } = await at.run(showhostkey, { [way]: '', ...more });
        expect([exit, stderr.includes('bad key')]).toEqual([0, false]);
        const said = stdout + stderr + Buffer.from(stdout, 'base64').toString('hex');
        expect(said).not.toContain(secret);
      }
    }
  });

  test.each([
    [{}, 2, /expected one of --left, --right/],
    [{ left: '', list: '' }, 2, /expected one of/],
    [{ list: '', ckaid: 'aa' }, 2, /--list shows all keys/],
    [{ left: '', ckaid: 'aa', rsaid: 'bb' }, 2, /say the same/],
    [{ ipseckey: '', precedence: '256' }, 5, /--precedence: expected 0 to 255/],
    [{ ipseckey: '', precedence: '-1' }, 5, /--precedence/],
    [{ gateway: 'a b' }, 5, /--gateway: expected an address or a name/],
    [{ left: '', ckaid: '00' }, 20, /no keys found/],
    [{ left: '', ckaid: '' }, 20, /no keys found/],
    [{ left: '', rsaid: 'AwEAAAAAA' }, 20, /no keys found/],
  ])('%j is refused', async (options, status, why) => {
    const { exit, stdout, stderr } = await home(braces()).run(showhostkey, options);
    expect([exit, stdout]).toEqual([status, '']);
    expect(stderr).toMatch(why);
  });

  test('without a key it says why', async () => {
    const at = home(': RSA away.pem\n');
    const { exit, stderr } = await at.run(showhostkey, { left: '' });
    expect(exit).toBe(20);
    expect(stderr).toMatch(/cannot read its file: ENOENT/);
    writeFileSync(at.at('ipsec.secrets'), ': RSA { Modulus: 0x03 }\n');
    expect((await at.run(showhostkey, { list: '' })).stderr).toMatch(/ipsec.secrets:1/);
  });
});
