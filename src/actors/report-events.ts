/** What IKE SAs and their children wait for. */
import type { EventRow, StateRow } from '../control/status/rows.ts';
import type { TimerName } from '../ike/effects.ts';
import type { Policy } from '../ike/policy.ts';
import type { IkeSaReport } from './ike-sa.ts';
import { versionOf } from './protocol.ts';
import { connName } from './report-traffic.ts';
import { asked, type Making, slices } from './reporter.ts';
import { quicksOf } from './state-names.ts';
import type { World } from './world.ts';

/** libreswan's names, in IKEv2 and where IKEv1 has another. */
const EVENTS: Readonly<Record<TimerName, string>> = {
  retransmit: 'RETRANSMIT',
  discard: 'DISCARD',
  liveness: 'LIVENESS',
  keepalive: 'NAT_KEEPALIVE',
  rekey: 'REKEY',
  expire: 'EXPIRE',
  farewell: 'DISCARD',
  retry: 'RETRY',
  followup: 'DISCARD',
  childRekey: 'REKEY',
  childExpire: 'EXPIRE',
  childOutbound: 'OUTBOUND',
};
/** `retry` is the patience for XAUTH and Mode Config. */
const V1_EVENTS: Partial<Record<TimerName, string>> = {
  liveness: 'DPD',
  rekey: 'REPLACE',
  childRekey: 'REPLACE',
  retry: 'DISCARD',
};
/** What goes is our last message, kept for a peer that may not have heard it: the SA stays. */
const FORGET = 'FORGET';

/** Of the state with this serial, or the IKE SA itself; soonest first. */
export function eventsOf({ sa, timers }: IkeSaReport, serial?: number): StateRow['events'] {
  const isV1 = versionOf(sa) === 1;
  const nameOf = (name: TimerName): string => {
    if (isV1 && name === 'discard' && sa.state === 'established') return FORGET;
    return (isV1 ? V1_EVENTS[name] : undefined) ?? EVENTS[name];
  };
  /** A transaction is the ISAKMP SA's own. */
  const whose = (own: number | undefined) => (own === sa.serial ? undefined : own);
  return timers
    .filter((t) => whose(t.serial) === serial && t.in >= 0)
    .sort((a, b) => a.in - b.in)
    .map((t) => ({ name: nameOf(t.name), inSeconds: Math.round(t.in / 1000) }));
}

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
    ...childrenOf(report).flatMap(({ serial, policy }) => of(serial, policy, eventsOf(report, serial))),
  ];
}

const childrenOf = ({ sa }: IkeSaReport): readonly { readonly serial: number; readonly policy: Policy }[] => [
  ...sa.children,
  ...quicksOf(sa),
];
