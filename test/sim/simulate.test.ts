import { describe, expect, test } from 'vitest';
import { type SimulationOptions, simulate } from '../../src/sim/simulate.ts';
import { conn } from '../actors/town.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { type Setting, simulated } from './two-files.ts';

describe('a tunnel that would come up', () => {
  test('is shown arrow by arrow, with what was agreed on and what rekeys it', () => {
    const { report, run, why } = simulated();
    expect([report.verdict, report.exit]).toEqual(['up', 0]);
    expect(why).toEqual([]);
    expect(run.warnings).toEqual([]);
    const arrows = run.messages.filter((m) => m.phase === 'negotiation');
    expect(arrows.map((m) => `${m.at} ${m.from} ${m.exchange} ${m.messageId} ${m.isResponse}`)).toEqual([
      '0 A IKE_SA_INIT 0 false',
      '0.01 B IKE_SA_INIT 0 true',
      '0.02 A IKE_AUTH 1 false',
      '0.03 B IKE_AUTH 1 true',
    ]);
    expect(arrows[0].payloads.slice(0, 3)).toEqual(['SA(1 proposal)', 'KE(DH31)', 'Ni']);
    expect(arrows[2].payloads).toEqual([
      'IDi(@west)',
      'IDr(@east)',
      'AUTH(PSK)',
      'SA(5 proposals)',
      'TSi(10.0.1.0/24)',
      'TSr(10.0.2.0/24)',
    ]);
    expect(run.agreed).toMatchObject({
      ike: { encr: 'AES_GCM_16_256', integ: null, prf: 'HMAC_SHA2_512', group: 'DH31' },
      child: { protocol: 'ESP', mode: 'tunnel', encr: 'AES_GCM_16_256', encapsulated: false },
      traffic: { a: ['10.0.1.0/24'], b: ['10.0.2.0/24'] },
      ids: { a: '@west', b: '@east' },
      conns: { a: 'w-e', b: 'w-e' },
      lifetimes: { a: { ike: 28800, child: 28800 }, b: { ike: 28800, child: 28800 } },
    });
    expect(run.rekeys.map(({ of, by, ok }) => `${of} ${by} ${ok}`)).toEqual([
      'child A true',
      'child B true',
      'ike A true',
      'ike B true',
    ]);
  });

  test.each([
    ['another key exchange', { ike: 'aes256-sha2_256-x25519-mlkem768' }],
    ['a post-quantum secret', { intermediate: 'yes', ppk: 'insist' }],
    ['both', { ike: 'aes_gcm256-sha2_512-x25519-mlkem512', intermediate: 'yes', ppk: 'insist' }],
  ])('is readable to the end with %s in its keys', (_, changes) => {
    const secrets = '@west @east : PSK "swordfish"\n@west @east : PPKS "p" "an old secret"\n';
    const { run } = simulated({ a: changes, b: changes, secretsA: secrets, secretsB: secrets });
    expect([run.outcome, run.warnings]).toEqual(['up', []]);
    expect(run.messages.filter(({ exchange }) => exchange === 'IKE_INTERMEDIATE').length).toBeGreaterThanOrEqual(2);
    expect(run.messages.filter(({ payloads }) => `${payloads}`.includes('not readable'))).toEqual([]);
    const auth = run.messages.filter(({ exchange }) => exchange === 'IKE_AUTH');
    expect(auth.map(({ payloads }) => payloads.includes('AUTH(PSK)'))).toEqual([true, true]);
  });

  test('is the same every time', () => {
    // But for the octets of keys, which are OpenSSL's own dice.
    const shown = () => JSON.stringify(simulated().report.pairs, (key, value) => (key === 'detail' ? [] : value));
    expect(shown()).toBe(shown());
  });

  test('at ports of their own', () => {
    const ports = { leftikeport: '4601', rightikeport: '4602' };
    expect(simulated({ a: ports, b: ports }, { initiator: 'both' }).report.exit).toBe(0);
  });

  test('is tried from either end', () => {
    const { report } = simulated({}, { initiator: 'both' });
    expect(report.pairs[0].runs.map((run) => [run.initiator, run.outcome])).toEqual([
      ['A', 'up'],
      ['B', 'up'],
    ]);
  });

  test('shows no octet of a secret', () => {
    const { report } = simulated();
    expect(JSON.stringify(report)).not.toContain('swordfish');
    expect(JSON.stringify(report)).not.toContain(Buffer.from('swordfish').toString('hex'));
  });

  test('is that of the template whose traffic is asked for', () => {
    const road = (name: string, rightsubnet: string) => conn(name, { left: '%any', rightsubnet });
    const b = road('first', '10.0.7.0/24') + road('w-e', '10.0.2.0/24') + road('third', '10.0.9.0/24');
    const { run } = simulated({ b });
    expect([run.outcome, run.agreed?.conns.b, run.warnings]).toEqual(['up', 'w-e', []]);
  });

  test('may need two tries at a group', () => {
    const { run } = simulated({
      a: { ike: 'aes_gcm256-sha2_512-dh31+dh19' },
      b: { ike: 'aes_gcm256-sha2_512-dh19' },
    });
    expect(run.outcome).toBe('up');
    expect(run.messages[1].payloads).toEqual(['N(INVALID_KE_PAYLOAD)']);
    expect(run.agreed?.ike.group).toBe('DH19');
  });

  test('has signs of life where an end asks for them', () => {
    const { run } = simulated({ b: { dpddelay: '30s' } });
    const checks = run.messages.filter((m) => m.phase === 'liveness');
    expect(checks.map((m) => `${m.from} ${m.exchange} ${m.isResponse}`)).toEqual([
      'B INFORMATIONAL false',
      'A INFORMATIONAL true',
    ]);
  });

  test('over IPv6, in transport mode, with CBC', () => {
    const change = { left: '2001:db8::1', right: '2001:db8::2', leftsubnet: undefined, rightsubnet: undefined };
    const both = { ...change, type: 'transport', ike: 'aes256-sha2_256-dh19', esp: 'aes128-sha1' };
    const { run } = simulated({ a: both, b: both });
    expect(run.outcome).toBe('up');
    expect(run.agreed).toMatchObject({
      ike: { encr: 'AES_CBC_256', integ: 'HMAC_SHA2_256_128' },
      child: { mode: 'transport', encr: 'AES_CBC_128', integ: 'HMAC_SHA1_96' },
      traffic: { a: ['2001:db8::1/128'], b: ['2001:db8::2/128'] },
    });
  });

  test('sends large messages in fragments, and warns where it may not', () => {
    const many = Array.from({ length: 80 }, (_, i) => `10.1.${i}.0/24`).join(',');
    const large = simulated({ a: { leftsubnet: many }, b: { leftsubnet: many } });
    const auth = large.run.messages.find((m) => m.exchange === 'IKE_AUTH' && !m.isResponse);
    expect(auth?.fragments).toBe(2);
    expect(auth?.payloads).toContain('TSi(10.1.0.0/24,10.1.1.0/24,10.1.2.0/24,+77)');
    expect(large.run.warnings).toEqual([]);
    const whole = simulated({ a: { leftsubnet: many, fragmentation: 'no' }, b: { leftsubnet: many } });
    expect(whole.run.warnings).toEqual([
      expect.stringMatching(
        /^a message of \d{4} octets is sent whole: IP fragments it, and some firewalls drop those$/,
      ),
    ]);
  });

  test('gives less where both allow it, and says so', () => {
    const { run } = simulated({
      a: { narrowing: 'yes' },
      b: { narrowing: 'yes', rightsubnet: '10.0.2.0/25' },
    });
    expect(run.agreed?.traffic.b).toEqual(['10.0.2.0/25']);
    expect(run.warnings).toEqual(['A gets less traffic than its connection names (narrowing)']);
  });
});

/** A's changes, B's, and the words that say why. */
const FAILURES: readonly [string, Setting, readonly string[], Partial<SimulationOptions>?][] = [
  [
    'ciphers',
    { a: { ike: 'aes256-sha2_512-dh31' } },
    [
      'ike: ike=: A offers AES_CBC_256-HMAC_SHA2_512_256-HMAC_SHA2_512-DH31; B accepts AES_GCM_16_256-HMAC_SHA2_512-DH31',
      'ike: ike=: they part in the cipher (A has AES_CBC_256, B has AES_GCM_16_256)',
    ],
  ],
  [
    'key lengths',
    { a: { ike: 'aes_gcm128-sha2_512-dh31' } },
    [
      'ike: ike=: A offers AES_GCM_16_128-HMAC_SHA2_512-DH31; B accepts AES_GCM_16_256-HMAC_SHA2_512-DH31',
      'ike: ike=: they part in the key length (A has AES_GCM_16_128, B has AES_GCM_16_256)',
    ],
  ],
  [
    'PRFs',
    { b: { ike: 'aes_gcm256-sha2_256-dh31' } },
    [
      'ike: ike=: A offers AES_GCM_16_256-HMAC_SHA2_512-DH31; B accepts AES_GCM_16_256-HMAC_SHA2_256-DH31',
      'ike: ike=: they part in the PRF (A has HMAC_SHA2_512, B has HMAC_SHA2_256)',
    ],
  ],
  [
    'integrity',
    { a: { ike: 'aes256-sha2_256-dh31' }, b: { ike: 'aes256-sha1-dh31' } },
    [
      'ike: ike=: A offers AES_CBC_256-HMAC_SHA2_256_128-HMAC_SHA2_256-DH31; B accepts AES_CBC_256-HMAC_SHA1_96-HMAC_SHA1-DH31',
      'ike: ike=: they part in integrity (A has HMAC_SHA2_256_128, B has HMAC_SHA1_96) and in the PRF (A has HMAC_SHA2_256, B has HMAC_SHA1)',
    ],
  ],
  [
    'groups',
    { b: { ike: 'aes_gcm256-sha2_512-dh19+dh20' } },
    [
      'ike: ike=: A offers AES_GCM_16_256-HMAC_SHA2_512-DH31; B accepts AES_GCM_16_256-HMAC_SHA2_512-DH19+DH20',
      'ike: ike=: they part in the group (A has DH31, B has DH19+DH20)',
    ],
  ],
  [
    'one of several proposals',
    { a: { ike: 'aes256-sha1-modp2048,aes_gcm128-sha2_512-dh31' } },
    [
      'ike: ike=: A offers AES_CBC_256-HMAC_SHA1_96-HMAC_SHA1-MODP2048, AES_GCM_16_128-HMAC_SHA2_512-DH31; B accepts AES_GCM_16_256-HMAC_SHA2_512-DH31',
      'ike: ike=: the nearest two part in the key length (A has AES_GCM_16_128, B has AES_GCM_16_256)',
    ],
  ],
  [
    'secrets',
    { secretsB: '@west @east : PSK "shark"\n' },
    ["secret: the secrets of A and B for '@west' and '@east' are not the same"],
  ],
  [
    'a secret that A lacks',
    { secretsA: '@north @south : PSK "swordfish"\n' },
    ["secret: A has no secret for '@west' and '@east': its ipsec.secrets would need a line @west @east : PSK"],
  ],
  [
    'a secret that B lacks',
    { secretsB: '@north @south : PSK "swordfish"\n' },
    ["secret: B has no secret for '@east' and '@west': its ipsec.secrets would need a line @east @west : PSK"],
  ],
  [
    "A's identity",
    { a: { leftid: '@wset' }, secretsA: ': PSK "swordfish"\n' },
    ["identity: A is '@wset' (ID_FQDN), B expects '@west' (ID_FQDN)"],
  ],
  [
    "B's identity, unset",
    { b: { rightid: undefined }, secretsB: ': PSK "swordfish"\n' },
    [
      "identity: B is '192.0.2.2' (ID_IPV4_ADDR), A expects '@east' (ID_FQDN): without an id= of its own an end is its address, so set B's leftid= or rightid=",
    ],
  ],
  [
    'subnets',
    { b: { leftsubnet: '10.0.3.0/24' } },
    ["selectors: at A's end A asks for 10.0.1.0/24, B has 10.0.3.0/24: they have no address in common"],
  ],
  [
    'a part of a subnet, which the initiator does not take',
    { b: { rightsubnet: '10.0.2.0/25' } },
    [
      "selectors: at B's end A asked for 10.0.2.0/24 and B answered 10.0.2.0/25: that is only a part of it, for which A would need narrowing=yes",
    ],
  ],
  [
    'a part of a subnet, which the responder does not give',
    { a: { rightsubnet: '10.0.2.0/25' } },
    [
      "selectors: at B's end A asks for 10.0.2.0/25, B has 10.0.2.0/24: that is only a part of it, for which B would need narrowing=yes",
    ],
  ],
  [
    'ports',
    { a: { rightprotoport: 'tcp/80' }, b: { rightprotoport: 'tcp/443' } },
    ["selectors: at B's end A asks for 10.0.2.0/24/TCP/80, B has 10.0.2.0/24/TCP/443: the ports differ"],
  ],
  [
    'protocols',
    { a: { rightprotoport: 'tcp/80' }, b: { rightprotoport: 'udp/80' } },
    ["selectors: at B's end A asks for 10.0.2.0/24/TCP/80, B has 10.0.2.0/24/UDP/80: the protocols differ"],
  ],
  [
    'modes',
    {
      a: { leftsubnet: undefined, rightsubnet: undefined, type: 'transport' },
      b: { leftsubnet: undefined, rightsubnet: undefined },
    },
    ['mode: A has type=transport, B has type=tunnel'],
  ],
  [
    'ESP',
    { a: { esp: 'aes_gcm256' }, b: { esp: 'aes128-sha1' } },
    [
      'child: esp=: A offers AES_GCM_16_256-ESN; B accepts AES_CBC_128-HMAC_SHA1_96-ESN',
      'child: esp=: they part in the cipher (A has AES_GCM_16_256, B has AES_CBC_128)',
    ],
  ],
  [
    'extended sequence numbers',
    { a: { esp: 'aes_gcm256', esn: 'yes' }, b: { esp: 'aes_gcm256', esn: 'no' } },
    [
      'child: esp=: A offers AES_GCM_16_256-ESN; B accepts AES_GCM_16_256',
      'child: esp=: they part in extended sequence numbers (A has yes, B has no)',
    ],
  ],
  [
    'AH and ESP',
    { a: { phase2: 'ah', ah: 'sha2_256' }, b: { esp: 'aes_gcm256' } },
    [
      'child: esp=: A offers AH:HMAC_SHA2_256_128-ESN; B accepts AES_GCM_16_256-ESN',
      'child: esp=: they part in the protocol (A has AH, B has ESP)',
    ],
  ],
  [
    'an address',
    { b: { left: '192.0.2.11' } },
    ['address: B looks for A at 192.0.2.11, and it is at 192.0.2.1; if that is a NAT, say --nat'],
  ],
  ['a port', { a: { rightikeport: '4600' } }, ['address: A sends to port 4600, and B listens on 500, 4500']],
  [
    'identities behind a NAT',
    {
      a: { left: '10.9.9.9', leftid: undefined },
      b: { left: '198.51.100.77', leftid: undefined },
      secretsA: ': PSK "swordfish"\n',
      secretsB: ': PSK "swordfish"\n',
    },
    [
      "identity: A is '10.9.9.9' (ID_IPV4_ADDR), B expects '198.51.100.77' (ID_IPV4_ADDR): without an id= of its own an end is its address, so set A's leftid= or rightid=",
    ],
    { nat: 'A' },
  ],
];

describe('a tunnel that would not come up says why', () => {
  test.each(FAILURES)('%s', (...[, setting, words, options]) => {
    const { report, run, why } = simulated(setting, options);
    expect(why).toEqual(words);
    expect([report.verdict, report.exit, run.outcome]).toEqual(['fails', 1, 'failed']);
    expect(run.agreed).toBeNull();
  });

  test('all that is wrong at once, in the order in which it would be met', () => {
    const { report, why } = simulated({
      a: { ike: 'aes128-sha1-modp2048', esp: 'aes128-sha1' },
      b: { type: 'transport', leftsubnet: '10.0.9.0/24', esp: 'aes_gcm256' },
      secretsB: '@west @east : PSK "shark"\n',
    });
    expect(report.exit).toBe(1);
    expect([...new Set(why.map((line) => line.split(':')[0]))]).toEqual([
      'ike',
      'secret',
      'selectors',
      'mode',
      'child',
    ]);
  });

  test('nobody where the message went: its repetitions are one arrow', () => {
    const { run } = simulated({ b: { left: '192.0.2.11' } }, { initiator: 'B' });
    expect(run.messages).toHaveLength(1);
    expect(run.messages[0]).toMatchObject({ from: 'B', isLost: true, repeated: expect.any(Number) });
    expect(run.messages[0].repeated).toBeGreaterThan(3);
  });
});

describe('what hurts later', () => {
  const pfs = { a: { pfs: 'no', esp: 'aes_gcm256' }, b: { pfs: 'yes', esp: 'aes_gcm256-none-dh31' } };

  test('PFS at one end only: up, until the end that has none rekeys', () => {
    const { report, run } = simulated({ ...pfs, a: { ...pfs.a, 'ipsec-lifetime': '1h' } });
    expect([report.exit, run.outcome]).toEqual([1, 'up-without-rekey']);
    expect(run.rekeys.map(({ of, by, ok }) => `${of} ${by} ${ok}`)).toEqual([
      'child A false',
      'child B true',
      'ike A true',
      'ike B true',
    ]);
    expect(run.why[0]).toEqual({
      about: 'rekey',
      lines: [
        'the tunnel comes up and goes down after 1h, when the Child SA ends and nothing has replaced it',
        'when A rekeys the Child SA it fails: A has pfs=no, B has pfs=yes: groups are negotiated only when a Child SA is rekeyed, IKE_AUTH has none; esp=: A offers AES_GCM_16_256-ESN; B accepts AES_GCM_16_256-DH31-ESN; esp=: they part in the group (A has NONE, B has DH31)',
      ],
    });
  });

  test('the same is a warning where the other end is in time', () => {
    const { report, run } = simulated(pfs);
    expect([report.exit, run.outcome]).toEqual([0, 'up']);
    expect(run.warnings).toEqual([expect.stringMatching(/^when A rekeys the Child SA it fails: A has pfs=no/)]);
  });

  test('groups of esp= that differ: neither end can rekey', () => {
    const { run } = simulated({ a: { esp: 'aes_gcm256-none-dh19' }, b: { esp: 'aes_gcm256-none-dh20' } });
    expect(run.outcome).toBe('up-without-rekey');
    expect(run.why[0].lines).toHaveLength(3);
    expect(run.why[0].lines[2]).toContain('they part in the group (B has DH20, A has DH19)');
  });

  test('is no rekey that needs a second try at the group: who waits for it hears of the second', () => {
    const { run } = simulated({
      a: { esp: 'aes_gcm256-none-dh19+dh31' },
      b: { esp: 'aes_gcm256-none-dh31' },
    });
    expect(run.rekeys.map(({ of, by, ok }) => `${of} ${by} ${ok}`)).toContain('child A true');
    const rekey = run.messages.filter((m) => m.phase === 'A rekeys the Child SA' && m.exchange === 'CREATE_CHILD_SA');
    expect(rekey).toHaveLength(4);
    expect(rekey[1].payloads).toEqual(['N(INVALID_KE_PAYLOAD)']);
  });

  test('is not looked for when only the first negotiation is wanted', () => {
    const { report, run } = simulated({ ...pfs, a: { ...pfs.a, 'ipsec-lifetime': '1h' } }, { rekeys: false });
    expect(report.exit).toBe(0);
    expect(run.rekeys).toEqual([]);
    expect(new Set(run.messages.map((m) => m.phase))).toEqual(new Set(['negotiation']));
  });

  test('nobody rekeys, or too late', () => {
    expect(simulated({ a: { rekey: 'no' }, b: { rekey: 'no' } }).run.warnings).toEqual([
      'nobody rekeys the Child SA in time: it ends after 8h, and the tunnel with it until somebody initiates again',
      'nobody rekeys the IKE SA in time: it ends after 8h, and the tunnel with it until somebody initiates again',
    ]);
    expect(simulated({ a: { rekey: 'no', 'ipsec-lifetime': '1h' } }).run.warnings).toEqual([
      'nobody rekeys the Child SA in time: it ends after 1h, and the tunnel with it until somebody initiates again',
      'Child SAs end after 1h at A and 8h at B: the shorter one decides',
    ]);
  });

  test('weak algorithms', () => {
    const weak = { ike: '3des-sha1-modp2048' };
    expect(simulated({ a: weak, b: weak }).run.warnings).toEqual(['what was agreed on is weak: 3DES_CBC']);
  });

  test('another connection of the responder that takes the tunnel', () => {
    const b = conn('other', { 'ipsec-lifetime': '1h' }) + conn('w-e');
    expect(simulated({ b }).run.warnings).toContain('B takes conn other for it, not w-e');
  });
});

test('what no comparison finds is said in the words of the logs', () => {
  // A takes whoever answers, and it is not the connection that was meant.
  const { run, why } = simulated({
    a: { rightid: '%any' },
    b: conn('first', { rightid: '@east2' }) + conn('w-e'),
    secretsA: ': PSK "swordfish"\n',
    secretsB: '@east2 @west : PSK "shark"\n@east @west : PSK "swordfish"\n',
  });
  expect(run.outcome).toBe('failed');
  expect(why[0]).toMatch(/^other: B: "first" #1: why: /);
});

test('of connections with the same traffic, the one that has the algorithms grants it', () => {
  const b =
    conn('first', { esp: 'aes128-sha1' }) + conn('second', { type: 'transport' }) + conn('w-e', { esp: 'aes_gcm256' });
  const { run } = simulated({ a: { esp: 'aes_gcm256' }, b });
  expect([run.outcome, run.agreed?.conns.b]).toEqual(['up', 'w-e']);
});

describe('without ipsec.secrets', () => {
  test('at both ends authentication is taken for granted', () => {
    const { report } = simulated({ secretsA: null, secretsB: null });
    expect(report.exit).toBe(0);
    expect([report.pairs[0].a.secrets, report.pairs[0].b.secrets]).toEqual([null, null]);
  });

  test('that may not be read: the same, and said', () => {
    const files = memoryFiles({
      '/a/west.conf': conn(),
      '/b/east.conf': conn(),
      '/b/ipsec.secrets': '@west @east : PSK "swordfish"\n',
    });
    const locked = {
      ...files,
      readOctets: (path: string) => (path === '/a/ipsec.secrets' ? { errno: 'EACCES' } : files.readOctets(path)),
    };
    const sides = { a: { conf: '/a/west.conf' }, b: { conf: '/b/east.conf' } };
    const report = simulate({ ...sides, initiator: 'A', rekeys: false }, locked);
    expect(report.notes).toEqual(['cannot read /a/ipsec.secrets: EACCES']);
    expect([report.exit, report.pairs[0].a.secrets]).toEqual([0, null]);
  });

  test('at one end, what it would be asked for is the secret of the other', () => {
    expect(simulated({ secretsB: null }).report.exit).toBe(0);
    expect(simulated({ secretsB: null }, { initiator: 'B' }).report.exit).toBe(0);
    expect(simulated({ secretsA: '@x @y : PSK "z"\n', secretsB: null }).why).toEqual([
      expect.stringMatching(/^secret: A has no secret for '@west' and '@east'/),
      expect.stringMatching(/^secret: B has no secret for '@east' and '@west'/),
    ]);
  });
});
