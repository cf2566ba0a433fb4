/** `ipsec simulate` for connections of IKEv1. */
import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/sim/report.ts';
import type { SimulationOptions } from '../../src/sim/simulate.ts';
import { reportText } from '../../src/sim/text.ts';
import { conn } from '../actors/town.ts';
import { simulated } from './two-files.ts';
import { simulatedV1, type V1Setting, v1File } from './two-v1.ts';

/** `A Main Mode: SA(1 transform) KE Ni`, without vendor IDs. */
const arrows = ({ messages }: Run, phase = 'negotiation') =>
  messages
    .filter((m) => m.phase === phase)
    .map(({ from, exchange, payloads }) => `${from} ${exchange}: ${payloads.filter((p) => !/^VID/.test(p)).join(' ')}`);

const QUICK = [
  'A Quick Mode: HASH SA(1 transform) Ni KE ID(10.0.1.0/24) ID(10.0.2.0/24)',
  'B Quick Mode: HASH SA(1 transform) Nr KE ID(10.0.1.0/24) ID(10.0.2.0/24)',
  'A Quick Mode: HASH',
];
const MAIN = [
  'A Main Mode: SA(1 transform)',
  'B Main Mode: SA(1 transform)',
  'A Main Mode: KE Ni NAT-D NAT-D',
  'B Main Mode: KE Nr NAT-D NAT-D',
  'A Main Mode: ID(@west) HASH',
  'B Main Mode: ID(@east) HASH',
];
const SERVER = { leftxauthclient: 'yes', rightxauthserver: 'yes' };
const LEASE = { leftmodecfgclient: 'yes', rightmodecfgserver: 'yes', leftsubnet: undefined, rightsubnet: '0.0.0.0/0' };
const POOL = { leftaddresspool: '10.9.0.1-10.9.0.9' };

describe('a tunnel that would come up', () => {
  test('is shown arrow by arrow, with what was agreed on and what rekeys it', () => {
    const { report, run, why } = simulatedV1();
    expect([report.verdict, report.exit, why]).toEqual(['up', 0, []]);
    expect(arrows(run)).toEqual([...MAIN, ...QUICK]);
    expect(run.messages.map(({ version }) => version)).not.toContain(2);
    expect(run.messages.slice(0, 2).map(({ isResponse }) => isResponse)).toEqual([false, true]);
    expect(run.messages[0].payloads).toContain('VID(DPD)');
    expect(run.messages[6].messageId).not.toBe(0);
    expect(run.agreed).toMatchObject({
      version: 1,
      ike: { encr: 'AES_CBC_256', integ: 'HMAC_SHA2_256', prf: 'HMAC_SHA2_256', group: 'MODP2048' },
      child: { protocol: 'ESP', mode: 'tunnel', encr: 'AES_CBC_128', integ: 'HMAC_SHA1_96', ah: null, compress: false },
      traffic: { a: ['10.0.1.0/24'], b: ['10.0.2.0/24'] },
      lifetimes: { a: { ike: 3600, child: 28800 }, b: { ike: 3600, child: 28800 } },
    });
    expect(run.rekeys.map(({ of, by, ok }) => `${of} ${by} ${ok}`)).toEqual([
      'child A true',
      'child B true',
      'ike A true',
      'ike B true',
    ]);
    expect(arrows(run, 'A rekeys the Child SA')).toEqual(QUICK);
    expect(arrows(run, 'A rekeys the IKE SA')).toEqual(MAIN);
  });

  test('in Aggressive Mode', () => {
    const { run } = simulatedV1({ both: { aggressive: 'yes' } });
    expect(arrows(run)).toEqual([
      'A Aggressive Mode: SA(1 transform) KE Ni ID(@west)',
      'B Aggressive Mode: SA(1 transform) KE Nr ID(@east) HASH NAT-D NAT-D',
      'A Aggressive Mode: HASH NAT-D NAT-D',
      ...QUICK,
    ]);
  });

  test('as text, in the words of IKEv1', () => {
    const text = reportText(simulatedV1().report, { isVerbose: false, hasColour: false });
    expect(text).toContain('A --> B  Main Mode { ID(@west), HASH } 76 octets');
    expect(text).toMatch(/A --> B {2}Quick Mode [0-9a-f]{8} \{ HASH \} 76 octets/);
    expect(text).toContain('   ISAKMP SA AES_CBC_256, hash HMAC_SHA2_256, group MODP2048\n');
    expect(text).toContain('   IPsec SA  ESP tunnel, AES_CBC_128 with HMAC_SHA1_96\n');
    expect(text).toContain('   lifetime  A: ISAKMP 1h (rekeyed after about ');
    expect(text).toContain('   rekey     ISAKMP SA: works when A asks, works when B asks\n');
  });

  test.each<[string, V1Setting]>([
    ['raw keys', { both: { authby: 'rsasig' } }],
    [
      'certificates',
      { both: { authby: 'rsasig' }, a: { leftid: '%fromcert', leftcert: 'w' }, b: { leftid: 'CN=west' } },
    ],
    ['transport mode', { both: { type: 'transport', leftsubnet: undefined, rightsubnet: undefined } }],
    ['no PFS', { both: { pfs: 'no' } }],
    ['AH around ESP', { both: { phase2: 'esp+ah' } }],
    ['compression', { both: { compress: 'yes' } }],
    ['XAUTH', { both: SERVER }],
    ['an address that is pulled', { both: { ...LEASE, modecfgpull: 'yes' }, b: POOL }],
    ['an address that is pushed', { both: LEASE, b: POOL }],
    ['XAUTH, then an address', { both: { ...LEASE, ...SERVER, aggressive: 'yes' }, b: POOL }],
    ['3DES and MD5', { both: { ike: '3des-md5-modp1536', esp: '3des-md5' } }],
    ['signs of life', { both: { dpddelay: '30s', dpdtimeout: '120s' } }],
  ])('is readable to the end: %s', (_, setting) => {
    const { run, why } = simulatedV1(setting);
    expect([why, run.outcome]).toEqual([[], run.outcome]);
    expect(run.outcome).toMatch(/^up/);
    expect(run.messages.length).toBeGreaterThan(6);
    expect(run.messages.filter(({ payloads }) => payloads.includes('not readable'))).toEqual([]);
  });

  test('shows XAUTH and Mode Config between the phases', () => {
    const { run } = simulatedV1({ both: { ...LEASE, ...SERVER, modecfgpull: 'yes' }, b: POOL });
    expect(arrows(run).slice(MAIN.length, -QUICK.length)).toEqual([
      'B Transaction: HASH ATTRIBUTES(REQUEST)',
      'A Transaction: HASH ATTRIBUTES(REPLY)',
      'B Transaction: HASH ATTRIBUTES(SET)',
      'A Transaction: HASH ATTRIBUTES(ACK)',
      'A Transaction: HASH ATTRIBUTES(REQUEST)',
      'B Transaction: HASH ATTRIBUTES(REPLY)',
    ]);
    expect(run.agreed?.traffic).toEqual({ a: ['10.9.0.1/32'], b: ['0.0.0.0/0'] });
  });

  test('has signs of life where an end asks for them', () => {
    const { run } = simulatedV1({ b: { dpddelay: '30s', dpdtimeout: '120s' } });
    const checks = run.messages.filter((m) => m.phase === 'liveness');
    expect(checks.map((m) => `${m.from} ${m.payloads.at(-1)} ${m.isResponse}`)).toEqual([
      'B N(R_U_THERE) false',
      'A N(R_U_THERE_ACK) true',
    ]);
  });

  test.each([{}, { type: 'transport', leftsubnet: undefined, rightsubnet: undefined }])(
    'goes through a NAT',
    (both) => {
      const setting = {
        both,
        a: { left: '10.9.9.9' },
        b: { left: '%any' },
        secretsB: '@east %any : PSK "swordfish"\n',
      };
      const { run } = simulatedV1(setting, { nat: 'A' });
      expect([run.outcome, run.agreed?.child.encapsulated]).toEqual(['up', true]);
      expect(run.messages.filter(({ payloads }) => payloads.includes('not readable'))).toEqual([]);
    },
  );

  test('sends large messages in fragments that are one arrow', () => {
    const many = Array.from({ length: 90 }, (_, i) => `OU=${`unit ${i} `.padEnd(10, 'x')}`).join(', ');
    const name = `CN=west, ${many}`;
    const { run } = simulatedV1({
      both: { leftid: `"${name}"`, rightid: '@east' },
      secretsA: ': PSK "swordfish"\n',
      secretsB: ': PSK "swordfish"\n',
    });
    const [third] = run.messages.filter(({ fragments }) => fragments > 1);
    expect(third).toMatchObject({ from: 'A', exchange: 'Main Mode', fragments: 2, isResponse: false });
    expect([third.payloads.length, third.payloads.at(-1)]).toEqual([2, 'HASH']);
    expect(run.messages.filter(({ payloads }) => payloads.includes('not readable'))).toEqual([]);
    expect(run.outcome).toBe('up');
  });

  test('shows no octet of a secret', () => {
    const { report } = simulatedV1({ both: SERVER });
    const shown = JSON.stringify(report);
    for (const secret of ['swordfish', 'taken for granted']) {
      expect(shown).not.toContain(Buffer.from(secret).toString('hex'));
      expect(shown).not.toContain(secret);
    }
  });
});

/** Both connections with their changes, and the words that say why. */
const FAILURES: readonly [string, V1Setting, readonly string[], Partial<SimulationOptions>?][] = [
  ['that B lets no IKEv1 in', { policyB: 'drop' }, ['version: B drops IKEv1: config setup has ikev1-policy=drop']],
  ['that B rejects it', { policyB: 'reject' }, ['version: B rejects IKEv1: config setup has ikev1-policy=reject']],
  ['that A has not loaded it', { policyA: 'drop' }, ['version: A drops IKEv1: config setup has ikev1-policy=drop']],
  [
    'versions',
    { b: { keyexchange: 'ikev2', ike: 'aes_gcm256', esp: 'aes_gcm256', authby: 'rsasig' } },
    ['version: A speaks IKEv1 (keyexchange=ikev1), B speaks IKEv2 (keyexchange=ikev2)'],
  ],
  [
    'Aggressive Mode at one end',
    { a: { aggressive: 'yes' } },
    ['aggressive: A begins with Aggressive Mode (aggressive=yes), and B does not answer it (aggressive=no)'],
  ],
  [
    'hashes',
    { a: { ike: 'aes256-sha1-modp2048' } },
    [
      'ike: ike=: A offers AES_CBC_256-HMAC_SHA1-MODP2048; B accepts AES_CBC_256-HMAC_SHA2_256-MODP2048',
      'ike: ike=: they part in the hash (A has HMAC_SHA1, B has HMAC_SHA2_256)',
    ],
  ],
  [
    'identities',
    { a: { leftid: '@wset' }, secretsA: ': PSK "swordfish"\n' },
    ["identity: A is '@wset' (ID_FQDN), B expects '@west' (ID_FQDN)"],
  ],
  ['ways of proof', { a: { authby: 'rsasig' } }, ['auth: A proposes rsasig, B wants secret']],
  [
    'authorities',
    {
      both: { authby: 'rsasig' },
      a: { leftcert: 'west', leftca: 'CN=other' },
      b: { leftca: 'CN=ours' },
    },
    ["auth: B wants a certificate from 'CN=ours', that of A is from 'CN=other'"],
  ],
  [
    'secrets',
    { secretsB: '@west @east : PSK "shark"\n' },
    ["secret: the secrets of A and B for '@west' and '@east' are not the same"],
  ],
  [
    'a secret that is found by name only',
    { b: { left: '%any', leftid: '%any' } },
    [
      "secret: B has no secret for '@east' and a peer at 192.0.2.1: Main Mode chooses it by address, before the peer says who it is, so its ipsec.secrets would need a line @east %any : PSK",
    ],
  ],
  [
    'two secrets for whoever comes',
    {
      b: { left: '%any', leftid: '%any' },
      secretsB: '@east %any : PSK "shark"\n@west @east : PSK "swordfish"\n',
    },
    [
      "secret: B has one secret for a peer at 192.0.2.1 and another for '@west': Main Mode chooses by address, so peers whose address is not known before must share one (%any in ipsec.secrets), or have aggressive=yes",
    ],
  ],
  [
    'a server of XAUTH without a client',
    { b: { rightxauthserver: 'yes' } },
    ["xauth: B asks for a user's name and password (XAUTH server), and A is no XAUTH client"],
  ],
  [
    'a client of XAUTH without a server',
    { a: { leftxauthclient: 'yes' } },
    ['xauth: A is an XAUTH client, and B is no XAUTH server'],
  ],
  [
    'a client of XAUTH that nobody sits at',
    { both: SERVER },
    [
      "xauth: A is asked for a user's name and password when B initiates, and nobody is there to type them: it would need username= of its end, and a line : XAUTH in its ipsec.secrets",
    ],
    { initiator: 'B' },
  ],
  [
    'who leases an address',
    { both: { leftsubnet: undefined }, a: { leftmodecfgclient: 'yes' } },
    ['config: A wants an inner address (Mode Config client), and B leases none'],
  ],
  [
    'who begins Mode Config',
    { both: LEASE, b: { ...POOL, modecfgpull: 'yes' } },
    ['config: A waits to be told its inner address (modecfgpull=no), and B to be asked for it (modecfgpull=yes)'],
  ],
  [
    'nets, of which one contains the other',
    { a: { leftsubnet: '10.0.0.0/16' } },
    ["selectors: at A's end A asks for 10.0.0.0/16, B has 10.0.1.0/24: in IKEv1 they must be the same"],
  ],
  [
    'protocols',
    { a: { rightprotoport: 'tcp/80' } },
    ["selectors: at B's end A asks for 10.0.2.0/24/TCP/80, B has 10.0.2.0/24: in IKEv1 they must be the same"],
  ],
  ['modes', { a: { type: 'transport' } }, ['mode: A has type=transport, B has type=tunnel']],
  [
    'PFS at the end that is asked',
    { a: { pfs: 'no' } },
    ['pfs: A has pfs=no, B has pfs=yes: a group is part of the first Quick Mode, which B refuses without one'],
  ],
  [
    'groups of PFS',
    { a: { esp: 'aes128-sha1-modp1536' }, b: { esp: 'aes128-sha1-modp3072' } },
    ['pfs: A asks for PFS with MODP1536, and B takes MODP3072'],
  ],
  [
    'algorithms of ESP',
    { a: { esp: 'aes256-sha1' } },
    [
      'child: esp=: A offers AES_CBC_256-HMAC_SHA1_96-MODP2048; B accepts AES_CBC_128-HMAC_SHA1_96-MODP2048',
      'child: esp=: they part in the key length (A has AES_CBC_256, B has AES_CBC_128)',
    ],
  ],
  [
    'AH through a NAT',
    {
      both: { phase2: 'esp+ah' },
      a: { left: '10.9.9.9' },
      b: { left: '%any' },
      secretsB: '@east %any : PSK "swordfish"\n',
    },
    ['nat: A wants AH (phase2=), which passes no NAT, and there is one between'],
    { nat: 'A' },
  ],
  ['bundles', { b: { phase2: 'esp+ah' } }, ['child: B has AH around ESP (phase2=esp+ah), A has not']],
];

describe('a tunnel that would not come up says why', () => {
  test.each(FAILURES)('%s', (...[, setting, words, options]) => {
    const { report, run, why } = simulatedV1(setting, options);
    expect(why).toEqual(words);
    expect([report.verdict, report.exit, run.outcome]).toEqual(['fails', 1, 'failed']);
  });

  test('IKEv1 is dropped where the file does not say otherwise', () => {
    const both = conn('w-e', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048' });
    const { why, run } = simulated({ a: v1File(), b: both });
    expect(why[0]).toBe('version: B drops IKEv1: config setup has ikev1-policy=drop');
    expect(run.messages).toHaveLength(1);
    expect(run.messages[0]).toMatchObject({ exchange: 'Main Mode', repeated: expect.any(Number) });
    expect(run.log.map(({ text }) => text).join('\n')).toContain('but ikev1-policy=drop; ignored');
  });

  test('what is asked of nobody has no arrow', () => {
    expect(simulatedV1({ policyA: 'drop' }).run.messages).toEqual([]);
  });

  test('all that is wrong at once, in the order in which it would be met', () => {
    const { why } = simulatedV1({
      a: { ike: 'aes128-sha1-modp2048', aggressive: 'yes', leftsubnet: '10.0.9.0/24', esp: 'aes256-sha1' },
      policyB: 'drop',
    });
    const about = [...new Set(why.map((line) => line.split(':')[0]))];
    expect(about).toEqual(['version', 'ike', 'aggressive', 'selectors', 'child']);
  });

  test('the messages that another secret makes unreadable for their receiver are read all the same', () => {
    const { run } = simulatedV1({ secretsB: '@west @east : PSK "shark"\n' });
    expect(arrows(run)).toEqual(MAIN.slice(0, 5));
    expect(run.messages[4].repeated).toBeGreaterThan(1);
  });
});

describe('what hurts later', () => {
  test('PFS at the end that initiates: the other cannot rekey', () => {
    const { run, report } = simulatedV1({ b: { pfs: 'no' } });
    expect([report.exit, run.outcome]).toEqual([0, 'up']);
    expect(run.rekeys.map(({ of, by, ok }) => `${of} ${by} ${ok}`)).toContain('child B false');
    expect(run.warnings).toEqual([
      'when B rekeys the IPsec SA it fails: B has pfs=no, A has pfs=yes: a group is part of the first Quick Mode, which A refuses without one',
    ]);
  });

  test('lifetimes that differ, and more than IKEv1 allows', () => {
    const { run } = simulatedV1({ a: { ikelifetime: '2h', salifetime: '4h' } });
    expect(run.warnings).toEqual([
      'IPsec SAs end after 4h at A and 8h at B: the shorter one decides',
      'ISAKMP SAs end after 2h at A and 1h at B: the shorter one decides',
    ]);
  });

  test('compression at one end', () => {
    expect(simulatedV1({ a: { compress: 'yes' } }).run.warnings).toEqual([
      'A has compress=yes, and B has not: nothing is compressed',
    ]);
  });
});
