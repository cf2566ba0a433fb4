/** From rows to text, slice by slice, so that a listing of any length takes no memory. JSON is in json.ts. */
import type { ReportKind } from '../protocol.ts';
import { connectionText } from './connection.ts';
import { daemonLines } from './daemon.ts';
import {
  certificateLines,
  clockLine,
  crlLines,
  eventLine,
  groupLine,
  publicKeyLines,
  secretLine,
  secretsFileLines,
} from './listings.ts';
import { fipsLine, globalLine, PoolLines, processLine, shuntLine } from './lists.ts';
import { REPORT_PARTS } from './parts.ts';
import { planLine } from './plan.ts';
import { HELPER_HEADING, helperLine, JOB_HEADING, jobsLine, threadLine } from './process.ts';
import type { RowOf, Rows, RowsOf } from './rows.ts';
import { countsLines, stateLines } from './states.ts';
import { BLANK } from './text.ts';
import type { Clock } from './time.ts';
import { briefConnectionLine, totalsLine, trafficLine } from './traffic.ts';

/** Takes slices in the order the daemon sends them; each call gives the text to print, newlines included. */
export interface Report {
  slice(rows: Rows): string;
  /** What is still owed after the last slice. */
  finish(): string;
}

/** `clock` is for listings with times in them. A report about one connection by its name has no headings. */
export function textReport(kind: ReportKind, clock: Clock, isNamed = false): Report {
  const owed = [...REPORT_PARTS[kind]];
  const heading = (of: RowsOf) => (isNamed ? [] : (HEADINGS[kind]?.[of] ?? []));
  const place: Place = { kind, clock, pools: new PoolLines() };
  let last: string | undefined;
  /** Parts that have nothing between them are parted once. */
  const print = (all: readonly string[]) => {
    const lines = all.filter((line, i) => line !== BLANK || (i === 0 ? last : all[i - 1]) !== BLANK);
    last = all.at(-1) ?? last;
    return lines.length > 0 ? `${lines.join('\n')}\n` : '';
  };
  /** Headings of the parts before `of`, which had no rows, and of `of` itself if it begins here. */
  const begin = (of?: RowsOf) => {
    if (of !== undefined && !owed.includes(of)) return [];
    return owed.splice(0, of === undefined ? owed.length : owed.indexOf(of) + 1).flatMap(heading);
  };
  return {
    slice: (rows) => print([...begin(rows.of), ...linesOf(rows, place)]),
    finish: () => print([...place.pools.rest(), ...begin()]),
  };
}

const headed = (heading: string) => [BLANK, heading, BLANK];
const SHUNTS = { shunts: headed('Bare Shunt list:') };
const CONNECTIONS = { connections: ['Connection list:', BLANK], totals: [BLANK] };
const LISTS: Partial<Record<RowsOf, readonly string[]>> = {
  publicKeys: headed('List of Public Keys:'),
  certificates: [BLANK, 'List of X.509 End Certificates:'],
  caCertificates: [BLANK, 'List of X.509 CA Certificates:'],
  crls: [BLANK, 'List of CRLs:'],
  groups: headed('List of policy groups:'),
};

const HEADINGS: Partial<Record<ReportKind, Partial<Record<RowsOf, readonly string[]>>>> = {
  status: { ...CONNECTIONS, ...SHUNTS, counts: [BLANK], states: [BLANK] },
  connectionstatus: CONNECTIONS,
  shuntstatus: SHUNTS,
  processstatus: {
    processes: ['  PID  Process'],
    mainThread: [BLANK],
    helpers: [BLANK, HELPER_HEADING],
    jobs: [BLANK, JOB_HEADING],
  },
  listpubkeys: LISTS,
  listcerts: LISTS,
  listcacerts: LISTS,
  listcrls: LISTS,
  listgroups: LISTS,
  listall: LISTS,
};

interface Place {
  readonly kind: ReportKind;
  readonly clock: Clock;
  readonly pools: PoolLines;
}

/** What a row prints as: a text, of several lines if need be. */
const LINES: { readonly [K in RowsOf]: (row: RowOf<K>, place: Place) => string | readonly string[] } = {
  daemon: daemonLines,
  connections: connectionText,
  briefConnections: briefConnectionLine,
  totals: (row, { kind }) => `${kind === 'briefconnectionstatus' ? '# ' : ''}${totalsLine(row)}`,
  counts: countsLines,
  states: stateLines,
  traffic: trafficLine,
  shunts: shuntLine,
  pools: (row, { pools }) => pools.hold(row),
  leases: (row, { pools }) => pools.lease(row),
  processes: processLine,
  mainThread: threadLine,
  helpers: helperLine,
  jobs: jobsLine,
  globals: globalLine,
  fips: fipsLine,
  publicKeys: (row, { clock }) => publicKeyLines(row, clock),
  secretsFile: secretsFileLines,
  secrets: secretLine,
  certificates: (row, { clock }) => certificateLines(row, clock),
  caCertificates: (row, { clock }) => certificateLines(row, clock),
  crls: (row, { clock }) => crlLines(row, clock),
  clock: clockLine,
  events: eventLine,
  groups: groupLine,
  plan: planLine,
};

function linesOf<K extends RowsOf>(rows: { readonly of: K; readonly rows: readonly RowOf<K>[] }, place: Place) {
  const lines: (row: RowOf<K>, place: Place) => string | readonly string[] = LINES[rows.of];
  return rows.rows.flatMap((row) => lines(row, place));
}
