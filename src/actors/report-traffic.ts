/** What Child SAs have carried, as reports show it. */
import type { BriefConnRow, TrafficRow } from '../control/status/rows.ts';
import type { Policy } from '../ike/policy.ts';
import type { ChildSaMessage, ChildTraffic } from './child-sa.ts';
import type { IkeSaReport } from './ike-sa.ts';
import type { Registry } from './registry.ts';
import { instanceOf } from './report-conns.ts';
import { asked, type Making, slices } from './reporter.ts';
import type { ActorRef } from './runtime/index.ts';
import type { World } from './world.ts';

export const NO_LIMIT = 2n ** 63n;

/** Which policies a report is about; undefined: all. */
export type Wanted = ReadonlySet<Policy> | undefined;

export const connName = (policy: Policy) =>
  policy.instance === undefined
    ? { conn: policy.name }
    : { conn: policy.name, instance: instanceOf(policy.instance, policy.remoteHost) };

export function* traffic({ sas, registry }: World, wanted: Wanted): Making {
  for (const slice of slices(sas.refs())) {
    const seen = (yield* counted(slice)).filter((t) => !wanted || wanted.has(t.install.policy));
    const users = yield* usersOf(seen, registry);
    yield { of: 'traffic', rows: seen.map((t) => trafficRow(t, users.get(t.install.policy))) };
  }
}

/** Who has logged in by XAUTH: each has an instance of the connection, and one ISAKMP SA with it. */
function* usersOf(seen: readonly ChildTraffic[], registry: Registry): Making<ReadonlyMap<Policy, string>> {
  const policies = [...new Set(seen.map((t) => t.install.policy))].filter(({ v1 }) => v1?.xauth?.role === 'server');
  const known = policies.flatMap((policy) => {
    const ref = registry.ikeSa(policy);
    return ref ? [{ policy, ref }] : [];
  });
  if (known.length === 0) return NOBODY;
  const reports = yield* asked<IkeSaReport>(known.map(({ ref }) => ref));
  return new Map(
    known.flatMap(({ policy }, i) => {
      const name = reports[i]?.sa.eapUser?.name;
      return name === undefined ? [] : [[policy, name] as const];
    }),
  );
}

const NOBODY: ReadonlyMap<Policy, string> = new Map();

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

export function* counted(refs: readonly ActorRef<ChildSaMessage>[]): Making<readonly ChildTraffic[]> {
  const answers = yield* asked<ChildTraffic>(refs);
  return answers.filter((t) => t !== undefined);
}

function trafficRow({ install, addedAt, in: inbound, out }: ChildTraffic, username: string | undefined): TrafficRow {
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
    ...(username === undefined ? undefined : { username }),
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
