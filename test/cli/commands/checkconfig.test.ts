import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KEYWORDS } from '../../../src/conf/keywords.ts';
import { factsOf } from '../../../src/services/store/spki-facts.ts';
import { certificate, type Pair, pair } from '../../services/store/pki.ts';
import { files } from './files.ts';

const SOUND = 'conn west\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n';
const WRONG = {
  'ipsec.conf': `config setup\n\tlisten=300.1.1.1\ninclude conf.d/*.conf\n${SOUND}\tleftsubnt=10.0.0.0/8\n`,
  'conf.d/a.conf': 'conn a\n\talso=nowhere\n\tleft=192.0.2.1\n\tpfs=maybe\n',
  'conf.d/b.conf': 'conn b\n\tleft=1.2.3.256\n\tright=192.0.2.2\n\tike=rot13\n\tmobike=yes\n',
};

describe('what is wrong', () => {
  test('nothing: exit status 0 and no words', async () => {
    expect(await files({ 'ipsec.conf': SOUND }).run('checkconfig')).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  test('IKEv1 where ikev1-policy= allows none is sound, and named', async () => {
    const v1 = (policy: string) =>
      files({ 'ipsec.conf': `config setup\n\tikev1-policy=${policy}\n${SOUND}\tkeyexchange=ikev1\n` }).run(
        'checkconfig',
      );
    const line = /ipsec\.conf:3: \[conn west\] warning: is not loaded: ikev1-policy=reject allows no IKEv1 connections/;
    expect((await v1('reject')).stderr).toMatch(line);
    expect((await v1('reject')).exit).toBe(0);
    expect(await v1('accept')).toEqual({ exit: 0, stdout: '', stderr: '' });
  });

  describe('a certificate that the store has not', () => {
    const west = certificate({ subject: 'CN=west' });
    const bare = pair();
    const ckaidOf = ({ publicKey }: Pair): string => {
      const facts = factsOf(publicKey.export({ type: 'spki', format: 'der' }));
      return Buffer.from(facts!.ckaid).toString('hex');
    };
    /** With west's certificate in the store, and a key that has none. */
    const check = async (...lines: readonly string[]) => {
      const keyPem = bare.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const made = files({ 'ipsec.conf': '', 'd/certs/west.pem': west.pem, 'd/private/bare.pem': keyPem, secrets: '' });
      const setup = `config setup\n\tipsecdir=${made.dir}/d\n\tsecretsfile=${made.dir}/secrets\n`;
      const conn = `conn west\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=ecdsa\n`;
      writeFileSync(`${made.dir}/ipsec.conf`, setup + conn + lines.map((line) => `\t${line}\n`).join(''));
      return (await made.run('checkconfig')).stderr;
    };

    test.each(['leftcert', 'rightcert'])('by %s=', async (keyword) => {
      expect(await check(`${keyword}=west`)).toBe('');
      const line = `ipsec.conf:4: [conn west] warning: ${keyword}=: no "wset" in d/certs\n`;
      expect(await check(`${keyword}=wset`)).toBe(line);
    });

    test('by leftckaid=', async () => {
      expect(await check(`leftckaid=${ckaidOf(west.key)}`)).toBe('');
      expect(await check(`leftckaid=${ckaidOf(bare)}`)).toBe('');
      expect(await check(`leftckaid=${'ab'.repeat(20)}`)).toContain(
        'warning: leftckaid=: there is no key or certificate with this CKAID in d',
      );
    });
  });

  test('everything, in every file, each with its place', async () => {
    const { exit, stdout, stderr } = await files(WRONG).run('checkconfig');
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'conf.d/a.conf:2: [conn a] there is no conn "nowhere"',
      'conf.d/a.conf:4: [conn a] warning: pfs="maybe" is invalid, ignored: expected yes or no',
      expect.stringContaining('conf.d/b.conf:2: [conn b] left=: expected an address'),
      expect.stringContaining('conf.d/b.conf:4: [conn b] ike=: IKE encryption algorithm'),
      'conf.d/b.conf:5: [conn b] warning: mobike= has no effect yet',
      'ipsec.conf:2: [config setup] listen=: expected addresses or names of interfaces, got "300.1.1.1"',
      'ipsec.conf:8: [conn west] unknown keyword "leftsubnt"; did you mean leftsubnet=?',
    ]);
  });

  test('as JSON, in a shape that stays', async () => {
    const { exit, stdout, stderr } = await files(WRONG).run('checkconfig', '--json');
    const report = JSON.parse(stdout);
    expect([exit, stderr]).toEqual([1, '']);
    expect(report).toMatchObject({ file: 'ipsec.conf', ok: false, errors: 5, warnings: 2, conns: 0 });
    expect(report.problems).toHaveLength(7);
    expect(report.problems[6]).toEqual({
      severity: 'error',
      file: 'ipsec.conf',
      line: 8,
      section: 'conn west',
      keyword: 'leftsubnt',
      meant: 'leftsubnet',
      text: 'unknown keyword "leftsubnt"; did you mean leftsubnet=?',
    });
  });

  test('warnings alone leave the file as it is', async () => {
    const { exit, stdout } = await files({ 'ipsec.conf': `${SOUND}\tpfs=maybe\n` }).run('checkconfig', '--json');
    expect([exit, JSON.parse(stdout)]).toMatchObject([0, { ok: true, errors: 0, warnings: 1, conns: 1 }]);
  });

  test('a file that is not there', async () => {
    const { exit, stderr } = await files({}).run('checkconfig');
    expect([exit, stderr]).toEqual([1, 'none: cannot read "none": ENOENT\n']);
  });

  test('a folder that is no file, and what is no text', async () => {
    const { exit, stderr } = await files({ 'a/ipsec.conf': 'include ../a\n\u0000\u0001\n' }).run('checkconfig');
    expect(exit).toBe(1);
    expect(stderr).toContain('a/ipsec.conf:1: warning: cannot read');
    expect(stderr).toContain('a/ipsec.conf:2: the line has a control character');
  });
});

describe('--unsupported', () => {
  const unsupported = async () =>
    JSON.parse((await files({}).run('checkconfig', '--unsupported', '--json')).stdout) as {
      section: string;
      keyword: string;
      value?: string;
    }[];

  test('is what the table says, and nothing else', async () => {
    const bare = (keyword: string) => keyword.replace('{left,right}', '');
    const listed = new Set((await unsupported()).map((u) => `${u.section} ${bare(u.keyword)} ${u.value ?? ''}`));
    const expected = KEYWORDS.flatMap(({ section, name, effect, laterValues = [] }) =>
      effect === 'later' ? [`${section} ${name} `] : laterValues.map((value) => `${section} ${name} ${value}`),
    );
    expect([...listed].sort()).toEqual([...new Set(expected)].sort());
  });

  test('names values, ends and sections', async () => {
    const { exit, stdout, stderr } = await files({}).run('checkconfig', '--unsupported');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^config setup\n(\t[a-z0-9-]+=\S* +# .+\n)+conn \.\.\.\n(\t[a-z0-9{},-]+=\S* +# .+\n)+$/);
    for (const line of await unsupported()) expect(stdout).toContain(`\t${line.keyword}=${line.value ?? ''} `);
  });

  test('and will have none, as something else sees to it', async () => {
    const text = `config setup\n\tdnssec-anchors=/etc/anchors\n\tdnssec-rootkey-file=/etc/root.key\n`;
    const { exit, stderr } = await files({ 'ipsec.conf': text }).run('checkconfig');
    expect(exit).toBe(0);
    const why = 'has no effect: the validating resolver has the anchors';
    expect(stderr).toBe(
      `ipsec.conf:2: [config setup] warning: dnssec-anchors= ${why}\n` +
        `ipsec.conf:3: [config setup] warning: dnssec-rootkey-file= ${why}\n`,
    );
  });

  test('is what loading says of a conn that asks for it', async () => {
    for (const { section, keyword, value } of await unsupported()) {
      if (section !== 'conn' || value === undefined) continue;
      const name = keyword.replace('{left,right}', 'left');
      const text = `conn c\n\t${name}=${value}\n\tright=192.0.2.2\n\tleft=192.0.2.1\n`;
      const { stderr } = await files({ 'ipsec.conf': text }).run('checkconfig');
      expect(stderr).toContain(`${name}=${value} has no effect yet`);
    }
  });
});
