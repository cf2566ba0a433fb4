/** IKE SAs and Child SAs as reports show them. */
import type { BriefConnRow, EventRow, StateRow, TrafficRow } from '../control/status/rows.ts';
import type { Child } from '../ike/child.ts';
import type { Policy } from '../ike/policy.ts';
import type { IkeState } from '../ike/v2/ike-sa.ts';
import type { ChildSaMessage, ChildTraffic } from './child-sa.ts';
import type { IkeSaReport } from './ike-sa.ts';
import { instanceOf } from './report-conns.ts';
import { asked, type Making, slices } from './reporter.ts';
import type { ActorRef } from './runtime/index.ts';
import type { World } from './world.ts';

const NO_LIMIT = 2n ** 63n;

/** Which policies a report is about; undefined: all. */
export type Wanted = ReadonlySet<Policy> | undefined;

const connName = (policy: Policy) =>
  policy.instance === undefined
    ? { conn: policy.name }
    : { conn: policy.name, instance: instanceOf(policy.instance, policy.remoteHost) };

// --- traffic -----------------------------------------------------------------------------------------------------

export function* traffic({ sas }: World, wanted: Wanted): Making {
  for (const slice of slices(sas.refs())) {
    const seen = yield* counted(slice);
    yield { of: 'traffic', rows: seen.filter((t) => !wanted || wanted.has(t.install.policy)).map(trafficRow) };
  }
}

/** Gives how many connections have a tunnel. */
export function* brief({ sas }: World, wanted: Wanted): Making<number> {
  const active = new Set<Policy>();
  for (const slice of slices(sas.refs())) {
    const seen = yield* counted(slice);
    for (const { install } of seen) active.add(install.policy);
    yield { of: 'briefConnections', rows: seen.filter((t) => !wanted || wanted.has(t.install.policy)).map(briefRow) };
  }
  return active.size;
}

function* counted(refs: readonly ActorRef<ChildSaMessage>[]): Making<readonly ChildTraffic[]> {
  const answers = yield* asked<ChildTraffic>(refs);
  return answers.filter((t) => t !== undefined);
}

function trafficRow({ install, addedAt, in: inbound, out }: ChildTraffic): TrafficRow {
  const { maxBytes } = install.policy.child;
  return {
    ...connName(install.policy),
    serial: install.serial,
    type: install.suite.protocol === 'ah' ? 'AH' : 'ESP',
    addTime: addedAt,
    inBytes: BigInt(inbound?.bytes ?? 0),
    outBytes: BigInt(out?.bytes ?? 0),
    maxBytes: maxBytes === undefined ? NO_LIMIT : BigInt(maxBytes),
    id: `${install.peerId}`,
    ...leaseOf(install),
  };
}

/** Whoever has its address of a pool of ours has nothing else at its end. */
const leaseOf = ({ policy, selectorsRemote }: ChildTraffic['install']) =>
  policy.cp?.role === 'server' && { lease: [...new Set(selectorsRemote.map(({ start }) => `${start}/${start.bits}`))] };

function briefRow({ install, in: inbound, out }: ChildTraffic): BriefConnRow {
  return {
    ...connName(install.policy),
    local: install.selectorsLocal.join(','),
    remote: install.selectorsRemote.join(','),
    localHost: `${install.local.address}`,
    remoteHost: `${install.peer.address}`,
    inBytes: BigInt(inbound?.bytes ?? 0),
    outBytes: BigInt(out?.bytes ?? 0),
    reqid: install.policy.child.reqid,
  };
}

// --- states ------------------------------------------------------------------------------------------------------

/** `names`: of connections, or of an instance (`road[7]`); an IKE SA may carry children of several. */
export function* states(world: World, names: ReadonlySet<string> | undefined): Making {
  for (const slice of slices(world.switchboard.sas())) {
    const reports = yield* asked<IkeSaReport>(slice);
    const known = reports.filter((r) => r !== undefined);
    const seen = yield* trafficOf(known, world);
    const rows = known.flatMap((report) => stateRows(report, seen, world.env.now));
    yield { of: 'states', rows: names ? rows.filter((row) => isNamed(row, names)) : rows };
  }
}

const isNamed = ({ conn, instance }: StateRow, names: ReadonlySet<string>): boolean =>
  names.has(conn) || (instance !== undefined && names.has(`${conn}[${instance.number}]`));

/** By serial, of the children of these. */
function* trafficOf(reports: readonly IkeSaReport[], { sas }: World): Making<ReadonlyMap<number, ChildTraffic>> {
  const refs = reports.flatMap(({ sa }) =>
    sa.children.flatMap(({ suite, spiIn }) => {
      const found = sas.find({ protocol: suite.protocol, dst: sa.local.address, spi: spiIn });
      return found ? [found.ref] : [];
    }),
  );
  const seen = refs.length === 0 ? [] : yield* counted(refs);
  return new Map(seen.map((t) => [t.install.serial, t]));
}

/** libreswan's names and stories of the states: ours as initiator, as responder. */
export const IKE_STATES: Record<IkeState, readonly [string, string, string]> = {
  idle: ['UNSECURED_R', 'larval unsecured IKE SA responder', 'larval unsecured IKE SA responder'],
  initSent: ['IKE_SA_INIT_I', 'sent IKE_SA_INIT request', ''],
  initAnswered: ['IKE_SA_INIT_R', '', 'sent IKE_SA_INIT response'],
  intermediateSent: ['IKE_INTERMEDIATE_I', 'sent IKE_INTERMEDIATE request', ''],
  intermediateAwaited: ['IKE_INTERMEDIATE_R', '', 'sent IKE_SA_INIT response'],
  proving: ['IKE_AUTH_EAP_R', '', 'sent IKE_AUTH response'],
  authSent: ['IKE_AUTH_I', 'sent IKE_AUTH request', ''],
  established: ['ESTABLISHED_IKE_SA', 'established IKE SA', 'established IKE SA'],
  replaced: ['ESTABLISHED_IKE_SA', 'replaced IKE SA', 'replaced IKE SA'],
  deleting: ['ESTABLISHED_IKE_SA', 'deleting IKE SA', 'deleting IKE SA'],
  dead: ['ZOMBIE', 'dead', 'dead'],
};

const EVENTS: Readonly<Record<string, string>> = {
  retransmit: 'RETRANSMIT',
  discard: 'DISCARD',
  liveness: 'LIVENESS',
  keepalive: 'NAT_KEEPALIVE',
  rekey: 'REKEY',
  expire: 'EXPIRE',
  retry: 'RETRY',
  followup: 'DISCARD',
  childRekey: 'REKEY',
  childExpire: 'EXPIRE',
  childOutbound: 'OUTBOUND',
};

/** Of the state with this serial, or the IKE SA itself; soonest first. */
function eventsOf({ timers }: IkeSaReport, serial?: number): StateRow['events'] {
  return timers
    .filter((t) => t.serial === serial && t.in >= 0)
    .sort((a, b) => a.in - b.in)
    .map((t) => ({ name: EVENTS[t.name] ?? t.name, inSeconds: Math.round(t.in / 1000) }));
}

function stateRows(report: IkeSaReport, seen: ReadonlyMap<number, ChildTraffic>, now: number): StateRow[] {
  const { sa } = report;
  const [state, ours, theirs] = IKE_STATES[sa.state];
  const common = { ikeVersion: 2, peerPort: sa.peer.port } as const;
  const ike: StateRow = {
    ...connName(sa.policy),
    ...common,
    serial: sa.serial,
    kind: 'ike',
    state,
    story: sa.role === 'initiator' ? ours : theirs,
    events: eventsOf(report),
    isNewest: sa.state === 'established',
    isCalculating: sa.job !== 0,
    ...(sa.policy.dpdDelay > 0
      ? { dpd: { kind: 'lastlive', secondsAgo: Math.round((now - sa.lastHeard) / 1000) } }
      : undefined),
    pending: pendingOf(report),
  };
  return [ike, ...sa.children.map((child) => ({ ...common, ...childRow(report, child, seen.get(child.serial)) }))];
}

function childRow(
  report: IkeSaReport,
  child: Child,
  seen: ChildTraffic | undefined,
): Omit<StateRow, 'ikeVersion' | 'peerPort'> {
  const { sa } = report;
  const { maxBytes } = child.policy.child;
  return {
    ...connName(child.policy),
    serial: child.serial,
    kind: 'child',
    state: 'ESTABLISHED_CHILD_SA',
    story: 'established Child SA',
    events: eventsOf(report, child.serial),
    isNewest: child.state === 'up',
    isRoutingOwner: child.state === 'up',
    ikeSerial: sa.serial,
    sa: {
      protocol: child.suite.protocol,
      mode: child.mode,
      outboundSpi: child.spiOut,
      inboundSpi: child.spiIn,
      remote: `${sa.peer.address}`,
      local: `${sa.local.address}`,
      maxBytes: maxBytes === undefined ? NO_LIMIT : BigInt(maxBytes),
      ...(seen?.in ? { inBytes: BigInt(seen.in.bytes) } : undefined),
      ...(seen?.out ? { outBytes: BigInt(seen.out.bytes) } : undefined),
      ...(sa.eapUser ? { username: sa.eapUser.name } : undefined),
    },
  };
}

/** Children that are asked for, or will be. */
function pendingOf({ sa }: IkeSaReport): NonNullable<StateRow['pending']> {
  const tasks = [...sa.tasks, ...sa.postponed].flatMap((task) => (task.t === 'newChild' ? [task.policy] : []));
  const pending = sa.outstanding?.pending;
  const isAsked = pending?.kind === 'auth' || pending?.kind === 'eap' || pending?.kind === 'newChild';
  const offered = isAsked ? [pending.offer.policy] : [];
  return [...offered, ...tasks].map(connName);
}

// --- timers ------------------------------------------------------------------------------------------------------

/** What each SA waits for. */
export function* events(world: World): Making {
  const now = Math.round(world.env.now / 1000);
  yield { of: 'clock', rows: [{ now }] };
  for (const slice of slices(world.switchboard.sas())) {
    const reports = yield* asked<IkeSaReport>(slice);
    const rows = reports.flatMap((report) => (report ? eventRows(report, now) : []));
    yield { of: 'events', rows };
  }
}

function eventRows(report: IkeSaReport, now: number): EventRow[] {
  const { sa } = report;
  const of = (serial: number, policy: Policy, timers: StateRow['events']) =>
    timers.map(({ name, inSeconds }) => ({ name, at: now + inSeconds, inSeconds, serial, ...connName(policy) }));
  return [
    ...of(sa.serial, sa.policy, eventsOf(report)),
    ...sa.children.flatMap((child) => of(child.serial, child.policy, eventsOf(report, child.serial))),
  ];
}
