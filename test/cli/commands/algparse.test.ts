import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ipsec } from '../../../src/cli/ipsec.ts';

interface Row {
  readonly ikev: 1 | 2;
  readonly pfs: boolean;
  readonly fips: boolean;
  readonly proto: string;
  readonly input: string | null;
  readonly ok: boolean;
  readonly canonical: readonly string[];
  readonly error: string | null;
  readonly notes: readonly string[];
}

const ROWS = JSON.parse(
  readFileSync(new URL('../../fixtures/crypto/proposals.json', import.meta.url), 'utf8'),
) as readonly Row[];

async function algparse(...words: string[]) {
  let [stdout, stderr] = ['', ''];
  const exit = await ipsec(['algparse', ...words], {
    out: (text) => {
      stdout += text;
    },
    err: (line) => {
      stderr += `${line}\n`;
    },
  });
  return { exit, stdout, stderr };
}

describe('what libreswan 5.2 answers', () => {
  test.each(ROWS)('-v$ikev pfs=$pfs fips=$fips $proto=$input', async (row) => {
    const text = row.input === null ? row.proto : `${row.proto}=${row.input}`;
    const options = [`-v${row.ikev}`, `-pfs=${row.pfs ? 'yes' : 'no'}`, `-fips=${row.fips ? 'yes' : 'no'}`];
    const remarks = row.error === null ? row.notes : [row.error];
    expect(await algparse(...options, text)).toEqual({
      exit: row.ok ? 0 : 1,
      stdout: row.canonical.map((line) => `${line}\n`).join(''),
      stderr: remarks.map((remark) => `ipsec algparse: ${text}: ${remark}\n`).join(''),
    });
  });

  test('as JSON the rows are those very rows', async () => {
    const row = ROWS.find((each) => each.ikev === 2 && !each.pfs && !each.fips && each.notes.length > 0)!;
    const { stdout } = await algparse('--json', `${row.proto}=${row.input}`);
    expect(JSON.parse(stdout)).toEqual([row]);
  });
});

describe('several proposals', () => {
  test('are each under their title, by the options before them', async () => {
    expect(await algparse('-v1', 'esp=aes;modp2048', '-v2', '--pfs', 'esp=aes-sha1;modp2048')).toEqual({
      exit: 0,
      stdout:
        'esp=aes;modp2048\n\tAES_CBC-HMAC_SHA1_96\n\tAES_CBC-HMAC_SHA2_512_256\n\tAES_CBC-HMAC_SHA2_256_128\n' +
        'esp=aes-sha1;modp2048\n\tAES_CBC-HMAC_SHA1_96-MODP2048\n',
      stderr: 'ipsec algparse: esp=aes;modp2048: ignoring ESP DH algorithm MODP2048 as PFS policy is disabled\n',
    });
  });

  test('fail together when one is refused, unless that is to be ignored', async () => {
    expect((await algparse('esp=aes', 'esp=foo')).exit).toBe(1);
    expect((await algparse('-ignore', 'esp=aes', 'esp=foo')).exit).toBe(0);
  });

  test('a bare one is read as all three, and is accepted if it is by all of them', async () => {
    const { exit, stdout, stderr } = await algparse('-v1', 'sha2');
    expect([exit, stdout]).toEqual([1, 'ike=sha2\nah=sha2\n\tHMAC_SHA2_256_128\nesp=sha2\n']);
    expect(stderr).toContain("ike=sha2: IKE encryption algorithm 'sha2' is not recognized");
  });
});

describe('the suites', () => {
  test.each(['-v1', '-v2'])('-tp %s reads back what it prints', async (version) => {
    for (const pfs of ['yes', 'no']) {
      const { exit, stdout, stderr } = await algparse('-tp', version, `-pfs=${pfs}`);
      expect(stderr).not.toContain('read back');
      expect([exit, stdout.includes('esp=aes-sha1\n\tAES_CBC-HMAC_SHA1_96\n')]).toEqual([0, true]);
    }
  });

  test('-tp with a proposal is about that one', async () => {
    expect(await algparse('-tp', 'ah=sha1')).toEqual({ exit: 0, stdout: 'HMAC_SHA1_96\n', stderr: '' });
    expect((await algparse('-tp', 'ah=sha9')).exit).toBe(1);
  });

  test('-ta tries the algorithms', async () => {
    expect(await algparse('-ta', 'ah=sha1')).toEqual({ exit: 0, stdout: 'HMAC_SHA1_96\n', stderr: '' });
  });
});

describe('the command line', () => {
  test('without words, or with --help, says how', async () => {
    const { exit, stdout, stderr } = await algparse();
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Usage: ipsec algparse');
    expect(await algparse('--help')).toEqual({ exit: 0, stdout: stderr, stderr: '' });
  });

  test.each([
    [['-v3', 'esp'], 'unknown option -v3; -help lists them'],
    [['-pfs=maybe', 'esp'], 'unknown option -pfs=maybe; -help lists them'],
    [['-tp=x'], 'unknown option -tp=x; -help lists them'],
    [['ipcomp=deflate'], '"ipcomp=deflate": expected ike=, esp= or ah='],
  ])('%j is refused', async (words, why) => {
    expect(await algparse(...words)).toEqual({ exit: 1, stdout: '', stderr: `ipsec algparse: ${why}\n` });
  });
});
