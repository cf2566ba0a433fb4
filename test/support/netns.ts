/**
 * Hosts for tests: network namespaces, wired as a test draws them and all removed by one `close`. Names carry
 * this process's pid, so parallel tests never meet and a later run can sweep up after one that was killed.
 */
import { existsSync, readdirSync } from 'node:fs';
import {
  type Command,
  type Finished,
  must,
  type Running,
  type RunOptions,
  run,
  type StartOptions,
  start,
} from './process.ts';

export interface Host {
  readonly name: string;
  /** The command as it runs inside; it execs, so the pid stays. */
  readonly inside: (command: Command) => Command;
  readonly run: (command: Command, options?: RunOptions) => Promise<Finished>;
  readonly must: (command: Command, options?: RunOptions) => Promise<string>;
  readonly start: (command: Command, options?: StartOptions) => Running;
}

export interface Network {
  /** A new host; `label` is for people, at most 8 characters. */
  readonly host: (label: string) => Promise<Host>;
  /** Joins two hosts by a veth pair and gives each end its addresses (`192.0.2.1/24`). */
  readonly wire: (a: WireEnd, b: WireEnd) => Promise<void>;
  /** Removes every host; what still runs inside keeps no name. */
  readonly close: () => Promise<void>;
}

export interface WireEnd {
  readonly host: Host;
  readonly device: string;
  readonly addresses: readonly string[];
}

let networks = 0;
/** Every host routes; written by hand because a minimal Debian has no sysctl(8). */
const forward = 'for f in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 >/proc/sys/net/$f; done';

export function network(): Network {
  const prefix = `pluto-${process.pid}-${networks++}-`;
  const names: string[] = [];
  return {
    host: async (label) => {
      const name = `${prefix}${label}`;
      await must(['ip', 'netns', 'add', name]);
      names.push(name);
      await must(inside(name, ['sh', '-c', forward]));
      await batch(name, ['link set lo up']);
      return {
        name,
        inside: (command) => inside(name, command),
        run: (command, options) => run(inside(name, command), options),
        must: (command, options) => must(inside(name, command), options),
        start: (command, options) => start(inside(name, command), options),
      };
    },
    wire: async (a, b) => {
      await must(
        [
          ['ip', 'link', 'add', a.device, 'netns', a.host.name],
          ['type', 'veth', 'peer', 'name', b.device, 'netns', b.host.name],
        ].flat(),
      );
      for (const { host, device, addresses } of [a, b])
        await batch(host.name, [
          ...addresses.map((at) => `addr add ${at} dev ${device}${at.includes(':') ? ' nodad' : ''}`),
          `link set ${device} up`,
        ]);
    },
    close: async () => {
      for (const name of names.splice(0)) await run(['ip', 'netns', 'del', name]);
    },
  };
}

/** Lines for `ip -batch` in a host: a dozen settings for the price of one process. */
export function configure(host: Host, lines: readonly string[]): Promise<void> {
  return batch(host.name, lines);
}

/** Removes namespaces that test processes now dead left behind. */
export async function sweep(): Promise<void> {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const pid = /^pluto-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await run(['ip', 'netns', 'del', name]);
  }
}

/** Not `ip netns exec`: that remounts /sys, which a user namespace may not. */
function inside(name: string, command: Command): Command {
  return ['nsenter', `--net=/run/netns/${name}`, '--', ...command];
}

async function batch(name: string, lines: readonly string[]): Promise<void> {
  await must(['ip', '-n', name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
