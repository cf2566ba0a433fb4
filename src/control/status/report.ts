/** From rows to what is printed, slice by slice, so that a listing of any length takes no memory. */
import type { ReportKind } from '../protocol.ts';
import { connectionLines } from './connection.ts';
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
import { fipsLine, globalLine, poolLines, processLine, shuntLine } from './lists.ts';
import { planLine } from './plan.ts';
import type { Rows, RowsOf } from './rows.ts';
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

/** What a report consists of, in the order the daemon sends it. */
export const REPORT_PARTS: Readonly<Record<ReportKind, readonly RowsOf[]>> = {
  status: ['daemon', 'connections', 'totals', 'counts', 'states', 'shunts'],
  briefstatus: ['counts'],
  globalstatus: ['globals'],
  trafficstatus: ['traffic'],
  showstates: ['states'],
  connectionstatus: ['connections'],
  briefconnectionstatus: ['briefConnections', 'totals'],
  shuntstatus: ['shunts'],
  fipsstatus: ['fips'],
  processstatus: ['processes'],
  addresspoolstatus: ['pools'],
  listpubkeys: ['publicKeys'],
  checkpubkeys: ['publicKeys'],
  listcerts: ['certificates'],
  listcacerts: ['caCertificates'],
  listcrls: ['crls'],
  listpsks: ['secretsFile', 'secrets'],
  listevents: ['clock', 'events'],
  listgroups: ['groups'],
  listall: ['publicKeys', 'secretsFile', 'secrets', 'certificates', 'caCertificates', 'crls'],
};

/** `clock` is for listings with times in them. */
export function textReport(kind: ReportKind, clock: Clock): Report {
  const owed = [...REPORT_PARTS[kind]];
  const heading = (of: RowsOf) => HEADINGS[kind]?.[of] ?? [];
  const print = (lines: readonly string[]) => (lines.length ? `${lines.join('\n')}\n` : '');
  /** Headings of the parts before `of`, which had no rows, and of `of` itself if it begins here. */
  const begin = (of?: RowsOf) => {
    if (of !== undefined && !owed.includes(of)) return [];
    return owed.splice(0, of === undefined ? owed.length : owed.indexOf(of) + 1).flatMap(heading);
  };
  return {
    slice: (rows) => print([...begin(rows.of), ...textOf(kind, rows, clock)]),
    finish: () => print(begin()),
  };
}

/** One object with a member for each part: an array, or an object where there can be only one row. */
export function jsonReport(kind: ReportKind): Report {
  const owed = [...REPORT_PARTS[kind]];
  let current: RowsOf | undefined;
  let isFirst = true;
  const open = (of: RowsOf) => {
    const text = `${isFirst ? '{' : ','}\n  ${JSON.stringify(of)}: `;
    isFirst = false;
    return text;
  };
  const close = () => (current === undefined || ONE.has(current) ? '' : '\n  ]');
  const empty = (of: RowsOf) => `${open(of)}${ONE.has(of) ? 'null' : '[]'}`;
  /** Closes the part before, names the parts that had no rows. */
  const advance = (of?: RowsOf) => {
    const skipped = owed.splice(0, of === undefined ? owed.length : owed.indexOf(of) + 1).filter((part) => part !== of);
    const text = close() + skipped.map(empty).join('');
    current = of;
    return text;
  };
  return {
    slice: ({ of, rows }) => {
      const begins = of !== current;
      const head = begins ? advance(of) + open(of) : '';
      if (ONE.has(of)) return begins ? head + json(rows[0]) : '';
      return head + rows.map((row, i) => `${begins && i === 0 ? '[' : ','}\n    ${json(row)}`).join('');
    },
    finish: () => `${advance()}\n}\n`,
  };
}

const ONE: ReadonlySet<RowsOf> = new Set(['daemon', 'totals', 'counts', 'clock', 'secretsFile', 'fips']);

/** Counters are numbers as far as a number is exact, and text beyond. */
function json(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => {
    if (typeof value !== 'bigint') return value;
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`;
  });
}

const headed = (...lines: string[]) => [BLANK, ...lines, BLANK];
const LISTS: Partial<Record<RowsOf, readonly string[]>> = {
  publicKeys: headed('List of Public Keys:'),
  certificates: [BLANK, 'List of X.509 End Certificates:'],
  caCertificates: [BLANK, 'List of X.509 CA Certificates:'],
  crls: [BLANK, 'List of CRLs:'],
  groups: headed('List of policy groups:'),
};

const HEADINGS: Partial<Record<ReportKind, Partial<Record<RowsOf, readonly string[]>>>> = {
  status: {
    connections: ['Connection list:', BLANK],
    totals: [BLANK],
    counts: [BLANK],
    states: [BLANK],
    shunts: [BLANK, 'Bare Shunt list:', BLANK],
  },
  shuntstatus: { shunts: [BLANK, 'Bare Shunt list:', BLANK] },
  processstatus: { processes: ['  PID  Process'] },
  listpubkeys: LISTS,
  listcerts: LISTS,
  listcacerts: LISTS,
  listcrls: LISTS,
  listgroups: LISTS,
  listall: LISTS,
};

function textOf(kind: ReportKind, rows: Rows, clock: Clock): readonly string[] {
  switch (rows.of) {
    case 'daemon':
      return rows.rows.flatMap(daemonLines);
    case 'connections':
      return rows.rows.flatMap(connectionLines);
    case 'briefConnections':
      return rows.rows.map(briefConnectionLine);
    case 'totals':
      return rows.rows.map((row) => `${kind === 'briefconnectionstatus' ? '# ' : ''}${totalsLine(row)}`);
    case 'counts':
      return rows.rows.flatMap(countsLines);
    case 'states':
      return rows.rows.flatMap(stateLines);
    case 'traffic':
      return rows.rows.map(trafficLine);
    case 'shunts':
      return rows.rows.map(shuntLine);
    case 'pools':
      return rows.rows.flatMap(poolLines);
    case 'processes':
      return rows.rows.map(processLine);
    case 'globals':
      return rows.rows.map(globalLine);
    case 'publicKeys':
      return rows.rows.flatMap((row) => publicKeyLines(row, clock));
    case 'secretsFile':
      return rows.rows.flatMap(secretsFileLines);
    case 'secrets':
      return rows.rows.map(secretLine);
    case 'certificates':
    case 'caCertificates':
      return rows.rows.flatMap((row) => certificateLines(row, clock));
    case 'crls':
      return rows.rows.flatMap((row) => crlLines(row, clock));
    case 'clock':
      return rows.rows.map(clockLine);
    case 'events':
      return rows.rows.map(eventLine);
    case 'groups':
      return rows.rows.map(groupLine);
    case 'plan':
      return rows.rows.map(planLine);
    case 'fips':
      return rows.rows.map(fipsLine);
  }
}
