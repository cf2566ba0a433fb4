/** Who has IKE's ports, and whether a firewall is in the way. */
import { type Check, fail, few, type Outcome, ok, type Scene, skip, warn } from './check.ts';
import { type Machine, printed, textOf } from './machine.ts';

export const PORT_CHECKS: readonly Check[] = [
  { name: 'UDP port 500', check: (scene) => port(scene, 'udp', 500) },
  { name: 'UDP port 4500', check: (scene) => port(scene, 'udp', 4500) },
  {
    name: 'TCP port 4500',
    check: (scene) => (scene.config.setup.listenTcp ? port(scene, 'tcp', 4500) : skip('listen-tcp=yes is not said')),
  },
  { name: 'firewall, IKE', check: async ({ machine }) => passes(await rules(machine), IKE, 'IKE (UDP 500 and 4500)') },
  { name: 'firewall, ESP', check: async ({ machine }) => passes(await rules(machine), ESP, 'ESP (IP protocol 50)') },
  {
    name: 'address translation',
    check: async ({ machine }) => {
      const found = await rules(machine);
      if (!found) return skip(UNREADABLE);
      const lines = found.split('\n').filter((line) => /\b(masquerade|snat)\b/i.test(line));
      const blunt = lines.filter((line) => !/ipsec|\bpolicy\b|daddr\s*!=|! -d /.test(line));
      return blunt.length === 0
        ? ok(lines.length === 0 ? 'none' : 'spares what goes into tunnels')
        : warn(
            `"${blunt[0].trim().slice(0, 80)}" may change addresses before a policy sees them`,
            'exempt tunnels: nft … rt ipsec missing masquerade; iptables … -m policy --dir out --pol none',
          );
    },
  },
];

const UNREADABLE = 'rules are for root to read, or there is neither nft nor iptables';

/** Listeners on a port, by the kernel's tables of sockets. */
function port({ machine, pid }: Scene, protocol: 'udp' | 'tcp', number: number): Outcome {
  const inodes = ['', '6'].flatMap((six) => inodesOf(textOf(machine, `/proc/net/${protocol}${six}`), protocol, number));
  if (inodes.length === 0) return ok('free');
  const owner = ownerOf(machine, new Set(inodes), pid);
  if (owner === undefined)
    return machine.uid === 0
      ? warn(
          'somebody has it whom /proc does not show: the host of this container, perhaps',
          'stop the other IKE daemon',
        )
      : skip('somebody has it; root sees who');
  if (owner === pid) return ok(`pluto (process ${pid}) has it`);
  const name = textOf(machine, `/proc/${owner}/comm`) ?? '?';
  return fail(`${name} (process ${owner}) has it`, `stop it: kill ${owner}, or systemctl stop the unit it belongs to`);
}

function inodesOf(table: string | undefined, protocol: 'udp' | 'tcp', number: number): string[] {
  const port = number.toString(16).toUpperCase().padStart(4, '0');
  const LISTEN = '0A';
  return (table ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${port}`) && (protocol === 'udp' || state === LISTEN))
    .map((fields) => fields[9]);
}

/** Pluto's own process first: looking through all of them is the dear way. */
function ownerOf(machine: Machine, inodes: ReadonlySet<string>, pid: number | undefined): number | undefined {
  const holds = (process: number) =>
    machine
      .glob(`/proc/${process}/fd/*`)
      .slice(0, MOST_FILES)
      .some((path) => {
        const target = machine.link(path);
        return typeof target === 'string' && inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
      });
  if (pid !== undefined && holds(pid)) return pid;
  const processes = machine.glob('/proc/[0-9]*').map((path) => Number(path.slice('/proc/'.length)));
  return processes.slice(0, MOST_PROCESSES).find(holds);
}

const MOST_FILES = 4096;
const MOST_PROCESSES = 10_000;

/** All but pluto's own table, which is there to drop. */
async function rules(machine: Machine): Promise<string | undefined> {
  const nft = printed(await machine.run('nft', 'list', 'ruleset'))?.replace(/^table \S+ pluto_[\s\S]*?^\}/gm, '');
  const iptables = printed(await machine.run('iptables-save'));
  return nft === undefined && iptables === undefined ? undefined : `${nft ?? ''}\n${iptables ?? ''}`;
}

type IsAbout = (rule: string) => boolean;
const IKE: IsAbout = (rule) => /\bdports? .*\b(500|4500|isakmp|ipsec-nat-t)\b/.test(rule) && !/\btcp\b/.test(rule);
const ESP: IsAbout = (rule) => /\besp\b|\b(protocol|l4proto|nexthdr) (\{[^}]*)?\b50\b|-p 50\b/.test(rule);

/**
 * A reading of the rules by their words: a chain of the input hook that drops by default, or that ends in a drop, needs
 * a rule that names the traffic; a rule that names it and drops is in the way. Whoever jumps to chains of other names
 * is beyond it, so that only the second is a FAIL.
 */
function passes(found: string | undefined, isAbout: IsAbout, what: string): Outcome {
  if (found === undefined) return skip(UNREADABLE);
  const lines = found.split('\n').map((line) => line.trim());
  const dropping = lines.find((line) => isAbout(line) && /\b(drop|reject)\b/i.test(line));
  if (dropping !== undefined)
    return fail(`"${dropping.slice(0, 80)}" stops ${what}`, 'take that rule out, or accept before it');
  const closed = inputChains(lines).filter(({ rules }) => rules.some((rule) => CLOSES.test(rule)));
  if (closed.length === 0) return ok('no chain for input drops by default');
  const shut = closed.filter(({ rules }) => !rules.some((rule) => isAbout(rule) && /accept|jump|goto|-j /i.test(rule)));
  if (shut.length === 0) return ok('accepted by name');
  return warn(
    `chain ${few(shut.map(({ name }) => name))} drops by default and no rule of it names ${what}`,
    'nft add rule inet filter input udp dport { 500, 4500 } accept; … meta l4proto esp accept',
  );
}

const CLOSES = /policy drop|^:INPUT DROP|^(counter .*)?(drop|reject)\b|^-A INPUT( -m comment .*)? -j (DROP|REJECT)/;

/** Chains with a hook for input, of nft's listing and of iptables-save. */
function inputChains(lines: readonly string[]): { readonly name: string; readonly rules: readonly string[] }[] {
  const chains: { name: string; rules: string[] }[] = [];
  let chain: { name: string; rules: string[] } | undefined;
  for (const line of lines) {
    const head = /^chain (\S+) \{/.exec(line);
    if (head) chain = { name: head[1], rules: [] };
    else if (line === '}') {
      if (chain?.rules.some((rule) => /hook input/.test(rule))) chains.push(chain);
      chain = undefined;
    } else chain?.rules.push(line);
  }
  const iptables = lines.filter((line) => /^(:INPUT |-A INPUT )/.test(line));
  return iptables.length === 0 ? chains : [...chains, { name: 'INPUT', rules: iptables }];
}
