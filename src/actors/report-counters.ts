/** `--globalstatus` and `--briefstatus`: how many there are, and how often what has happened. */
import type { Counts, GlobalRow } from '../control/status/rows.ts';
import { ENCRS, GROUPS, INTEGS, PRFS } from '../ike/crypto/algorithms.ts';
import { OAKLEY_HASH } from '../ike/v1/crypto/oakley.ts';
import { NOTIFY as V1_NOTIFY } from '../ike/v1/wire/index.ts';
import { NOTIFY as V2_NOTIFY } from '../ike/wire/registry-notify.ts';
import type { Making } from './reporter.ts';
import type { ActorSystem } from './runtime/index.ts';
import type { World } from './world.ts';

export function counts({ switchboard, sas, stats }: World): Counts {
  const { size, halfOpen, limits } = switchboard;
  const { authenticated } = stats;
  return {
    cookiesRequired: switchboard.wantsCookies,
    accepting: halfOpen < limits.maxHalfOpen,
    ike: { total: size, halfOpen, open: Math.max(0, size - halfOpen - authenticated), authenticated, anonymous: 0 },
    ipsec: { total: sas.size, authenticated: sas.size, anonymous: 0 },
  };
}

/** Every key that libreswan has, in its order, and then our own; what is not counted yet is 0. */
export function* globals(world: World, system: ActorSystem): Making {
  const { ike, ipsec } = counts(world);
  const { limits } = world.switchboard;
  const states = enumerate(world);
  const known: Readonly<Record<string, number>> = {
    'config.setup.ike.ddos_threshold': limits.cookiesFrom,
    'config.setup.ike.max_halfopen': limits.maxHalfOpen,
    'current.states.all': ike.total + ipsec.total,
    'current.states.ipsec': ipsec.total,
    'current.states.ike': ike.total,
    'current.states.shunts': world.shunts.size,
    'current.states.iketype.anonymous': ike.anonymous,
    'current.states.iketype.authenticated': ike.authenticated,
    'current.states.iketype.halfopen': ike.halfOpen,
    'current.states.iketype.open': ike.open,
    ...Object.fromEntries(STATES.map((name) => [`current.states.enumerate.${name}`, states.get(name) ?? 0])),
  };
  const rows: GlobalRow[] = Object.entries(known).map(([key, value]) => ({ key, value }));
  const { octetsIn, octetsOut } = world.switchboard.counters;
  const traffic: Readonly<Record<string, number>> = {
    'total.ike.traffic.in': octetsIn,
    'total.ike.traffic.out': octetsOut,
  };
  for (const key of TOTALS) rows.push({ key, value: traffic[key] ?? world.stats.of(key) });
  yield { of: 'globals', rows };
  yield { of: 'globals', rows: ours(world, system) };
}

/** How many there are in each state. */
function enumerate({ sas, stats }: World): ReadonlyMap<string, number> {
  const quicks = stats.quickStates;
  const ofV1 = [...quicks.values()].reduce((sum, count) => sum + count, 0);
  return new Map([['ESTABLISHED_CHILD_SA', sas.size - ofV1], ...quicks, ...stats.ikeStates]);
}

/** What libreswan has no name for. */
function ours({ accounting, leases, switchboard, helpers, services, stats }: World, system: ActorSystem): GlobalRow[] {
  const { counters } = switchboard;
  const values: Record<string, number> = {
    'total.ike.packets.received': counters.received,
    'total.ike.packets.sent': counters.sent,
    'total.ike.packets.malformed': counters.malformed,
    'total.ike.packets.unknownspi': counters.unknownSpi,
    'total.ike.packets.dropped': counters.dropped,
    'total.ike.packets.unsendable': counters.unsendable,
    'total.ike.packets.retransmitted': stats.of('total.ike.packets.retransmitted'),
    'total.ike.cookies.sent': counters.cookies,
    'total.ike.redirects.sent': counters.redirected + stats.redirects.sent,
    'total.ike.halfopen.refused': counters.refused,
    'total.ike.halfopen.crowded': counters.crowded,
    'total.ike.halfopen.shed': counters.shed,
    'total.ike.keepalives.sent': stats.keepalives.value(),
    'total.ike.ikev1.policy.refused': counters.v1Refused,
    'total.ike.ikev1.policy.rejected': counters.v1Rejected,
    'total.ike.ikev1.aggressive.dropped': counters.v1Aggressive,
    'total.ike.ikev1.halfopen.refused': counters.v1Full,
  };
  for (const [family, { count, failed, queued, refused, queueMs, runMs }] of helpers.stats()) {
    const figures = { count, failed, queued, refused, 'queue-ms': Math.round(queueMs), 'run-ms': Math.round(runMs) };
    for (const [name, figure] of Object.entries(figures)) values[`total.helpers.${family}.${name}`] = figure;
  }
  for (const [name, value] of services.figures()) values[`total.${name}`] = value;
  for (const [key, value] of [...accounting.figures(), ...leases.figures()]) values[key] = value;
  const { actors, messages, waiting, dropped, deadLetters, crashes, timers, longestStepMs } = system.counters();
  const runtime = { actors, messages, waiting, dropped, 'dead-letters': deadLetters, crashes, timers };
  for (const [name, figure] of Object.entries(runtime)) values[`runtime.${name}`] = figure;
  values['runtime.longest-step-ms'] = Math.ceil(longestStepMs);
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

// --- libreswan's names -------------------------------------------------------------------------------------------

const each = (before: string, names: readonly string[]): string[] => names.map((name) => `${before}${name}`);

const STATES: readonly string[] = [
  ...each('STATE_MAIN_', ['R0', 'I1', 'R1', 'I2', 'R2', 'I3', 'R3', 'I4']),
  ...each('STATE_AGGR_', ['R0', 'I1', 'R1', 'I2', 'R2']),
  ...each('STATE_QUICK_', ['R0', 'I1', 'R1', 'I2', 'R2']),
  ...each('STATE_', ['INFO', 'INFO_PROTECTED', 'XAUTH_R0', 'XAUTH_R1', 'MODE_CFG_SERVER_WAITING_FOR_ACK']),
  ...each('STATE_MODE_CFG_', ['CLIENT_RESPONDING', 'R0', 'R1', 'R2', 'I1']),
  ...each('STATE_XAUTH_', ['I0', 'I1']),
  'UNSECURED_R',
  ...each('IKE_SA_INIT_', ['I0', 'I', 'R', 'IR']),
  ...each('IKE_INTERMEDIATE_', ['I', 'R', 'IR']),
  ...each('IKE_SESSION_RESUME_', ['I0', 'I', 'R0', 'R', 'IR']),
  ...each('IKE_AUTH_', ['EAP_R', 'I']),
  ...each('NEW_CHILD_', ['I0', 'R0', 'I1']),
  ...each('REKEY_', ['IKE_I0', 'IKE_I1', 'CHILD_I0', 'CHILD_I1', 'IKE_R0', 'CHILD_R0']),
  'ESTABLISHED_IKE_SA',
  'ESTABLISHED_CHILD_SA',
  'ZOMBIE',
];

const namesOf = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name);
const ENCR = namesOf(ENCRS.filter((a) => a.ike));
const ESP_ENCR = namesOf(ENCRS.filter((a) => a.esp));
const INTEG = namesOf(INTEGS);
/** Of IKEv1, which has one hash for integrity and PRF. */
const HASH = namesOf(PRFS.filter((prf) => OAKLEY_HASH.number(prf) !== undefined));
const GROUP = namesOf(GROUPS.filter((a) => a.id !== 0));
const notifies = (version: 1 | 2, isStatus: boolean): string[] =>
  Object.entries(version === 1 ? V1_NOTIFY : V2_NOTIFY).flatMap(([name, number]) =>
    number >= 16_384 === isStatus ? [name] : [],
  );

const TRAFFIC = ['traffic.in', 'traffic.out'];
const SA_LIFE = ['started', 'established', 'finished'];

const TOTALS: readonly string[] = [
  ...each('total.ipsec.type.', ['all', 'esp', 'ah', 'ipcomp', 'esn', 'tfc', 'encap', 'non_encap']),
  ...['', 'esp.', 'ah.', 'ipcomp.'].flatMap((protocol) => each(`total.ipsec.${protocol}`, TRAFFIC)),
  ...each('total.ike.ikev2.', ['established', 'failed', 'completed']),
  ...each('total.ike.ikev2.redirect.', ['completed', 'failed']),
  ...each('total.ike.ikev1.', ['established', 'failed', 'completed']),
  ...['ikev1.isakmp.', 'ikev1.ipsec.', 'ikev2.ike.', 'ikev2.child.'].flatMap((sa) => each(`total.${sa}`, SA_LIFE)),
  ...each('total.ikev2.ike.finished.', ['refused', 'timeout']),
  ...each('total.ike.dpd.', ['sent', 'recv', 'replied']),
  ...each('total.ike.', TRAFFIC),
  ...each('total.pamauth.', ['started', 'stopped', 'aborted']),
  ...['client.', 'server.'].flatMap((end) => each(`total.iketcp.${end}`, ['started', 'stopped', 'aborted'])),
  ...['1', '2'].flatMap((v) => [
    ...each(`total.ikev${v}.encr.`, ENCR),
    ...each(`total.ikev${v}.integ.`, v === '1' ? HASH : INTEG),
    ...each(`total.ikev${v}.group.`, GROUP),
  ]),
  ...['recv', 'sent'].flatMap((way) =>
    ['using', 'suggesting'].flatMap((what) => each(`total.ikev2.${way}.invalidke.${what}.`, GROUP)),
  ),
  ...['1', '2'].flatMap((v) => [
    ...each(`total.ikev${v}.ipsec.encr.`, ESP_ENCR),
    ...each(`total.ikev${v}.ipsec.integ.`, INTEG),
  ]),
  ...([1, 2] as const).flatMap((v) =>
    ['sent', 'recv'].flatMap((way) => [
      ...each(`total.ikev${v}.${way}.notifies.error.`, notifies(v, false)),
      ...each(`total.ikev${v}.${way}.notifies.status.`, notifies(v, true)),
    ]),
  ),
];
