import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ipsec } from '../../../src/cli/ipsec.ts';
import { conn } from '../../actors/town.ts';

// No kernel, no sockets: whoever loads the addon fails.
vi.mock('../../../src/native/addon.ts', () => {
  throw new Error('the addon has been loaded');
});

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-simulate-'));
  const secret = '@west @east : PSK "swordfish"\n';
  for (const name of ['west', 'east']) {
    writeFileSync(join(dir, `${name}.conf`), conn('w-e', { esp: 'aes_gcm256' }));
    writeFileSync(join(dir, `${name}.secrets`), secret, { mode: 0o600 });
  }
});

afterEach(() => rmSync(dir, { recursive: true }));

/** `ipsec simulate` in the directory of the files, whose name is left out of what it says. */
async function simulate(args: readonly string[], screen?: { columns: number; hasColour: boolean }) {
  let out = '';
  const errs: string[] = [];
  const exit = await ipsec(['simulate', ...args.map((arg) => arg.replace(/^@/, `${dir}/`))], {
    out: (text) => {
      out += text;
    },
    err: (line) => void errs.push(line),
    ...(screen ? { screen } : {}),
  });
  const clean = (text: string) => text.replaceAll(`${dir}/`, '');
  return { exit, out: clean(out), err: clean(errs.join('\n')) };
}

const write = (name: string, text: string) => writeFileSync(join(dir, name), text);

test('a tunnel that comes up, in full', async () => {
  const { exit, out, err } = await simulate(['@west.conf', '@east.conf', '--initiator', 'a']);
  expect([exit, err]).toEqual([0, '']);
  expect(out).toMatchInlineSnapshot(`
    "A  west.conf: conn w-e, left: 192.0.2.1, '@west'; secrets from west.secrets
    B  east.conf: conn w-e, right: 192.0.2.2, '@east'; secrets from east.secrets
       note: A is taken for the left end; it would do the other way round too (--address-a)

    A initiates
          0.000  A --> B  IKE_SA_INIT request 0 { SA(1 proposal), KE(DH31), Ni, N(IKEV2_FRAGMENTATION_SUPPORTED), N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP) } 208 octets
          0.010  A <-- B  IKE_SA_INIT response 0 { SA(1 proposal), KE(DH31), Nr, N(IKEV2_FRAGMENTATION_SUPPORTED), N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP) } 208 octets
          0.020  A --> B  IKE_AUTH request 1 { IDi(@west), IDr(@east), AUTH(PSK), SA(1 proposal), TSi(10.0.1.0/24), TSr(10.0.2.0/24) } 245 octets
          0.030  A <-- B  IKE_AUTH response 1 { IDr(@east), AUTH(PSK), SA(1 proposal), TSi(10.0.1.0/24), TSr(10.0.2.0/24) } 225 octets
       comes up
       IKE SA    AES_GCM_16_256, PRF HMAC_SHA2_512, group DH31
       Child SA  ESP tunnel, AES_GCM_16_256, extended sequence numbers
       traffic   10.0.1.0/24 at A, 10.0.2.0/24 at B
       who       A is '@west', B is '@east'
       lifetime  A: IKE 8h (rekeyed after about 7h46m), Child 8h (rekeyed after about 7h48m); B: IKE 8h (rekeyed after about 7h54m), Child 8h (rekeyed after about 7h54m)
       rekey     Child SA: works when A asks, works when B asks
       rekey     IKE SA: works when A asks, works when B asks

    result: the tunnel would come up
    "
  `);
});

test('one that does not, in full', async () => {
  write('east.conf', conn('w-e', { ike: 'aes_gcm256-sha2_256-dh31', rightsubnet: '10.0.9.0/24' }));
  const { exit, out } = await simulate(['@west.conf', '@east.conf', '--initiator', 'a']);
  expect(exit).toBe(1);
  expect(out).toMatchInlineSnapshot(`
    "A  west.conf: conn w-e, left: 192.0.2.1, '@west'; secrets from west.secrets
    B  east.conf: conn w-e, right: 192.0.2.2, '@east'; secrets from east.secrets
       note: A is taken for the left end; it would do the other way round too (--address-a)

    A initiates
          0.000  A --> B  IKE_SA_INIT request 0 { SA(1 proposal), KE(DH31), Ni, N(IKEV2_FRAGMENTATION_SUPPORTED), N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP) } 208 octets
          0.010  A <-- B  IKE_SA_INIT response 0 { N(NO_PROPOSAL_CHOSEN) } 36 octets
       fails
       why: ike=: A offers AES_GCM_16_256-HMAC_SHA2_512-DH31; B accepts AES_GCM_16_256-HMAC_SHA2_256-DH31
       why: ike=: they part in the PRF (A has HMAC_SHA2_512, B has HMAC_SHA2_256)
       why: at B's end A asks for 10.0.2.0/24, B has 10.0.9.0/24: they have no address in common

    result: the tunnel would not come up
    "
  `);
});

test('one that does not last, with the rekey that fails', async () => {
  write('west.conf', conn('w-e', { esp: 'aes_gcm256-none-dh19' }));
  write('east.conf', conn('w-e', { esp: 'aes_gcm256-none-dh20' }));
  const { exit, out } = await simulate(['@west.conf', '@east.conf', '--initiator', 'a']);
  expect(exit).toBe(1);
  expect(out).toContain('\n   A rekeys the Child SA\n');
  expect(out).toContain('{ N(NO_PROPOSAL_CHOSEN) }');
  expect(out).not.toContain('A rekeys the IKE SA\n');
  expect(out).toContain('result: the tunnel would come up and not last');
  const once = await simulate(['@west.conf', '@east.conf', '--initiator', 'a', '--no-rekey']);
  expect(once.exit).toBe(0);
});

test('both ends initiate unless one is named', async () => {
  const both = await simulate(['@west.conf', '@east.conf']);
  expect(both.out).toContain('A initiates\n');
  expect(both.out).toContain('B initiates\n');
  const one = await simulate(['@west.conf', '@east.conf', '--initiator', 'b']);
  expect(one.out).not.toContain('A initiates\n');
});

test('secrets: those that are named, those beside the file, or none', async () => {
  write('other.secrets', '@west @east : PSK "shark"\n');
  const named = await simulate(['@west.conf', '@east.conf', '--secrets-b', '@other.secrets']);
  expect(named.exit).toBe(1);
  expect(named.out).toContain('secrets from other.secrets');
  expect(named.out).toContain("the secrets of A and B for '@west' and '@east' are not the same");
  expect(named.out).not.toMatch(/shark|swordfish/);
  rmSync(join(dir, 'east.secrets'));
  write('ipsec.secrets', '@west @east : PSK "swordfish"\n');
  expect((await simulate(['@west.conf', '@east.conf'])).out).toContain('secrets from ipsec.secrets');
  rmSync(join(dir, 'ipsec.secrets'));
  const granted = await simulate(['@west.conf', '@east.conf']);
  expect(granted.exit).toBe(0);
  expect(granted.out).toContain('no ipsec.secrets for B: that the secrets match is taken for granted (--secrets-b)');
});

test('--verbose shows every field and both logs', async () => {
  const { out } = await simulate(['@west.conf', '@east.conf', '--verbose', '--initiator', 'a']);
  expect(out).toContain('KE { group CURVE25519, data ');
  expect(out).toMatch(/AUTH \{ method SHARED_KEY_MIC, .*<64 octets>/);
  expect(out).toContain('A: "w-e" #1: initiating IKEv2 connection to 192.0.2.2 using UDP');
  expect(out).toContain('B: "w-e" #1: responder established IKE SA');
  expect(out).toContain('   A rekeys the Child SA\n');
  expect(out).toMatch(/^[\x20-\x7e\n]*$/);
});

test('--json: the same, for programs', async () => {
  const { exit, out } = await simulate(['@west.conf', '@east.conf', '--json']);
  expect(exit).toBe(0);
  const report = JSON.parse(out);
  expect(report).toMatchObject({ version: 1, verdict: 'up', exit: 0, errors: [], notes: [] });
  expect(report.pairs[0].a).toEqual({
    conf: 'west.conf',
    conn: 'w-e',
    side: 'left',
    address: '192.0.2.1',
    addressFrom: 'file',
    id: '@west',
    secrets: 'west.secrets',
  });
  expect(Object.keys(report.pairs[0].runs[0])).toMatchInlineSnapshot(`
    [
      "initiator",
      "messages",
      "agreed",
      "why",
      "warnings",
      "rekeys",
      "log",
      "outcome",
    ]
  `);
  expect(Object.keys(report.pairs[0].runs[0].messages[0])).toMatchInlineSnapshot(`
    [
      "at",
      "from",
      "to",
      "version",
      "exchange",
      "messageId",
      "isResponse",
      "octets",
      "fragments",
      "repeated",
      "isLost",
      "payloads",
      "detail",
      "phase",
    ]
  `);
});

test('colour and width are the terminal’s', async () => {
  const { out } = await simulate(['@west.conf', '@east.conf'], { columns: 80, hasColour: true });
  expect(out).toContain('\x1b[32mresult: the tunnel would come up\x1b[0m');
  const tooLong = out.split('\n').filter((line) => line.length > 80 && line.trim().includes(' '));
  expect(tooLong.filter((line) => !line.includes('\x1b'))).toEqual([]);
  expect((await simulate(['@west.conf', '@east.conf'])).out).not.toContain('\x1b');
});

test.each([
  ['one file', ['@west.conf'], ''],
  ['a word that is none', ['@west.conf', '@east.conf', '--initiator', 'c'], '--initiator is one of a, b, both'],
  ['another', ['@west.conf', '@east.conf', '--nat', 'both'], '--nat is one of a, b'],
  ['a file that is not there', ['@west.conf', '@nowhere.conf'], 'cannot read nowhere.conf: ENOENT'],
  [
    'a conn that is not there',
    ['@west.conf', '@east.conf', '--conn', 'x'],
    'west.conf has no connection or alias named "x"',
  ],
])('%s: exit status 2', async (_, args, words) => {
  const { exit, out, err } = await simulate(args);
  expect([exit, out]).toEqual([2, '']);
  expect(err).toContain(words);
});

test('what is not built yet is named, exit status 2', async () => {
  write('east.conf', conn('w-e', { leftid: 'west.example.net' }));
  const { exit, err } = await simulate(['@west.conf', '@east.conf']);
  expect(exit).toBe(2);
  expect(err).toContain(
    'east.conf:1: conn w-e: leftid=west.example.net: no name is looked up for an identity; leftid=@west.example.net is the name itself',
  );
});

test('help', async () => {
  const { exit, out } = await simulate(['--help']);
  expect(exit).toBe(0);
  for (const option of [
    '--secrets-a',
    '--secrets-b',
    '--conn',
    '--conn-b',
    '--initiator',
    '--nat',
    '--address-a',
    '--no-rekey',
  ])
    expect(out).toContain(option);
});
