/** What the kernel can do, and how it is set. */
import type { Conn } from '../../conf/conn.ts';
import { type Check, fail, few, ok, type Scene, skip, warn } from './check.ts';
import { type Machine, printed, textOf } from './machine.ts';

export const KERNEL_CHECKS: readonly Check[] = [
  {
    name: 'kernel',
    check: ({ machine }) => {
      const release = textOf(machine, '/proc/sys/kernel/osrelease');
      return release === undefined ? skip('/proc is not mounted') : ok(`Linux ${release}`);
    },
  },
  {
    name: 'IPsec in the kernel',
    check: async ({ machine }) => {
      if (await hasKernelIpsec(machine)) return ok('XFRM answers and ESP is there');
      const why = 'this kernel has no IPsec, or none for this namespace';
      return hasTun(machine)
        ? warn(
            why,
            'nothing, if ESP in pluto itself is fast enough; else a kernel with CONFIG_XFRM_USER and CONFIG_INET_ESP',
          )
        : fail(`${why}, and there is no /dev/net/tun either`, 'modprobe xfrm_user esp4 esp6, or modprobe tun');
    },
  },
  {
    name: 'AH in the kernel',
    check: (scene) => module(scene, ['ah4', 'ah6'], ({ phase2 }) => phase2 === 'ah', 'phase2=ah'),
  },
  {
    name: 'IPComp in the kernel',
    check: (scene) =>
      module(scene, ['ipcomp', 'ipcomp6'], ({ later }) => later?.get('compress') === true, 'compress=yes'),
  },
  {
    name: 'ESP in user space',
    check: ({ machine }) =>
      hasTun(machine)
        ? ok('/dev/net/tun is there')
        : warn('there is no /dev/net/tun', 'modprobe tun; in a container, hand the device in (--device /dev/net/tun)'),
  },
  { name: 'IPv6', check: ipv6 },
  {
    name: 'FIPS mode',
    check: ({ machine }) => ok(textOf(machine, '/proc/sys/crypto/fips_enabled') === '1' ? 'on' : 'off'),
  },
  { name: 'SELinux', check: selinux },
  { name: 'AppArmor', check: appArmor },
];

export const SYSCTL_CHECKS: readonly Check[] = [
  { name: 'forwarding', check: (scene) => forwarding(scene, 4, 'net.ipv4.ip_forward') },
  { name: 'forwarding of IPv6', check: (scene) => forwarding(scene, 6, 'net.ipv6.conf.all.forwarding') },
  {
    name: 'reverse path filter',
    // The greater of `all` and the interface's own counts; 2 looks at all routes, and that a tunnel's packets pass.
    check: ({ machine }) => {
      const all = Number(textOf(machine, `${CONF}/all/rp_filter`) ?? 0);
      const strict = interfaces(machine).filter(
        (name) => Math.max(all, Number(textOf(machine, `${CONF}/${name}/rp_filter`) ?? 0)) === 1,
      );
      if (strict.length === 0) return ok('not strict on any interface');
      return warn(
        `strict on ${few(strict)}: packets out of a tunnel may be dropped`,
        'sysctl -w net.ipv4.conf.all.rp_filter=2',
      );
    },
  },
  { name: 'ICMP redirects, sent', check: ({ machine }) => redirects(machine, 'send_redirects') },
  { name: 'ICMP redirects, accepted', check: ({ machine }) => redirects(machine, 'accept_redirects') },
  {
    name: 'packets without an SA',
    check: ({ machine }) => {
      const drop = textOf(machine, '/proc/sys/net/core/xfrm_larval_drop');
      if (drop === undefined) return skip('this kernel has no XFRM to set');
      return drop === '1'
        ? ok('dropped at once while a tunnel is negotiated')
        : warn('programs block while a tunnel is negotiated', 'sysctl -w net.core.xfrm_larval_drop=1');
    },
  },
  {
    name: 'interfaces without IPsec',
    check: ({ machine }) => {
      const off = interfaces(machine).filter(
        (name) => name !== 'lo' && textOf(machine, `${CONF}/${name}/disable_xfrm`) === '1',
      );
      return off.length === 0
        ? ok('none')
        : warn(
            `${few(off)} send in the clear what policies protect`,
            `sysctl -w net.ipv4.conf.${dotted(off[0])}.disable_xfrm=0`,
          );
    },
  },
];

/** Does a packet plane exist in the kernel: XFRM to talk to, and ESP to carry. */
async function hasKernelIpsec(machine: Machine): Promise<boolean> {
  const answers = printed(await machine.run('ip', 'xfrm', 'state', 'count')) !== undefined;
  return answers && (await hasModule(machine, 'esp4'));
}

const hasTun = (machine: Machine): boolean => {
  const stat = machine.stat('/dev/net/tun');
  return !('errno' in stat) && stat.kind === 'device';
};

/** Loaded, built in, or there to be loaded. */
async function hasModule(machine: Machine, name: string): Promise<boolean> {
  const loaded = textOf(machine, '/proc/modules') ?? '';
  if (new RegExp(`^${name} `, 'm').test(loaded)) return true;
  const builtin =
    textOf(machine, `/lib/modules/${textOf(machine, '/proc/sys/kernel/osrelease')}/modules.builtin`) ?? '';
  return builtin.includes(`/${name}.ko`) || printed(await machine.run('modprobe', '-n', '-q', name)) !== undefined;
}

async function module(
  { machine, config }: Scene,
  names: readonly string[],
  wants: (conn: Conn) => boolean,
  what: string,
) {
  const missing: string[] = [];
  for (const name of names) if (!(await hasModule(machine, name))) missing.push(name);
  if (missing.length === 0) return ok(names.join(' and '));
  const wanted = config.conns.filter(wants);
  return wanted.length === 0
    ? skip(`not there, and no conn says ${what}`)
    : warn(
        `${few(wanted.map(({ name }) => name))} says ${what}, and there is no ${missing.join(', ')}`,
        `modprobe -a ${missing.join(' ')}`,
      );
}

function ipv6({ machine, config }: Scene) {
  const has = (textOf(machine, '/proc/net/if_inet6') ?? '') !== '';
  const wanted = config.conns.filter(({ left, right }) =>
    [left, right].some(({ host }) => host.t === 'address' && host.address.family === 6),
  );
  if (has) return ok('there are addresses');
  return wanted.length === 0
    ? skip('no interface has an address, and no conn asks for one')
    : fail(
        `no interface has an address, and ${few(wanted.map(({ name }) => name))} needs one`,
        'sysctl -w net.ipv6.conf.all.disable_ipv6=0',
      );
}

function selinux({ machine }: Scene) {
  const enforce = textOf(machine, '/sys/fs/selinux/enforce');
  if (enforce === undefined) return skip('not in this kernel');
  return enforce === '1'
    ? warn(
        'enforcing; its policy may not know pluto',
        'after a failure: ausearch -m avc -c node; audit2allow makes a policy of it',
      )
    : ok('permissive');
}

function appArmor({ machine }: Scene) {
  if (textOf(machine, '/sys/module/apparmor/parameters/enabled') !== 'Y') return skip('not in this kernel, or off');
  const profiles = textOf(machine, '/sys/kernel/security/apparmor/profiles');
  if (profiles === undefined) return skip('on; its profiles are for root to read');
  const ours = profiles.split('\n').filter((line) => /(pluto|ipsec|\/node)\b.*\(enforce\)/.test(line));
  return ours.length === 0
    ? ok('no profile is about pluto')
    : warn(
        `enforces ${few(ours.map((line) => line.split(' ')[0]))}`,
        'if pluto cannot read its files: aa-complain PROFILE',
      );
}

/** Only a gateway forwards: who has no conn with a subnet needs none. */
function forwarding({ machine, config }: Scene, family: 4 | 6, key: string) {
  const gateways = config.conns.filter(({ left, right }) =>
    [left, right].some(({ subnets }) => subnets.some((s) => s.start.family === family && !s.start.equals(s.end))),
  );
  const value = textOf(machine, `/proc/sys/${key.replaceAll('.', '/')}`);
  if (value === undefined) return skip(`there is no ${key}`);
  if (value !== '0') return ok('on');
  return gateways.length === 0
    ? ok('off, and no conn has a subnet')
    : warn(`off, but subnets are behind ${few(gateways.map(({ name }) => name))}`, `sysctl -w ${key}=1`);
}

function redirects(machine: Machine, key: 'send_redirects' | 'accept_redirects') {
  const isOn = (name: string) => textOf(machine, `${CONF}/${name}/${key}`) === '1';
  const all = isOn('all');
  // A router accepts where `all` and the interface say so; sending, and hosts, go by either.
  const needsBoth = key === 'accept_redirects' && textOf(machine, '/proc/sys/net/ipv4/ip_forward') === '1';
  const on = interfaces(machine).filter((name) => name !== 'lo' && (needsBoth ? all && isOn(name) : all || isOn(name)));
  if (on.length === 0) return ok('not on any interface');
  const why =
    key === 'send_redirects' ? 'hosts may be told to go around the gateway' : 'a stranger may bend our routes';
  return warn(
    `on ${few(on)}: ${why}`,
    `sysctl -w net.ipv4.conf.{${['all', ...on.slice(0, 8).map(dotted)].join(',')}}.${key}=0`,
  );
}

const CONF = '/proc/sys/net/ipv4/conf';

const interfaces = (machine: Machine): readonly string[] =>
  machine
    .glob(`${CONF}/*`)
    .map((path) => path.slice(CONF.length + 1))
    .filter((name) => name !== 'all' && name !== 'default')
    .slice(0, MOST_INTERFACES);

/** A concentrator may have thousands. */
const MOST_INTERFACES = 1000;

/** `eth0.7` is `eth0/7` to sysctl(8). */
const dotted = (name: string): string => name.replaceAll('.', '/');
