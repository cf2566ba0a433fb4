import { describe, expect, test } from 'vitest';
import { type Conn, selectorsOf } from '../../src/conf/conn.ts';
import { DEFAULT_SETUP, loadConfig, readConfig } from '../../src/conf/load.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { defaultProposals, formatProposal } from '../../src/ike/crypto/proposal.ts';
import { Address } from '../../src/net/address.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/ipsec.conf';
const load = (text: string) => loadConfig(PATH, memoryFiles({ [PATH]: text }));
const messages = (text: string) => load(text).problems.map(formatProblem);

/** A conn `west` that is complete, with these lines in it too. */
const west = (...lines: string[]) =>
  ['conn west', 'left=192.0.2.1', 'right=192.0.2.2', 'authby=secret', ...lines].join('\n\t').concat('\n');

function conn(...lines: string[]): Conn {
  const { conns, problems } = load(west(...lines));
  expect(problems.filter((p) => p.severity === 'error').map(formatProblem)).toEqual([]);
  return conns[0];
}

/** The one message that these lines give. */
function complaint(...lines: string[]): string | undefined {
  const { conns, problems } = load(west(...lines));
  expect(conns.length).toBe(problems.some((p) => p.severity === 'error') ? 0 : 1);
  expect(problems.filter((p) => !p.text.endsWith('has no effect yet')).length).toBeLessThanOrEqual(1);
  return problems[0] && formatProblem(problems[0]);
}

const ends = ({ left, right }: Conn) => [left.subnets.join(' '), right.subnets.join(' ')];

describe('a conn that says nothing', () => {
  const { left, right, ...policy } = conn();

  test('has libreswan’s defaults', () => {
    expect(policy).toMatchObject({
      name: 'west',
      aliases: [],
      auto: 'ignore',
      type: 'tunnel',
      keyexchange: 'ikev2',
      phase2: 'esp',
      pfs: true,
      esn: 'either',
      replayWindow: 128,
      ikeLifetimeMs: 8 * 3600_000,
      ipsecLifetimeMs: 8 * 3600_000,
      ipsecMaxBytes: undefined,
      rekey: true,
      rekeyMarginMs: 540_000,
      rekeyFuzzPercent: 100,
      keyingtries: 0,
      retransmitIntervalMs: 500,
      retransmitTimeoutMs: 60_000,
      dpddelayMs: 0,
      fragmentation: 'yes',
      encapsulation: 'auto',
      natKeepalive: true,
      narrowing: false,
      initialContact: false,
      later: undefined,
    });
    expect(policy.ike).toBe(defaultProposals('ike', 2));
    expect(policy.child).toBe(defaultProposals('esp', 2));
  });

  test('protects the two hosts', () => {
    expect(left).toMatchObject({ host: { t: 'address' }, id: undefined, subnets: [], protoport: undefined });
    expect(selectorsOf(right, Address.parse('192.0.2.2')!).join()).toBe('192.0.2.2/32');
  });

  test('is frozen', () => {
    expect(Object.isFrozen(conn())).toBe(true);
    expect(Object.isFrozen(conn().left)).toBe(true);
  });
});

describe('a conn’s values', () => {
  test('proposals', () => {
    const { ike, child, phase2 } = conn('ike=aes256-sha2_512;dh19', 'phase2=ah', 'ah=sha2_256');
    expect(ike.map(formatProposal)).toEqual(['AES_CBC_256-HMAC_SHA2_512-DH19']);
    expect([phase2, child.map(formatProposal)]).toEqual(['ah', ['HMAC_SHA2_256_128']]);
  });

  test('identities that are octets, and those that are not yet', () => {
    const { left, right } = conn('leftid=@west', 'rightid="C=CA, CN=east"');
    expect([left.id?.toString(), left.idText]).toEqual(['@west', undefined]);
    expect([right.id?.typeName, right.idText]).toEqual(['ID_DER_ASN1_DN', undefined]);
    const later = conn('leftid=%any', 'rightid=east.example.com');
    expect([later.left.id, later.left.idText, later.right.idText]).toEqual([undefined, '%any', 'east.example.com']);
  });

  test('selectors with protoport applied', () => {
    expect(
      ends(conn('leftsubnet=10.0.1.0/24', 'rightsubnet=10.0.2.0/24/udp/53,10.0.3.0/24', 'leftprotoport=tcp/80')),
    ).toEqual(['10.0.1.0/24/TCP/80', '10.0.2.0/24/UDP/53 10.0.3.0/24']);
  });

  test('updown: stock, none, a command', () => {
    expect(conn().left.updown).toBeUndefined();
    expect(conn('leftupdown=%disabled').left.updown).toBeNull();
    expect(conn('leftupdown=""').left.updown).toBeNull();
    expect(conn('leftupdown="ipsec _updown --x"').left.updown).toBe('ipsec _updown --x');
  });

  test('aliases of keywords and values', () => {
    expect(conn('keylife=1h', 'auto=route', 'type=tunnel', 'fragmentation=insist')).toMatchObject({
      ipsecLifetimeMs: 3600_000,
      auto: 'ondemand',
      fragmentation: 'force',
    });
  });

  test('a lifetime is cut to a day, with a warning', () => {
    const { conns, problems } = load(west('ikelifetime=30h'));
    expect(conns[0].ikeLifetimeMs).toBe(24 * 3600_000);
    expect(problems.map(formatProblem)).toEqual([
      '/etc/ipsec.conf:5: [conn west] warning: ikelifetime=30h is longer than 24h; 24h it is',
    ]);
  });

  test.each([
    ['%any', { t: 'any' }],
    ['0.0.0.0', { t: 'any' }],
    ['%defaultroute', { t: 'defaultroute' }],
    ['%eth0', { t: 'interface', name: 'eth0' }],
    ['east.example.com', { t: 'name', name: 'east.example.com' }],
    ['%group', { t: 'group' }],
    ['%oppo', { t: 'opportunistic' }],
  ])('right=%s', (text, host) => {
    expect(load(`conn w\n\tleft=192.0.2.1\n\tright=${text}\n\tauthby=secret\n`).conns[0].right.host).toEqual(host);
  });

  test('subnets= makes a conn of each pair, and leaves out pairs of mixed family', () => {
    const text = west(
      'leftsubnets={10.0.1.0/24 2001:db8:1::/64}',
      'rightsubnets=10.0.2.0/24',
      'rightsubnets=2001:db8:2::/64',
    );
    const { conns } = load(text);
    expect(conns.map((c) => [c.name, c.aliases[0], ...ends(c)])).toEqual([
      ['west/1x1', 'west', '10.0.1.0/24', '10.0.2.0/24'],
      ['west/2x2', 'west', '2001:db8:1::/64', '2001:db8:2::/64'],
    ]);
  });

  test('subnets= on one side only', () => {
    expect(load(west('leftsubnets=10.0.1.0/24,10.0.2.0/24')).conns.map((c) => c.name)).toEqual([
      'west/1x0',
      'west/2x0',
    ]);
  });
});

describe('what a conn cannot be', () => {
  test.each([
    [['leftsubnet=10.0.1.1/240'], '[conn west] leftsubnet=: "10.0.1.1/240" is no subnet'],
    [['leftsubnet=10.0.1.0/24', 'rightsubnet=2001:db8::/64'], 'what left and right protect differs in family'],
    [['leftsubnet=2001:db8::/64'], 'what left and right protect differs in family'],
    [
      ['leftsubnet=::/0,0.0.0.0/0', 'rightaddresspool=10.9.0.0/16'],
      'differs in family: IPv4 and IPv6 at left, IPv4 at right',
    ],
    [['leftsubnet=10.0.1.0/24', 'leftsubnets=10.0.2.0/24'], 'cannot stand beside leftsubnet='],
    [['leftprotoport=tcp/x'], 'leftprotoport=: expected PROTOCOL'],
    [['leftprotoport=tcp/80', 'leftsubnet=10.0.0.0/8/udp'], 'so does protoport='],
    [['leftid=@#xyz'], 'expected @FQDN, @#HEX'],
    [['leftid="CN"', 'rightid="no=such=dn"'], 'is no distinguished name'],
    [['leftnexthop=there'], 'leftnexthop=: expected an address'],
    [['leftsourceip=10.0.0.0/8'], 'leftsourceip=: "10.0.0.0/8" is no address'],
    [['ike=aes256-md55'], 'ike=: IKE'],
    [['ah=sha2_256'], 'ah=: needs phase2=ah'],
    [['leftauth=secret'], 'leftauth= and rightauth= go together'],
    [
      ['clientaddrfamily=ipv6', 'leftsubnet=10.0.1.0/24'],
      'clientaddrfamily=: what the tunnel is for is of the other family',
    ],
    [['tcp-remoteport=500', 'enable-tcp=yes'], 'port 500 is not for TCP'],
    [['aggressive=yes'], 'aggressive mode needs keyexchange=ikev1'],
    [['aggressive=yes', 'keyexchange=ikev1'], 'aggressive mode needs ike='],
    [['leftsubnts=10.0.0.0/8'], 'unknown keyword "leftsubnts"; did you mean leftsubnet'],
    [['swordfish=yes'], 'unknown keyword "swordfish"'],
    [['forceencaps=yes'], 'unknown keyword "forceencaps"; encapsulation= took its place'],
    [['leftfirewall=yes'], 'unknown keyword "leftfirewall"; leftupdown= took its place'],
  ])('%j', (lines, text) => expect(complaint(...lines)).toContain(text));

  test.each([
    ['authby=secert', '"secert" is unknown; did you mean secret?'],
    ['authby=secret,never', 'never goes with nothing else'],
    ['authby=', 'a way to authenticate is missing'],
    ['left=2001:db8::1', 'differs in family'],
    ['left=192.0.2.256', 'left=: expected an address'],
    ['left=2001:db8:::1', 'left=: expected an address'],
  ])('%s', (line, text) => {
    const authby = line.startsWith('authby') ? '' : '\tauthby=secret\n';
    const left = line.startsWith('left') ? '' : '\tleft=192.0.2.1\n';
    expect(messages(`conn w\n\t${line}\n${left}\tright=192.0.2.2\n${authby}`).join()).toContain(text);
  });

  test('both ends anywhere', () => {
    for (const right of ['%any', '%group', '%opportunistic']) {
      const [message] = messages(`conn w\n\tleft=%any\n\tright=${right}\n\tauthby=secret\n`);
      expect(message).toContain('neither tells our address');
    }
  });
});

describe('warnings leave the conn as it is', () => {
  test.each([
    [['pfs=ys'], 'pfs="ys" is invalid, ignored: expected yes or no'],
    [['reqid=20000'], 'reqid="20000" is invalid, ignored: expected 1 to 16383'],
    [['dpdaction=hold'], 'dpdaction=: obsolete in IKEv2, ignored'],
    [['x-note=hello'], 'x-note= is ignored'],
    [['uniqueids=no'], 'uniqueids= belongs in config setup, ignored'],
    [['auto=add', 'auto=start'], 'auto= is ignored, the one in line 5 stands'],
    [['leftcat=yes'], 'leftcat= has no effect yet'],
    [['leftsubnet=10.0.1.1/24'], '"10.0.1.1/24" has host bits; 10.0.1.0/24 it is'],
    [['right=192.0.2.1'], 'right= is ignored, the one in line 3 stands'],
  ])('%j', (lines, text) => {
    expect(complaint(...lines)).toContain(text);
    expect(conn(...lines).pfs).toBe(true);
  });

  test.each([
    ['ikepad=yes', 'ikepad=: IKEv2 ignores it'],
    ['dpdtimeout=30s', 'ikev1-dpdtimeout=: IKEv2 ignores it; retransmit-timeout= is its limit'],
  ])('%s, which does nothing here in any case, is no news twice', (line, text) => {
    expect(load(`${west('')}\t${line}\n`).problems.map((p) => p.text)).toEqual([text]);
  });

  test.each([
    ['vpn.example.com', 'right=HOSTNAME has no effect yet'],
    ['cafe', 'right=HOSTNAME has no effect yet'],
    ['%group', undefined],
    ['192.0.2.9', undefined],
    ['0xc0000209', undefined],
    ['2001:db8::2', undefined],
    ['%any', undefined],
  ])('right=%s: %s', (right, text) => {
    const { problems } = load(`conn w\n\tleft=%defaultroute\n\tright=${right}\n\tauthby=secret\n`);
    expect(problems.map((p) => p.text)).toEqual(text === undefined ? [] : [text]);
  });

  test.each([
    ['west.example.com', ['rightid=HOSTNAME has no effect yet']],
    ['@west.example.com', []],
    ['192.0.2.9', []],
    ['%any', []],
  ])('rightid=%s: %j', (id, texts) => {
    const { problems } = load(`conn w\n\tleft=%defaultroute\n\tright=%any\n\trightid=${id}\n\tauthby=secret\n`);
    expect(problems.map((p) => p.text)).toEqual(texts);
  });

  test('what has no effect yet is kept, and is said once however many conns have it', () => {
    const { conns, problems } = load(
      west('leftnexthop=10.0.0.1') + west('leftnexthop=10.0.0.2').replace('conn west', 'conn east'),
    );
    expect(problems.map((p) => p.text)).toEqual(['leftnexthop= has no effect yet (in 2 places)']);
    expect(conns.map((c) => c.later?.get('leftnexthop'))).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  test('asking for what happens anyway is no news', () => {
    expect(messages(west('compress=no', 'mobike=no', 'ppk=never'))).toEqual([]);
  });
});

describe('%default and also=', () => {
  test('also= is followed to any depth, wherever the sections stand', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => `conn c${i}\n\talso=c${i + 1}\n`).join('');
    const { conns, problems } = load(
      `conn west\n\talso=c0\n\tright=192.0.2.2\n${chain}conn c20000\n\tleft=192.0.2.1\n\tauthby=secret\n`,
    );
    expect(problems).toEqual([]);
    expect(conns.map((c) => c.name)).toEqual(['west']);
  });

  test('own settings and also= outrank %default, even one that comes later', () => {
    const text = `${west('also=base', 'dpddelay=1s')}conn base\n\tikelifetime=2h\nconn %default\n\tikelifetime=1h\n\tdpddelay=9s\n\tpfs=no\n`;
    expect(load(text).conns[0]).toMatchObject({ ikeLifetimeMs: 7200_000, dpddelayMs: 1000, pfs: false });
  });

  test('a diamond is no contradiction, two different values are', () => {
    const diamond = `${west('also=a', 'also=b')}conn a\n\talso=c\nconn b\n\talso=c\nconn c\n\tpfs=no\n`;
    expect(load(diamond)).toMatchObject({ problems: [], conns: [{ pfs: false }] });
    const clash = `${west('also=a')}\tpfs=yes\nconn a\n\tpfs=no\n`;
    expect(messages(clash)).toEqual(['/etc/ipsec.conf:6: [conn west] pfs="yes" contradicts "no" at /etc/ipsec.conf:8']);
  });

  test.each([
    [west('also=west'), 'also="west" closes a loop'],
    [`${west('also=a')}conn a\n\talso=b\nconn b\n\talso=a\n`, 'also="a" closes a loop'],
    [west('also=nowhere'), 'there is no conn "nowhere"'],
    ['conn %default\n\talso=x\n', 'also= cannot stand in %default'],
    [west() + west(), 'already defined at /etc/ipsec.conf:1'],
    ['\tleft=192.0.2.1\n', '"left" stands before any section'],
  ])('refused: %j', (text, message) => {
    expect(messages(text).join()).toContain(message);
    expect(load(text).conns).toEqual([]);
  });

  test('connalias= of both is kept', () => {
    expect(load(`${west('also=b', 'connalias=x')}conn b\n\tconnalias=y\n`).conns[0].aliases).toEqual(['x', 'y']);
  });

  test('a section without left= or right= is there to be taken over', () => {
    const { conns, refused, problems } = load(`${west()}conn base\n\tleft=192.0.2.9\n`);
    expect([conns.length, problems]).toEqual([1, []]);
    expect(refused.get('base')).toBe('right= is not set');
  });

  test('what such a section lacks is no contradiction yet', () => {
    const base = 'conn base\n\tleft=192.0.2.1\n\tleftauth=secret\n\tah=sha2\n\tleftsubnet=2001:db8::/64\n';
    const rest = 'conn w\n\talso=base\n\tright=2001:db8::2\n\tleftnexthop=2001:db8::3\n';
    expect(load(base).problems).toEqual([]);
    expect(
      messages(base + rest)
        .map((text) => text.replace(/.*conn w\] /, ''))
        .slice(0, 2),
    ).toEqual(['leftauth=: leftauth= and rightauth= go together', 'ah=: needs phase2=ah']);
  });
});

describe('all or nothing', () => {
  test('one error anywhere and nothing is loaded, but every problem is listed', () => {
    const text = `config setup\n\tnhelpers=0\n${west()}conn bad\n\tleft=1.2.3\n\tbogus=1\n\tpfs=maybe\n`;
    const { conns, setup, problems } = load(text);
    expect([conns, setup]).toEqual([[], DEFAULT_SETUP]);
    expect(problems.map((p) => [p.severity, p.line])).toEqual([
      ['error', 9],
      ['warning', 10],
    ]);
    expect(readConfig(PATH, memoryFiles({ [PATH]: text })).conns.map((c) => c.name)).toEqual(['west']);
  });

  test('a fault in a section that many take over is reported once', () => {
    const many = Array.from({ length: 50 }, (_, i) => `conn c${i}\n\talso=base\n\tright=192.0.2.${i + 2}\n`).join('');
    expect(messages(`conn base\n\tleft=192.0.2.1\n\tauthby=secret\n\tleftsubnet=10.1/8\n${many}`).length).toBe(1);
  });
});

describe('config setup', () => {
  test('defaults', () => {
    expect(load('').setup).toEqual(DEFAULT_SETUP);
    expect(DEFAULT_SETUP).toMatchObject({
      uniqueids: true,
      keepAliveMs: 20_000,
      ddosMode: 'auto',
      ddosIkeThreshold: 25_000,
      maxHalfopenIke: 50_000,
      ikev1Policy: 'drop',
      secretsfile: '/etc/ipsec.secrets',
      nhelpers: undefined,
      logfile: undefined,
      listen: [],
    });
  });

  test('values', () => {
    const lines = [
      'nhelpers=0',
      'listen="192.0.2.1, eth0"',
      'plutodebug="all, no-tmi"',
      'virtual-private=%v4:10.0.0.0/8,%v6:!fd00::/8',
    ];
    const { setup, problems } = load(`config setup\n\t${lines.join('\n\t')}\n`);
    expect(setup).toMatchObject({ nhelpers: 0, listen: ['192.0.2.1', 'eth0'], plutodebug: ['all', 'no-tmi'] });
    expect(setup.virtualPrivate.map((v) => `${v.excluded} ${v.subnet}`)).toEqual(['false 10.0.0.0/8', 'true fd00::/8']);
    expect(problems).toEqual([]);
  });

  test('the last of a repeated keyword stands, with a warning', () => {
    const { setup, problems } = load('config setup\n\tlogappend=no\nconfig setup\n\tlogappend=yes\n');
    expect(setup.logappend).toBe(true);
    expect(problems.map(formatProblem)).toEqual([
      '/etc/ipsec.conf:4: [config setup] warning: logappend= replaces the one in line 2',
    ]);
  });

  test('a virtual-private that is no subnet is an error', () => {
    expect(messages('config setup\n\tvirtual-private=%v4:fd00::/8\n')[0]).toContain('expected %v4:SUBNET');
  });
});

test('what a file says cannot drive a terminal', () => {
  expect(messages(west('\u009b31mred=1', 'leftid="\u2028"'))[0]).not.toMatch(/[^\x20-\x7e]/);
  for (const text of [west('ike="\u009b31m"'), west('pfs=x').replace('conn west', 'conn "\u202ewest"')])
    expect(messages(text)[0]).toContain('the line has a control character');
});
