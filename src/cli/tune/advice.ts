/** From what was measured to what to set, and why. Pure. */
import { MOST_SOCKET_BUFFER } from '../../conf/keywords-setup.ts';
import {
  bestHelpers,
  bufferFor,
  type Costs,
  type Expected,
  expected,
  type Limits,
  limitsFor,
  packetsIn,
} from './model.ts';
import type { Profile } from './profiles.ts';
import type { Machine } from './system.ts';

export interface Measured {
  readonly profile: Profile;
  /** µs. */
  readonly keys: number;
  readonly proof: number;
  readonly costs: Costs;
}

export interface Advice {
  readonly machine: Machine;
  readonly nhelpers: number;
  readonly profiles: readonly (Measured & { readonly expected: readonly Expected[] })[];
  /** µs of a handshake's protocol, as it was measured; `costs.main` is all that the main thread does. */
  readonly protocol: number;
  /** Handshakes a second with `nhelpers`, of the profile that takes longest. */
  readonly rate: number;
  readonly burst: number;
  /** Octets for `ike-socket-bufsize`, and packets that a buffer of now holds. */
  readonly buffer: number;
  readonly holds: number;
  readonly limits: Limits;
}

export function advise(measured: readonly Measured[], machine: Machine, burst: number, protocol: number): Advice {
  const { cpus, bufferNow } = machine;
  const weighted = measured.map(({ costs, profile }) => ({ ...costs, weight: Math.max(1, profile.conns) }));
  const nhelpers = bestHelpers(weighted, cpus);
  const choices = [...new Set([0, 1, cpus, nhelpers])].sort((a, b) => a - b);
  const profiles = measured.map((each) => ({
    ...each,
    expected: choices.map((n) => expected(each.costs, n, cpus)),
  }));
  const rate = Math.min(...measured.map(({ costs }) => expected(costs, nhelpers, cpus).rate));
  const longest = Math.max(...measured.map(({ costs }) => Math.max(costs.main, costs.crypto)));
  return {
    ...{ machine, nhelpers, profiles, protocol, rate, burst, buffer: Math.min(bufferFor(burst), MOST_SOCKET_BUFFER) },
    holds: packetsIn(bufferNow),
    limits: limitsFor(rate, longest),
  };
}

/** For a terminal. */
export function adviceText(advice: Advice): string {
  const { machine, profiles, nhelpers, rate, burst, buffer, holds, limits } = advice;
  const choices = profiles[0].expected.map((e) => e.nhelpers);
  const heads = ['', 'keys us', 'proof us', ...choices.map((n) => `nhelpers=${n}`)];
  const rows = profiles.map(({ profile, keys, proof, expected }) => [
    `${profile.name}${profile.conns > 0 ? ` (${profile.conns}${profile.assumed ? ', assumed' : ''})` : ''}`,
    ...[keys, proof].map((n) => (n === 0 ? '-' : n.toFixed(0))),
    ...expected.map((e) => `${rounded(e.rate)}/s`),
  ]);
  const widths = heads.map((_, i) => Math.max(...[heads, ...rows].map((row) => row[i].length)));
  const lined = [heads, ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] + 2))).join(''),
  );
  const most = machine.bufferMost;
  const isEnough = holds >= burst;
  const wanted = isEnough ? machine.bufferNow / 2 : buffer;
  return [
    `Handshakes a second that this machine (${machine.cpus} processors) can be expected to answer when it does nothing else:`,
    '',
    ...lined,
    '',
    ...(profiles.some(({ profile }) => profile.assumed)
      ? ['assumed: no certificate or key could be read that tells; measured is what authby= has first', '']
      : []),
    'config setup',
    `    nhelpers=${nhelpers}`,
    `        # ${whyHelpers(advice)}`,
    `    ddos-ike-threshold=${limits.cookiesFrom}`,
    `        # two seconds' work at ${rounded(rate)}/s: from there on, who comes shows first that it is where it says`,
    `    max-halfopen-ike=${limits.maxHalfOpen}`,
    '        # half a minute of it: who waits longer has given up',
    `    max-halfopen-per-source=${limits.maxPerSource}`,
    '        # a hundredth of that for one address; more where many peers share one',
    `    ddos-delay=${limits.delay}ms`,
    '        # initiators send again after half a second: who has waited so long makes others come with cookies',
    ...(isEnough
      ? [
          '    ike-socket-bufsize=0',
          `        # the daemon's own choice: it holds ${holds} first packets, and ${burst} peers come at once`,
        ]
      : [
          `    ike-socket-bufsize=${buffer}`,
          `        # for ${burst} peers at once; without it ${holds} first packets have room`,
        ]),
    '',
    ...(most !== undefined && most < wanted
      ? [`Without CAP_NET_ADMIN it gets no more than ${most} octets: sysctl -w net.core.rmem_max=${wanted}`]
      : []),
    ...(machine.load > machine.cpus / 2
      ? [`Other work is being done here (load ${machine.load}): measure again when it is not, for figures to rely on.`]
      : []),
    'Certificates cost more than the raw keys that were measured, and updown scripts more than all of this.',
    '',
  ].join('\n');
}

function whyHelpers({ nhelpers, profiles }: Advice): string {
  if (nhelpers === 0) return 'the way to a helper and back costs as much as it saves: the main thread does it all';
  const [{ expected, profile }] = profiles;
  const rate = (n: number) => expected.find((e) => e.nhelpers === n)?.rate ?? 0;
  const gain = Math.round((rate(nhelpers) / rate(0) - 1) * 100);
  return gain > 0
    ? `${profile.name}: ${gain} % more than without helpers; more of them would gain nothing`
    : 'the dearer profiles gain; more helpers would gain nothing';
}

/** Two digits: nobody knows more. */
const rounded = (n: number): string => `${Number(n.toPrecision(2))}`;
