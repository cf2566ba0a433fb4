/** The forms that a conn's values have beyond a word or a number, and what they are kept as. */
import { describe, expect, test } from 'vitest';
import type { Conn } from '../../src/conf/conn.ts';
import { loadConfig, readingConfig } from '../../src/conf/load.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/ipsec.conf';
const load = (text: string) => loadConfig(PATH, memoryFiles({ [PATH]: text }));

/** A conn of these lines, with hosts and a way to authenticate unless they say otherwise. */
function text(lines: readonly string[]): string {
  const said = (key: string) => lines.some((line) => line.startsWith(`${key}=`));
  const isShunt = lines.some((line) => /^type=(passthrough|reject|drop)/.test(line));
  const usual = ['left=192.0.2.1', 'right=192.0.2.2', ...(isShunt ? [] : ['authby=secret'])];
  return ['conn w', ...lines, ...usual.filter((line) => !said(line.split('=')[0]))].join('\n\t').concat('\n');
}

function conn(...lines: string[]): Conn {
  const { conns, problems } = load(text(lines));
  expect(problems.filter((p) => p.severity === 'error').map(formatProblem)).toEqual([]);
  return conns[0];
}

/** What is said of these lines beside that something has no effect yet. */
const remarks = (...lines: string[]) => load(text(lines)).problems.filter((p) => !p.text.includes('has no effect yet'));

const errors = (...lines: string[]) =>
  remarks(...lines)
    .filter((p) => p.severity === 'error')
    .map((p) => p.text);

describe('is kept typed', () => {
  test('an address pool, which narrows', () => {
    const { left, narrowing } = conn('leftaddresspool=10.0.10.1-10.0.10.200', 'rightsubnet=0.0.0.0/0');
    expect(left.addresspool.map(({ start, end }) => `${start}-${end}`)).toEqual(['10.0.10.1-10.0.10.200']);
    expect(narrowing).toBe(true);
  });

  test('several pools, in the order of the list, of either family and any size', () => {
    const pools = '10.1.0.0/24,10.2.0.10-10.2.0.99,2001:db8::/64,11.0.0.0/8,2001:db8:9::/48,10.0.0.7';
    const { right } = conn('left=192.0.2.1', 'right=%any', 'leftsubnet=0/0,::/0', `rightaddresspool=${pools}`);
    expect(right.addresspool.map(({ start, end }) => `${start}-${end}`)).toEqual([
      '10.1.0.0-10.1.0.255',
      '10.2.0.10-10.2.0.99',
      '2001:db8::-2001:db8::ffff:ffff:ffff:ffff',
      '11.0.0.0-11.255.255.255',
      '2001:db8:9::-2001:db8:9:ffff:ffff:ffff:ffff:ffff',
      '10.0.0.7-10.0.0.7',
    ]);
  });

  test('marks: one for both directions, which each may outrank', () => {
    const both = { value: 1, mask: 0xff };
    const every = 0xffffffff;
    expect(conn('mark=1/0xff')).toMatchObject({ markIn: both, markOut: both });
    expect(conn('mark=1/0xff', 'mark-out=-1')).toMatchObject({
      markIn: both,
      markOut: { value: 'unique', mask: every },
    });
    expect(conn('mark-in=5')).toMatchObject({ markIn: { value: 5, mask: every }, markOut: undefined });
    expect(conn()).toMatchObject({ markIn: undefined, markOut: undefined });
  });

  test('what a peer may choose for its subnet', () => {
    const { right } = conn('keyexchange=ikev1', 'rightsubnet=vhost:%no,%priv', 'right=%any');
    expect(right).toMatchObject({ subnets: [], virtual: { isHost: true, no: true, private: true } });
  });

  test('interfaces and their addresses', () => {
    const { ipsecInterface, left } = conn('ipsec-interface=yes', 'leftinterface-ip=10.1.2.3/24', 'leftvti=10.9.0.1/30');
    expect(ipsecInterface).toBe(1);
    expect([left.interfaceIp, left.vti].map((c) => `${c?.address}/${c?.prefix}`)).toEqual([
      '10.1.2.3/24',
      '10.9.0.1/30',
    ]);
  });

  test('name servers, source addresses, the next hop', () => {
    const lines = ['modecfgdns="1.2.3.4, 2001:db8::53"', 'leftsubnet=10.0.0.0/8', 'leftsourceip=10.0.0.1'];
    const { modecfgdns, left, right } = conn(
      ...lines,
      'leftnexthop=%direct',
      'rightnexthop=192.0.2.9',
      'rightsubnet=0/0',
    );
    expect(modecfgdns.join()).toBe('1.2.3.4,2001:db8::53');
    expect(left.sourceip.join()).toBe('10.0.0.1');
    expect([left.nexthop, String(right.nexthop?.t === 'address' && right.nexthop.address)]).toEqual([
      { t: 'direct' },
      '192.0.2.9',
    ]);
  });

  test.each([
    ['%hostname', { t: 'name', name: '%hostname' }],
    ['%opportunisticgroup', { t: 'opportunisticgroup' }],
    ['%oppogroup', { t: 'opportunisticgroup' }],
    ['%opportunistic', { t: 'opportunistic' }],
    ['%any6', { t: 'any' }],
    ['%ppp0', { t: 'interface', name: 'ppp0' }],
  ])('right=%s', (host, spec) => expect(conn(`right=${host}`, 'left=%defaultroute').right.host).toEqual(spec));

  test('%any6 makes the hosts IPv6', () => {
    expect(conn('left=%defaultroute', 'right=%any6').hostFamily).toBe(6);
  });

  test('a list of subnets, with protocols and ports', () => {
    const { left } = conn('leftsubnet=10.0.1.0/24/tcp/80,10.0.2.0/24,10.0.3.5-10.0.3.9/udp', 'rightsubnet=10.0.9.0/24');
    expect(left.subnets.join(' ')).toBe('10.0.1.0/24/TCP/80 10.0.2.0/24 10.0.3.5-10.0.3.9/UDP');
  });

  test('auto=keep', () => expect(conn('auto=keep').auto).toBe('keep'));

  test('a shunt, which authenticates nobody and whose proposals nobody reads', () => {
    const { type, authby } = conn('type=passthrough', 'ike=gibberish');
    expect([type, authby]).toEqual(['passthrough', ['never']]);
    expect(remarks('type=passthrough', 'ike=gibberish').map((p) => p.text)).toEqual([
      'ike=: type=passthrough ignores it',
    ]);
  });
});

describe('cannot be', () => {
  test.each([
    [['leftaddresspool=10.0.0.1-10.0.0.9', 'leftsubnet=10.0.0.0/24'], 'cannot stand beside leftaddresspool='],
    [['leftaddresspool=10.0.0.1-10.0.0.9', 'rightaddresspool=10.1.0.1-10.1.0.9'], 'cannot stand beside right'],
    [['leftaddresspool=10.0.0.9-10.0.0.1'], 'is no range'],
    [['leftaddresspool=10.0.0.0/24,10.1.0.0/24,10.0.0.9-10.0.1.0'], '"10.0.0.9-10.0.1.0" overlaps "10.0.0.0/24"'],
    [['leftaddresspool=10.0.0.0/24,10.0.0.0/24'], '"10.0.0.0/24" overlaps "10.0.0.0/24"'],
    [['leftaddresspool=2001:db8::1-2001:db8::9'], 'IPv6 needs ADDRESS/BITS'],
    [['leftaddresspool=2001:db8::/64', 'rightsubnet=0.0.0.0/0'], 'differs in family'],
    [['leftaddresspool=10.0.0.0/24', 'rightmodecfgclient=yes'], 'does not go with rightmodecfgclient=yes'],
    [['leftaddresspool=10.0.0.0/24', 'narrowing=no'], 'addresspool= narrows'],
    [['leftmodecfgserver=yes', 'leftmodecfgclient=yes'], 'does not go with leftmodecfgclient=yes'],
    [['leftmodecfgserver=yes', 'rightmodecfgserver=yes'], 'does not go with rightmodecfgserver=yes'],
    [['mark=3/1'], 'has bits outside the mask'],
    [['rightsubnet=vhost:%priv'], 'virtual subnets are for peers that may be anywhere: right=%any'],
    [['rightsubnet=vhost:%wat', 'keyexchange=ikev1'], 'is none of %no, %priv'],
    [['rightsubnet=vhost:%no', 'leftsubnet=vnet:%all', 'keyexchange=ikev1'], 'only one end may be virtual'],
    [['right=%group', 'rightsubnet=vhost:%no', 'keyexchange=ikev1'], 'groups have no virtual subnets'],
    [['right=%opportunistic', 'keyexchange=ikev1'], 'opportunistic conns need IKEv2'],
    [['leftsubnet=10.0.1.0/24,10.0.2.0/24', 'keyexchange=ikev1'], 'IKEv1 takes only one subnet'],
    [['leftsubnet=10.0.1.0/24,10.0.2.0/24', 'leftprotoport=tcp'], 'protoport= is for a single subnet'],
    [['leftprotoport=tcp/%any', 'rightprotoport=tcp/%any'], 'only one end may leave its port'],
    [['leftsourceip=10.0.0.1'], '10.0.0.1 is not within left='],
    [['leftsourceip=10.0.0.1', 'leftsubnet=10.1.0.0/16'], '10.0.0.1 is not within leftsubnet='],
    [['leftsourceip=10.0.0.1,10.0.0.2', 'leftsubnet=10.0.0.0/16'], 'a second address of IPv4'],
    [['leftsourceip=192.0.2.1', 'leftinterface-ip=10.0.0.1/24'], 'cannot stand beside leftinterface-ip='],
    [['leftinterface-ip=eth0'], 'expected ADDRESS/BITS'],
    [['ipsec-interface=ipsec1'], 'expected yes, no or the number'],
    [['modecfgdns=dns.example.com'], 'is no address'],
    [['modecfgdns=2001:db8::53', 'keyexchange=ikev1'], 'is not of IPv4'],
    [['leftckaid=123'], '40 hex digits'],
    [['leftrsasigkey=AwEAAQ'], 'expected a key'],
    [['authby=never'], 'never needs type='],
    [['authby=secret,rsasig', 'keyexchange=ikev1'], 'IKEv1 takes only one way'],
    [['authby=secret', 'type=drop'], 'authenticates nobody'],
    [['leftauth=secret', 'rightauth=secret', 'keyexchange=ikev1'], 'needs IKEv2'],
    [['leftauth=secret', 'rightauth=null'], 'secret and null do not mix'],
    [['leftauth=rsasig', 'rightauth=secret'], 'rsasig needs authby=rsasig too'],
    [['leftauth=eaponly', 'rightauth=secret'], 'eaponly needs leftautheap='],
    [['leftid=%fromcert'], 'has no certificate'],
    [['leftid=%formcert'], 'is none of %fromcert, %myid, %any, %none and %null'],
    [['rightid=%'], 'is none of %fromcert, %myid, %any, %none and %null'],
    [['mobike=yes', 'type=transport'], 'needs type=tunnel'],
    [['mobike=yes', 'keyexchange=ikev1'], 'needs IKEv2'],
    [['intermediate=yes', 'keyexchange=ikev1'], 'needs IKEv2'],
    [['enable-tcp=yes', 'keyexchange=ikev1'], 'needs IKEv2'],
    [['ms-dh-downgrade=yes', 'pfs-rekey-workaround=yes'], 'does not go with pfs-rekey-workaround=yes'],
    [['tfc=100', 'type=transport'], 'needs type=tunnel'],
    [['iptfs=yes', 'compress=yes'], 'does not go with compress=yes'],
    [['nic-offload=packet'], 'packet needs type=transport'],
    [['vti-interface=vti0', 'type=transport'], 'needs type=tunnel'],
    [['hostaddrfamily=ipv6'], 'differs in family from hostaddrfamily='],
    [['rekeymargin=13h'], 'longer than 24h'],
    [['dpddelay=soon'], 'dpddelay="soon" is invalid: expected a time'],
    [['leftsubnets=2001:db8::/64'], 'no pair of subnets is of one family'],
    [['accept-redirect-to=x..y'], 'accept-redirect-to=: expected addresses and names of gateways, got "x..y"'],
    [['accept-redirect=yes', 'accept-redirect-to=10.1.1'], 'expected addresses and names of gateways, got "10.1.1"'],
  ])('%j', (lines, why) => {
    expect(errors(...lines).join('\n')).toContain(why);
    expect(load(text(lines)).conns).toEqual([]);
  });
});

describe('is odd, and said so', () => {
  test.each([
    [['tcp-remoteport=500'], 'without enable-tcp= it is ignored'],
    [['fragmentation=force'], 'IKEv2 takes force for yes'],
    [['dpdtimeout=30'], 'IKEv2 ignores it'],
    [['ikepad=yes'], 'IKEv2 ignores it'],
    [['ppk=yes', 'keyexchange=ikev1'], 'IKEv1 ignores it'],
    [['dpddelay=30', 'keyexchange=ikev1'], 'without dpdtimeout= it is ignored'],
    [['send-redirect=yes'], 'redirect-to= is missing'],
    [['send-redirect=auto'], 'redirect-to= is missing'],
    [['esn=yes', 'replay-window=0'], 'replay-window=0 makes it no'],
    [['ipsec-lifetime=5m'], 'rekeymargin=540s is no less than the lifetime; 150s it is'],
    [['mark=1', 'mark-in=2'], 'it outranks mark='],
    [['plutodebug="all, tmy"'], 'unknown debug class "tmy"; did you mean "tmi"?, ignored'],
    [['disablearrivalcheck=no'], 'disablearrivalcheck= is obsolete, ignored'],
    [['left=192.0.2.2'], 'it is the address of left='],
    [['esp=aes;dh19', 'pfs=no'], 'esp=: ignoring ESP DH algorithm DH19 as PFS policy is disabled'],
    [['ike=aes-sha2+sha2'], 'ike=: discarding duplicate IKE PRF algorithm HMAC_SHA2_256'],
    [['ikev2=no', 'keyexchange=ikev2'], 'ikev2=no contradicts keyexchange=ikev2, ignored'],
    [['ikev2=no', 'keyexchange=ike'], 'ikev2=no has been replaced by keyexchange=ikev1'],
    [['leftmodecfgclient=yes', 'rightmodecfgclient=yes', 'right=%oppogroup'], 'does not go with'],
    [['right=%any', 'rightsubnet=vnet:%priv'], 'rightsubnet=: %priv needs virtual-private= in config setup'],
    [['right=%any', 'rightsubnet=vhost:%priv'], 'without it nobody can match'],
    [['right=%any', 'rightsubnet=vhost:%no,%priv'], 'without it that word stands for nothing'],
  ])('%j', (lines, remark) => {
    expect(errors(...lines)).toEqual([]);
    expect(
      remarks(...lines)
        .map((p) => p.text)
        .join('\n'),
    ).toContain(remark);
  });
});

describe('config setup', () => {
  const setup = (...lines: string[]) => load(['config setup', ...lines].join('\n\t').concat('\n'));

  test.each([
    [['listen=10.1.1'], 'error', 'listen=: expected addresses or names of interfaces, got "10.1.1"'],
    [['listen=192.0.2.1,300.1.1.1'], 'error', 'expected addresses or names of interfaces, got "300.1.1.1"'],
    [['syslog=local8.info'], 'warning', 'expected FACILITY.LEVEL'],
    [['plutodebug="all no-such"'], 'warning', 'unknown debug class "no-such", ignored'],
    [['klipsdebug=none'], 'warning', 'klipsdebug= is obsolete, ignored'],
    [['interfaces="ipsec0=eth0"'], 'warning', 'interfaces= is obsolete, ignored'],
    [['plutowait=no'], 'warning', 'plutowait= is obsolete, ignored'],
    [['protostack=klips'], 'warning', 'protostack="klips" is invalid, ignored'],
    [['virtual-private=%v4:10.0.0.0/8,10.1.0.0/16'], 'error', 'expected %v4:SUBNET'],
    [['keep-alive=0'], 'warning', 'expected 1s to 1d, ignored'],
    [['keep-alive=2d'], 'warning', 'expected 1s to 1d, ignored'],
    [['nflog-all=70000'], 'warning', 'expected 1 to 65535'],
    [['curl-iface=a b'], 'error', 'more than one word'],
    [['curl-iface="a b"'], 'warning', 'expected the name of an interface'],
    [['ocsp-uri=ftp://x'], 'warning', 'expected http://'],
    [['ocsp-cache-min-age=2d'], 'warning', 'more than ocsp-cache-max-age='],
    [['ddos-ike-threshold=60000'], 'warning', 'cookies are never asked for'],
    [['listen-udp=no'], 'warning', 'nothing is listened to'],
    [['nhelpers=many'], 'warning', 'nhelpers="many" is invalid, ignored'],
    [['uniqueids=perhaps'], 'warning', 'uniqueids="perhaps" is invalid, ignored'],
  ])('%j', (lines, severity, remark) => {
    const found = setup(...lines).problems.filter((p) => !p.text.includes('has no effect yet'));
    expect(found).toMatchObject([{ severity }]);
    expect(found[0].text).toContain(remark);
  });

  test('keep-alive= out of bounds is the default', () => expect(setup('keep-alive=0').setup.keepAliveMs).toBe(20_000));

  test('plutodebug keeps the classes that there are', () => {
    expect(setup('plutodebug="parsing, wat, no-tmi"').setup.plutodebug).toEqual(['parsing', 'no-tmi']);
  });

  test.each<[subnet: string, nets: string, odd: number]>([
    ['vnet:%priv', '%v4:10.0.0.0/8,%v4:!10.1.0.0/16', 0],
    ['vnet:%priv', '%v4:!10.1.0.0/16', 1],
    ['vhost:%no', '%v4:!10.1.0.0/16', 0],
    ['vnet:%v4:10.1.0.0/16', '%v4:!10.1.0.0/16', 0],
  ])('rightsubnet=%s needs something of virtual-private=%s, or not', (subnet, nets, odd) => {
    const conn = text(['right=%any', `rightsubnet=${subnet}`]);
    const { conns, problems } = load(`config setup\n\tvirtual-private=${nets}\n${conn}`);
    expect([conns.length, problems.map((p) => p.severity)]).toEqual([1, Array<string>(odd).fill('warning')]);
  });

  test('the head of an old file is no news', () => {
    expect(load('version 2.0\nconfig setup\n\tplutodebug=all\n').problems).toEqual([]);
  });
});

describe('several sections', () => {
  test('a conn that subnets= makes many of is built in steps', () => {
    const list = Array.from({ length: 100 }, (_, i) => `10.${i}.0.0/16`);
    const lists = [`leftsubnets=${list}`, `rightsubnets=${list}`];
    const reading = readingConfig(PATH, memoryFiles({ [PATH]: text(lists) }));
    let steps = 0;
    for (; ; steps++) {
      const { done, value } = reading.next();
      if (!done) continue;
      expect(value.conns.length).toBe(10_000);
      break;
    }
    expect(steps).toBeGreaterThan(300);
  });

  test('a file that is included twice is read once, with a warning', () => {
    const files = memoryFiles({ [PATH]: 'include /x\ninclude /x\n', '/x': text([]) });
    const { conns, problems } = loadConfig(PATH, files);
    expect([conns.length, problems.map((p) => p.text)]).toEqual([1, ['its file is included more than once']]);
  });

  test('a repetition says where the first is, in whatever file', () => {
    const files = memoryFiles({
      [PATH]: 'config setup\n\tlogtime=no\ninclude /x\n',
      '/x': 'config setup\n\tlogtime=yes\n',
    });
    expect(loadConfig(PATH, files).problems).toMatchObject([
      { file: '/x', line: 2, text: `logtime= replaces the one at ${PATH}:2` },
    ]);
  });

  test('lists do not grow by being taken over twice', () => {
    const chain = Array.from({ length: 100 }, (_, i) => `conn c${i}\n\talso=c${i + 1}\n\talso=c${i + 1}\n`).join('');
    const config = load(`${text(['also=c0'])}${chain}conn c100\n\tconnalias=x,y\n`);
    expect([config.problems, config.conns[0].aliases]).toEqual([[], ['x', 'y']]);
  });

  test('and end at a limit', () => {
    const words = Array.from({ length: 1025 }, (_, i) => `a${i}`);
    const lines = words.map((word) => `connalias=${word}`);
    expect(errors(...lines)).toEqual(['connalias= has more than 1024 words']);
  });
});
