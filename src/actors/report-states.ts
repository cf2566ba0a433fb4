/** IKE SAs and Child SAs as reports show them; in IKEv1, ISAKMP SAs, IPsec SAs, and Quick Modes that are to make some. */
import type { StateRow } from '../control/status/rows.ts';
import type { Child } from '../ike/child.ts';
import { IsakmpSa } from '../ike/v1/isakmp-sa.ts';
import type { ChildTraffic } from './child-sa.ts';
import type { IkeSaReport } from './ike-sa.ts';
import { type Machine, versionOf } from './protocol.ts';
import { eventsOf } from './report-events.ts';
import { connName, counted, NO_LIMIT } from './report-traffic.ts';
import { asked, type Making, slices } from './reporter.ts';
import { childStateOf, isReady, quicksOf, stateOf } from './state-names.ts';
import type { World } from './world.ts';

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

/** The IKE SA, its children, and those that are being made. */
export function stateRows(report: IkeSaReport, seen: ReadonlyMap<number, ChildTraffic>, now: number): StateRow[] {
  const { sa } = report;
  const common = { ikeVersion: versionOf(sa), peerPort: sa.peer.port } as const;
  const { name, story } = stateOf(sa);
  const dpd = dpdOf(sa, now);
  const ike: StateRow = {
    ...connName(sa.policy),
    ...common,
    serial: sa.serial,
    kind: 'ike',
    state: name,
    story,
    events: eventsOf(report),
    isNewest: isReady(sa) && !(sa instanceof IsakmpSa && sa.heir !== 0),
    isCalculating: sa.job !== 0,
    ...(dpd && { dpd }),
    pending: pendingOf(sa),
  };
  return [
    ike,
    ...sa.children.map((child) => ({ ...common, ...childRow(report, child, seen.get(child.serial)) })),
    ...quicksOf(sa).map((quick) => ({
      ...common,
      ...connName(quick.policy),
      serial: quick.serial,
      kind: 'child' as const,
      state: quick.state.name,
      story: quick.state.story,
      events: eventsOf(report, quick.serial),
      ikeSerial: sa.serial,
      isCalculating: quick.isCalculating,
    })),
  ];
}

/** When a word of the peer's came last; of IKEv1, the numbers of what each end has asked last (RFC 3706). */
function dpdOf(sa: Machine, now: number): StateRow['dpd'] {
  const secondsAgo = Math.round((now - sa.lastHeard) / 1000);
  if (!(sa instanceof IsakmpSa)) return sa.policy.dpdDelay > 0 ? { kind: 'lastlive', secondsAgo } : undefined;
  if (sa.state !== 'established') return undefined;
  if (!sa.dpd) return { kind: 'nodpd' };
  return { kind: 'lastdpd', secondsAgo, seqIn: Math.max(0, sa.peerSequence), seqOut: sa.dpdSequence };
}

function childRow(
  report: IkeSaReport,
  child: Child,
  seen: ChildTraffic | undefined,
): Omit<StateRow, 'ikeVersion' | 'peerPort'> {
  const { sa } = report;
  const { maxBytes } = child.policy.child;
  const { name, story } = childStateOf(sa, child);
  const isUp = child.state === 'up' && !(sa instanceof IsakmpSa && child.awaitsOutbound);
  return {
    ...connName(child.policy),
    serial: child.serial,
    kind: 'child',
    state: name,
    story,
    events: eventsOf(report, child.serial),
    isNewest: isUp,
    isRoutingOwner: isUp,
    ikeSerial: sa.serial,
    sa: {
      protocol: child.suite.protocol,
      mode: child.mode,
      outboundSpi: child.spiOut,
      inboundSpi: child.spiIn,
      ...(child.ah && { ah: { outbound: child.ah.spiOut, inbound: child.ah.spiIn } }),
      ...(child.ipcomp && { ipcomp: { outbound: child.ipcomp.cpiOut, inbound: child.ipcomp.cpiIn } }),
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
function pendingOf(sa: Machine): NonNullable<StateRow['pending']> {
  if (sa instanceof IsakmpSa) return sa.wanted.map(({ policy }) => connName(policy));
  const tasks = [...sa.tasks, ...sa.postponed].flatMap((task) => (task.t === 'newChild' ? [task.policy] : []));
  const pending = sa.outstanding?.pending;
  const isAsked = pending?.kind === 'auth' || pending?.kind === 'eap' || pending?.kind === 'newChild';
  const offered = isAsked ? [pending.offer.policy] : [];
  return [...offered, ...tasks].map(connName);
}
