/** What `ipsec barf` and `ipsec look` show, section by section. Whatever leaves here has been masked. */
import { KEYWORDS, lookup } from '../../conf/keywords.ts';
import { scan } from '../../conf/scan.ts';
import { version } from '../../control/version.ts';
import type { Scene } from './check.ts';
import { type Machine, type Ran, textOf, whack } from './machine.ts';
import { isSecretKeyword, type Mask, readSecrets } from './mask.ts';
import { verify } from './verify.ts';

export interface Section {
  readonly title: string;
  take(scene: Scene): string | Promise<string>;
}

/** Octets of one section; the end of a log is what counts, the beginning of anything else. */
const MOST_OCTETS = 256 << 10;

/** Each section in turn, bounded and masked; one that fails says so and the next goes on. */
export async function* taken(
  sections: readonly Section[],
  scene: Scene,
): AsyncGenerator<{ readonly title: string; readonly text: string }> {
  const mask = maskOf(scene);
  for (const { title, take } of sections) {
    let text: string;
    try {
      text = await take(scene);
    } catch (e) {
      text = `not to be had: ${(e as Error).message}`;
    }
    const masked = mask(text.length > 2 * MOST_OCTETS ? text.slice(0, 2 * MOST_OCTETS) : text).trimEnd();
    const cut = masked.length > MOST_OCTETS ? `\n… ${text.length - MOST_OCTETS} characters more` : '';
    yield { title, text: `${masked.slice(0, MOST_OCTETS)}${cut}` };
  }
}

function maskOf({ secretsFile, machine }: Scene): Mask {
  const { secrets, mask } = readSecrets(secretsFile, machine);
  secrets.secrets.wipe();
  return mask;
}

const command = (title: string, ...argv: readonly [string, ...string[]]): Section => ({
  title,
  take: async ({ machine }) => said(argv.join(' '), await machine.run(...argv)),
});
const report = (title: string, option: string): Section => ({
  title,
  take: async ({ machine, ctlsocket }) => said(`whack ${option}`, await whack(machine, ctlsocket, option)),
});
const files = (title: string, ...paths: readonly string[]): Section => ({
  title,
  take: ({ machine }) =>
    paths.map((path) => `${path}: ${textOf(machine, path)?.replace(/^(?=.*\n)/, '\n') ?? 'none'}`).join('\n'),
});

const said = (line: string, ran: Ran): string => {
  if ('errno' in ran) return `${line}: ${ran.errno === 'ENOENT' ? 'there is no such command' : ran.errno}`;
  const fate = ran.isCut ? '\n… it was stopped here' : ran.exit === 0 ? '' : `\n… exit status ${ran.exit}`;
  return `${ran.stdout}${ran.stderr}`.trimEnd() + fate || 'nothing';
};

/** What `ipsec look` shows: the tunnels as the data plane has them. */
export const LOOK: readonly Section[] = [
  { title: 'data plane', take: dataPlane },
  report('tunnels', '--trafficstatus'),
  command('SAs', 'ip', '-s', 'xfrm', 'state'),
  command('policies', 'ip', '-s', 'xfrm', 'policy'),
  report('bare shunts', '--shuntstatus'),
  command('interfaces', 'ip', '-brief', 'address'),
  command('routes', 'ip', 'route', 'show', 'table', 'all'),
  command('routes of IPv6', 'ip', '-6', 'route', 'show', 'table', 'all'),
  command('rules', 'ip', 'rule'),
  command('rules of IPv6', 'ip', '-6', 'rule'),
];

export function barfSections(options: { readonly maxLines: number }): readonly Section[] {
  return [
    { title: 'versions', take: versions },
    { title: 'ipsec verify', take: verified },
    { title: 'ipsec.conf', take: configText },
    { title: 'problems in ipsec.conf', take: configProblems },
    { title: 'ipsec.secrets', take: secretCounts },
    report('ipsec status', '--status'),
    report('states', '--showstates'),
    report('counters', '--globalstatus'),
    report('processes', '--processstatus'),
    ...LOOK,
    files('kernel counters', '/proc/net/xfrm_stat'),
    command('firewall, nft', 'nft', 'list', 'ruleset'),
    command('firewall, iptables', 'iptables-save'),
    command('sockets', 'ss', '-uapn'),
    command('links', 'ip', '-s', '-d', 'link'),
    command('neighbours', 'ip', 'neighbour'),
    { title: 'settings', take: sysctls },
    { title: 'modules', take: modules },
    files('memory', '/proc/meminfo', '/proc/loadavg', '/proc/uptime'),
    { title: 'the process', take: ({ machine, pid }) => process(machine, pid) },
    ...(options.maxLines > 0 ? [{ title: 'log', take: (scene: Scene) => log(scene, options.maxLines) }] : []),
  ];
}

/** What is in the kernel is not all there is, where pluto carries ESP itself. */
async function dataPlane({ machine, ctlsocket }: Scene): Promise<string> {
  const ran = await whack(machine, ctlsocket, '--status');
  const plane = 'errno' in ran ? undefined : /^using kernel interface: (.*)$/m.exec(ran.stdout)?.[1];
  if (plane === undefined) return 'pluto does not answer; what follows is what the kernel has';
  return plane === 'userspace'
    ? 'userspace: pluto carries ESP itself over a TUN device; the kernel has no SAs and policies of it, and its keys are not to be had'
    : plane;
}

function versions({ machine }: Scene): string {
  const os = /^PRETTY_NAME="?(.*?)"?$/m.exec(textOf(machine, '/etc/os-release') ?? '')?.[1] ?? 'unknown system';
  const linux = textOf(machine, '/proc/version') ?? 'unknown kernel';
  return `Pluto ${version()}\nNode ${machine.nodeVersion}\n${os}\n${linux}\n${new Date(machine.now()).toISOString()}`;
}

/** Without what is wrong in files: that may quote them. */
const QUOTING: ReadonlySet<string> = new Set(['what it says', 'what they say']);

async function verified(scene: Scene): Promise<string> {
  const lines: string[] = [];
  for await (const { group, name, verdict, why } of verify(scene))
    lines.push(`[${verdict}] ${group}, ${name}${QUOTING.has(name) ? '' : `: ${why}`}`);
  return lines.join('\n');
}

/** As it was understood: no comments, no malformed lines, and values only of keywords that exist and keep no secret. */
function configText({ machine, configFile }: Scene): string {
  const lines: string[] = [];
  let file: string | undefined;
  let section: 'setup' | 'conn' = 'setup';
  for (const statement of scan(configFile, machine, () => {})) {
    if (statement.file !== file) lines.push(`# ${statement.file}`);
    file = statement.file;
    if (statement.t === 'section') {
      section = statement.section;
      lines.push(section === 'setup' ? 'config setup' : `conn ${statement.name}`);
    } else {
      const { keyword, value } = statement;
      const isShown = lookup(section, keyword) !== undefined && !isSecretKeyword(keyword);
      lines.push(`\t${keyword}=${isShown ? value : '<masked>'}`);
    }
  }
  return lines.join('\n') || `nothing in ${configFile}`;
}

/** Where they are and which keyword they are about; their text may quote what should not be there. */
function configProblems({ config }: Scene): string {
  const known = new Set(KEYWORDS.map(({ name }) => name));
  const lines = config.problems.map(({ severity, file, line, section, keyword, text }) => {
    const bare = keyword?.replace(/^(left|right)-?/, '');
    const isSafe = bare !== undefined && known.has(bare) && !isSecretKeyword(bare);
    return `${file}:${line}: ${section === undefined ? '' : `[${section}] `}${severity}${keyword === undefined ? '' : ` ${keyword}=`}${isSafe ? `: ${text}` : ''}`;
  });
  return lines.join('\n') || 'none';
}

/** How many of which kind, and where; not a word of one, not even for whom it is. */
function secretCounts({ machine, secretsFile }: Scene): string {
  const { secrets, problems } = readSecrets(secretsFile, machine).secrets;
  const lines = [...secrets.describe()].map(
    ({ kind, indices, file, line }) => `${file}:${line}: ${kind}, ${indices.length} indices`,
  );
  secrets.wipe();
  const wrong = problems.map(({ file, line, severity }) => `${file}:${line}: ${severity}`);
  return [`${lines.length} secrets`, ...lines, ...wrong].join('\n');
}

const SYSCTLS = [
  'net/ipv4/ip_forward',
  'net/ipv4/conf/*/{rp_filter,send_redirects,accept_redirects,forwarding,disable_xfrm,disable_policy,accept_local}',
  'net/ipv6/conf/*/{forwarding,disable_ipv6,disable_xfrm,disable_policy}',
  'net/core/{xfrm_larval_drop,xfrm_acq_expires,xfrm_aevent_etime,rmem_max,wmem_max,netdev_max_backlog}',
  'net/ipv4/{ip_no_pmtu_disc,udp_mem}',
  'crypto/fips_enabled',
];

function sysctls({ machine }: Scene): string {
  const patterns = SYSCTLS.flatMap((pattern) => {
    const [, head, names] = /^(.*)\{(.*)\}$/.exec(pattern) ?? [];
    return names === undefined ? [pattern] : names.split(',').map((name) => `${head}${name}`);
  });
  const lines = patterns.flatMap((pattern) => {
    const path = `/proc/sys/${pattern}`;
    return (path.includes('*') ? machine.glob(path) : [path]).map(
      (p) => `${p.slice('/proc/sys/'.length).replaceAll('/', '.')} = ${textOf(machine, p) ?? 'none'}`,
    );
  });
  return lines.join('\n');
}

function modules({ machine }: Scene): string {
  const lines = (textOf(machine, '/proc/modules') ?? '').split('\n');
  const ours =
    /^(xfrm|esp|ah|ipcomp|af_key|tun|vti|ip_vti|ip6_vti|aes|aesni|gcm|ghash|sha|chacha|nf_tables|authenc|echainiv|seqiv)/;
  return lines.filter((line) => ours.test(line)).join('\n') || 'none, or all of them built in';
}

function process(machine: Machine, pid: number | undefined): string {
  if (pid === undefined) return 'no lock file names one';
  const status = textOf(machine, `/proc/${pid}/status`) ?? 'it is gone';
  const kept = /^(Name|State|Threads|Vm(Peak|Size|RSS|HWM)|Cap|Seccomp|NoNewPrivs|FDSize)/;
  const lines = status.split('\n').filter((line) => kept.test(line));
  return [`process ${pid}`, ...lines, textOf(machine, `/proc/${pid}/limits`) ?? ''].join('\n');
}

/** A file of its own, else what the journal or syslog has kept. */
async function log({ machine, config }: Scene, maxLines: number): Promise<string> {
  const last = (text: string) => text.trimEnd().split('\n').slice(-maxLines).join('\n');
  const { logfile } = config.setup;
  if (logfile !== undefined) {
    const tail = machine.tail(logfile, MOST_OCTETS);
    return 'errno' in tail ? `${logfile}: ${tail.errno}` : last(tail.text);
  }
  const journal = await machine.run('journalctl', '-t', 'pluto', '-n', `${maxLines}`, '--no-pager', '-o', 'short-iso');
  if (!('errno' in journal) && journal.exit === 0 && !/^-- No entries --/m.test(journal.stdout))
    return last(journal.stdout);
  for (const path of ['/var/log/syslog', '/var/log/daemon.log', '/var/log/messages']) {
    const tail = machine.tail(path, 16 * MOST_OCTETS);
    if ('errno' in tail) continue;
    const lines = tail.text.split('\n').filter((line) => / pluto(\[\d+\])?: /.test(line));
    if (lines.length > 0) return last(lines.join('\n'));
  }
  return 'no log is to be found; logfile= says where it goes';
}
