import { expect, test } from 'vitest';
import { run } from '../../../src/cli/commands/verify.ts';
import { type Checked, sceneOf, verify } from '../../../src/cli/machine/verify.ts';
import { installation } from '../../../src/control/installation.ts';
import { type FakeMachine, failed, fakeMachine } from './fake-machine.ts';

const WHACK = `node ${installation()}bin/whack --briefstatus`;
const SELFTEST = `node ${installation()}bin/pluto --selftest`;
const IF = '/proc/sys/net/ipv4/conf';

/** A gateway with nothing wrong. */
const GOOD = {
  files: {
    '/proc/sys/kernel/osrelease': '6.12.0\n',
    '/proc/modules': 'esp4 1 0\nesp6 1 0\nah4 1 0\nah6 1 0\nipcomp 1 0\nipcomp6 1 0\n',
    '/proc/net/if_inet6': '00000000000000000000000000000001 01 80 10 80 lo\n',
    '/proc/sys/net/ipv4/ip_forward': '1\n',
    '/proc/sys/net/ipv6/conf/all/forwarding': '1\n',
    '/proc/sys/net/core/xfrm_larval_drop': '1\n',
    [`${IF}/all/rp_filter`]: '0\n',
    [`${IF}/eth0/rp_filter`]: '2\n',
    [`${IF}/eth0/send_redirects`]: '0\n',
    [`${IF}/eth0/accept_redirects`]: '0\n',
    '/proc/net/udp':
      '  sl  local_address\n  1: 00000000:01F4 00000000:0000 07 0 0 0 0 0 71\n  2: 00000000:1194 00000000:0000 07 0 0 0 0 0 72\n',
    '/proc/net/tcp': '  1: 00000000:1194 00000000:0000 0A 0 0 0 0 0 73\n',
    '/proc/4711/comm': 'node\n',
    '/proc/4711/limits': 'Limit  Soft Limit  Hard Limit  Units\nMax open files            20000  20000  files\n',
    '/proc/815/comm': 'charon\n',
    '/proc/meminfo': 'MemTotal: 900 kB\nMemAvailable:    2048000 kB\n',
    '/run/pluto/pluto.pid': '4711\n',
    '/run/pluto/pluto.ctl': '',
    '/etc/ipsec.d/policies/clear': '',
    '/etc/ipsec.conf':
      'conn a\n\tauthby=secret\n\tleft=192.0.2.1\n\tleftid=@a\n\tleftsubnet=10.1.0.0/24\n\tright=192.0.2.2\n\trightid=@b\n',
    '/etc/ipsec.secrets': '@a @b : PSK "0123456789abcdef0123456789abcdef"\n',
  },
  stats: { '/dev/net/tun': { kind: 'device', mode: 0o666 } },
  links: { '/proc/4711/fd/7': 'socket:[71]', '/proc/4711/fd/8': 'socket:[72]', '/proc/4711/fd/1': 'pipe:[71]' },
  commands: {
    'ip xfrm state count': 'SAD count 0\n',
    'nft list ruleset': '',
    'ip --version': 'ip',
    'nft --version': 'nft',
    'logger --version': 'logger',
    'getent ahosts vpn.example.com': '192.0.2.9 STREAM\n',
    'timedatectl show': 'yes\n',
    'node -e': '',
    [SELFTEST]: 'SHA: passed\n',
    [WHACK]: 'IKE SAs: total(0)\n',
  },
} as const satisfies FakeMachine;

/** The good machine with a difference. */
function but(more: FakeMachine) {
  return fakeMachine({
    ...more,
    files: { ...GOOD.files, ...more.files },
    stats: { ...GOOD.stats, ...more.stats },
    links: { ...GOOD.links, ...more.links },
    commands: { ...GOOD.commands, ...more.commands },
  });
}

async function checked(machine: FakeMachine): Promise<Checked[]> {
  const all: Checked[] = [];
  for await (const one of verify(await sceneOf(but(machine), new Map()))) all.push(one);
  return all;
}

test('a machine with nothing wrong has nothing to do', async () => {
  const all = await checked({});
  expect(all.filter(({ verdict }) => verdict === 'WARN' || verdict === 'FAIL')).toEqual([]);
  expect(all.filter(({ verdict }) => verdict === 'OK').length).toBeGreaterThan(24);
});

/** Nothing is read there. */
const SECRETLESS = { '/etc/ipsec.conf': 'config setup\n\tsecretsfile=/nowhere\n' };

const ruleset = (rules: string, policy = 'drop') =>
  `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy ${policy};\n${rules
    .split(';')
    .map((rule) => `\t\t${rule}\n`)
    .join('')}\t}\n}\n`;
const conf = (lines: string) => `conn a\n\tauthby=secret\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\t${lines}\n`;

test.each<[string, string, FakeMachine, string]>([
  [
    'IPsec in the kernel',
    'WARN',
    { commands: { 'ip xfrm state count': failed(2, 'Protocol not supported') } },
    'no IPsec',
  ],
  [
    'IPsec in the kernel',
    'FAIL',
    { commands: { 'ip xfrm state count': failed(2) }, stats: { '/dev/net/tun': { kind: 'file' } } },
    'modprobe',
  ],
  ['IPsec in the kernel', 'WARN', { files: { '/proc/modules': '' } }, 'CONFIG_INET_ESP'],
  [
    'IPsec in the kernel',
    'OK',
    { files: { '/proc/modules': '', '/lib/modules/6.12.0/modules.builtin': 'kernel/net/ipv4/esp4.ko\n' } },
    'ESP',
  ],
  ['AH in the kernel', 'SKIP', { files: { '/proc/modules': 'esp4 1\n' } }, 'no conn says phase2=ah'],
  [
    'AH in the kernel',
    'WARN',
    { files: { '/proc/modules': 'esp4 1\n', '/etc/ipsec.conf': conf('phase2=ah') } },
    'modprobe -a ah4 ah6',
  ],
  ['ESP in user space', 'WARN', { stats: { '/dev/net/tun': { kind: 'file' } } }, 'modprobe tun'],
  [
    'IPv6',
    'FAIL',
    {
      files: {
        '/proc/net/if_inet6': '',
        '/etc/ipsec.conf': 'conn six\n\tauthby=secret\n\tleft=2001:db8::1\n\tright=2001:db8::2\n',
      },
    },
    'six needs one',
  ],
  ['SELinux', 'WARN', { files: { '/sys/fs/selinux/enforce': '1' } }, 'ausearch'],
  [
    'AppArmor',
    'WARN',
    {
      files: {
        '/sys/module/apparmor/parameters/enabled': 'Y\n',
        '/sys/kernel/security/apparmor/profiles': '/usr/bin/node (enforce)\n',
      },
    },
    '/usr/bin/node',
  ],
  ['forwarding', 'WARN', { files: { '/proc/sys/net/ipv4/ip_forward': '0\n' } }, 'sysctl -w net.ipv4.ip_forward=1'],
  [
    'forwarding',
    'OK',
    { files: { '/proc/sys/net/ipv4/ip_forward': '0\n', '/etc/ipsec.conf': conf('') } },
    'no conn has a subnet',
  ],
  [
    'reverse path filter',
    'WARN',
    { files: { [`${IF}/all/rp_filter`]: '1', [`${IF}/eth1/rp_filter`]: '0' } },
    'strict on eth1',
  ],
  ['reverse path filter', 'OK', { files: { [`${IF}/all/rp_filter`]: '1' } }, 'not strict'],
  ['ICMP redirects, sent', 'WARN', { files: { [`${IF}/all/send_redirects`]: '1' } }, '{all,eth0}.send_redirects=0'],
  ['ICMP redirects, accepted', 'OK', { files: { [`${IF}/eth0/accept_redirects`]: '1' } }, 'not on any'],
  ['packets without an SA', 'WARN', { files: { '/proc/sys/net/core/xfrm_larval_drop': '0' } }, 'xfrm_larval_drop=1'],
  ['interfaces without IPsec', 'WARN', { files: { [`${IF}/eth0/disable_xfrm`]: '1' } }, 'eth0 send in the clear'],
  [
    'UDP port 500',
    'FAIL',
    { links: { '/proc/4711/fd/7': 'socket:[9]', '/proc/815/fd/3': 'socket:[71]' } },
    'charon (process 815)',
  ],
  ['UDP port 500', 'WARN', { links: { '/proc/4711/fd/7': 'socket:[9]' } }, 'host of this container'],
  ['UDP port 500', 'SKIP', { links: { '/proc/4711/fd/7': 'socket:[9]' }, uid: 1000 }, 'root sees who'],
  ['UDP port 4500', 'OK', { files: { '/proc/net/udp': '' } }, 'free'],
  ['firewall, IKE', 'SKIP', { commands: { 'nft list ruleset': failed(1) }, uid: 1000 }, 'root'],
  [
    'firewall, IKE',
    'WARN',
    { commands: { 'nft list ruleset': ruleset('ct state established accept') } },
    'chain input',
  ],
  ['firewall, IKE', 'OK', { commands: { 'nft list ruleset': ruleset('udp dport { 500, 4500 } accept') } }, 'by name'],
  [
    'firewall, IKE',
    'FAIL',
    { commands: { 'nft list ruleset': ruleset('udp dport 500 drop', 'accept') } },
    'udp dport 500',
  ],
  [
    'firewall, ESP',
    'OK',
    { commands: { 'nft list ruleset': ruleset('meta l4proto esp drop').replace('inet filter', 'inet pluto_ipsec0') } },
    'no chain',
  ],
  ['firewall, IKE', 'OK', { commands: { 'nft list ruleset': ruleset('tcp dport 500 drop', 'accept') } }, 'no chain'],
  [
    'firewall, ESP',
    'WARN',
    { commands: { 'iptables-save': ':INPUT DROP [0:0]\n-A INPUT -p udp --dport 500 -j ACCEPT\n' } },
    'INPUT',
  ],
  [
    'firewall, IKE',
    'OK',
    { commands: { 'iptables-save': ':INPUT DROP [0:0]\n-A INPUT -p udp --dport 500 -j ACCEPT\n' } },
    '',
  ],
  [
    'firewall, ESP',
    'OK',
    { commands: { 'iptables-save': ':INPUT DROP [0:0]\n-A INPUT -p esp -j ACCEPT\n' } },
    'by name',
  ],
  [
    'address translation',
    'WARN',
    { commands: { 'nft list ruleset': 'oifname "eth0" masquerade' } },
    'rt ipsec missing',
  ],
  [
    'address translation',
    'OK',
    { commands: { 'nft list ruleset': 'oifname "eth0" rt ipsec missing masquerade' } },
    'spares',
  ],
  ['ipsec.conf', 'FAIL', { stats: { '/etc/ipsec.conf': { mode: 0o666 } } }, 'chmod go-w /etc/ipsec.conf'],
  ['ipsec.conf', 'WARN', { stats: { '/etc/ipsec.conf': { uid: 33 } } }, 'belongs to user 33'],
  ['what it says', 'FAIL', { files: { '/etc/ipsec.conf': conf('autby=secret') } }, 'autby'],
  ['ipsec.secrets', 'FAIL', { stats: { '/etc/ipsec.secrets': { mode: 0o644 } } }, 'chmod go= /etc/ipsec.secrets'],
  ['what they say', 'FAIL', { files: { '/etc/ipsec.secrets': ': PSK "canary\n' } }, 'ipsec.secrets:1'],
  ['what they say', 'SKIP', { files: SECRETLESS }, 'cannot read'],
  ['shared keys of conns', 'OK', { files: { '/etc/ipsec.conf': conf('leftid=@a\n\trightid=@b') } }, '1 conn'],
  ['shared keys of conns', 'WARN', { files: { '/etc/ipsec.conf': conf('leftid=@a\n\trightid=@c') } }, 'no key for a'],
  ['shared keys of conns', 'WARN', { files: { '/etc/ipsec.conf': conf('') } }, 'with both identities'],
  [
    'shared keys of conns',
    'OK',
    { files: { '/etc/ipsec.conf': conf(''), '/etc/ipsec.secrets': '192.0.2.1 192.0.2.2 : PSK "0123456789"' } },
    '1 conn',
  ],
  [
    'shared keys of conns',
    'SKIP',
    { files: { '/etc/ipsec.conf': conf('').replace('right=192.0.2.2', 'right=%any') } },
    'no conn says',
  ],
  ['run directory', 'FAIL', { stats: { '/run/pluto': { mode: 0o777 } } }, 'go-w'],
  [
    'host names',
    'WARN',
    {
      files: { '/etc/ipsec.conf': conf('').replace('right=192.0.2.2', 'right=vpn.example.com') },
      commands: { 'getent ahosts vpn.example.com': failed(2) },
    },
    'vpn.example.com',
  ],
  ['this machine in conns', 'WARN', { files: { '/etc/ipsec.conf': conf('') }, addresses: [] }, 'of a is an address'],
  ['Node', 'FAIL', { nodeVersion: '18.1.0' }, '18.1.0 is too old'],
  ['Node', 'OK', { nodeVersion: '22.0.0' }, '22.0.0'],
  [
    'native addon',
    'FAIL',
    { commands: { 'node -e': failed(1, 'x\nError: Cannot find module\n') } },
    'Cannot find module',
  ],
  [
    'algorithms',
    'FAIL',
    { commands: { [SELFTEST]: { exit: 1, stdout: 'AES: wrong\nDH: passed\n', stderr: '', isCut: false } } },
    'AES: wrong',
  ],
  ['programs', 'WARN', { commands: { 'nft --version': { errno: 'ENOENT' } } }, 'apt-get install nftables'],
  ['pluto', 'FAIL', { commands: { [WHACK]: failed(1, 'not running') } }, 'names process 4711'],
  ['pluto', 'WARN', { commands: { [WHACK]: failed(1) }, files: { '/run/pluto/pluto.pid': '7' } }, 'ipsec start'],
  ['pluto', 'SKIP', { commands: { [WHACK]: failed(33, 'no right to communicate\n') }, uid: 1000 }, 'no right'],
  ['pluto', 'FAIL', { commands: { [WHACK]: { exit: 1, stdout: '', stderr: '', isCut: true } } }, 'does not answer'],
  ['open files', 'WARN', { files: { '/proc/4711/limits': 'Max open files   64   64 files\n' } }, 'LimitNOFILE'],
  ['memory', 'WARN', { files: { '/proc/meminfo': 'MemAvailable: 65536 kB\n' } }, '64 MB'],
  [
    'memory',
    'WARN',
    { files: { '/sys/fs/cgroup/memory.max': '104857600', '/sys/fs/cgroup/memory.current': '52428800' } },
    '50 MB',
  ],
  ['clock', 'FAIL', { now: 0 }, '1970-01-01'],
  ['clock', 'WARN', { commands: { 'timedatectl show': 'no\n' } }, 'set-ntp'],
])('%s: %s', async (name, verdict, machine, text) => {
  const found = (await checked(machine)).find((c) => c.name === name);
  expect(found).toMatchObject({ verdict });
  expect(`${found?.why} ${found?.todo ?? ''}`).toContain(text);
  if (verdict === 'WARN' || verdict === 'FAIL') expect(found?.todo).toBeTruthy();
});

test('no word of a secret comes out, wherever it stands', async () => {
  for (const text of [': PSK "canary7781\n', ': PSK canary7781 x\n', 'canary7781\n', ': CANARY7781 y\n']) {
    expect(JSON.stringify(await checked({ files: { '/etc/ipsec.secrets': text } })).toLowerCase()).not.toContain(
      'canary7781',
    );
  }
});

async function printed(machine: FakeMachine, options: readonly [string, string][] = [], hasColour = false) {
  let stdout = '';
  const output = {
    out: (text: string) => {
      stdout += text;
    },
    err: () => {},
    ...(hasColour && { screen: { columns: 80, hasColour } }),
  };
  return { exit: await run({ options: new Map(options) }, output, but(machine)), stdout };
}

test('prints what it found, and exits 1 only when something fails', async () => {
  const good = await printed({});
  expect(good).toMatchSnapshot();
  expect(good.exit).toBe(0);
  expect((await printed({ commands: { 'timedatectl show': 'no\n' } })).exit).toBe(0);
  expect((await printed({ nodeVersion: '18.0.0' })).exit).toBe(1);
});

test('as JSON', async () => {
  const { stdout, exit } = await printed({ nodeVersion: '18.0.0' }, [['json', '']]);
  const { checks, counts } = JSON.parse(stdout);
  expect([exit, counts.FAIL]).toEqual([1, 1]);
  expect(checks).toContainEqual({
    group: 'Pluto',
    name: 'Node',
    verdict: 'FAIL',
    why: '18.0.0 is too old',
    todo: 'install Node 20.19 or newer',
  });
});

test('in colour only where somebody is looking', async () => {
  expect((await printed({})).stdout).not.toContain('\x1b');
  expect((await printed({}, [], true)).stdout).toContain('\x1b[32m[OK]  \x1b[0m kernel');
});
