/** From what was said on whack's command line to what pluto is asked, in the order libreswan obeys it. */
import type { ConnText, ReportKind, Request } from '../control/protocol.ts';
import { REPORT_PARTS } from '../control/status/report.ts';
import { WHACK_OPTIONS } from './whack-options.ts';
import type { WhackError, WhackLine } from './whack-parse.ts';

const PER_CONN = ['rekey-ike', 'rekey-child', 'delete-ike', 'delete-child', 'down-ike', 'down-child'] as const;
const NEEDS_NAME = ['route', 'unroute', 'initiate', 'down', 'delete', 'deleteid', 'deleteuser', 'suspend', ...PER_CONN];
const MAY_NAME: readonly string[] = [
  'trafficstatus',
  'connectionstatus',
  'briefconnectionstatus',
  'showstates',
  'redirect-to',
];
/** Options that say how, not what. */
const MODIFIERS: readonly string[] = [
  'label',
  'rundir',
  'ctlsocket',
  'json',
  'name',
  'remote-host',
  'asynchronous',
  'leave-state',
  'utc',
  'connalias',
];
const PLAIN = ['listen', 'unlisten', 'rereadsecrets', 'rereadall'] as const;

/** The requests, at least one; or why whack refuses by itself. */
export function whackRequests(line: WhackLine): readonly Request[] | WhackError {
  const error = whyRefused(line);
  if (error !== undefined) return whackError(line, error);
  const requests = inOrder(line);
  return requests.length > 0 ? requests : whackError(line, 'no action specified; try --help for hints');
}

function whackError({ normal }: WhackLine, error: string): WhackError {
  const [label, name] = [normal.get('label'), normal.get('name')];
  return { error, ...(label !== undefined && { label }), ...(name !== undefined && { name }) };
}

function whyRefused(line: WhackLine): string | undefined {
  const { normal } = line;
  const said = (name: string) => normal.has(name);
  for (const [a, b] of [
    ['oppohere', 'oppothere'],
    ['oppothere', 'oppohere'],
  ]) {
    if (said(a) && !said(b)) return `--${a} needs --${b}`;
  }
  if (said('remote-host') && !said('initiate')) return '--remote-host needs --initiate';
  if (said('asynchronous') && !said('initiate')) return '--asynchronous needs --initiate';
  if (said('leave-state') && !said('shutdown')) return '--leave-state needs --shutdown';
  const nameless = NEEDS_NAME.find((name) => said(name) && !said('name'));
  if (nameless) return `missing --name, which --${nameless} needs`;
  const takesName = line.isAdd || line.debug.length > 0 || [...NEEDS_NAME, ...MAY_NAME].some(said);
  if (said('name') && !takesName) return 'no reason for --name';
  if (line.isAdd) {
    const wrong = whyNoConnection(line);
    if (wrong) return wrong;
  }
  const unsupported = unsupportedOf(line);
  return unsupported && `--${unsupported} has no effect yet`;
}

function whyNoConnection({ normal, ends, hasTo, conn, authby }: WhackLine): string | undefined {
  if (!normal.has('name')) return 'missing --name, which a connection needs';
  if (!hasTo) return 'connection missing --to between its ends';
  if (!ends[0].has('')) return 'connection missing --host before --to';
  if (!ends[1].has('')) return 'connection missing --host after --to';
  if (conn.get('keyexchange') === 'ikev1' && authby.some((word) => word.startsWith('ecdsa')))
    return 'connection cannot use --ecdsa with --ikev1';
  const isShunt = ['passthrough', 'drop', 'reject'].includes(conn.get('type') ?? '');
  if (authby.includes('never') && !isShunt) return '--auth-never needs one of --pass, --drop and --reject';
  return undefined;
}

/** An action of the table that pluto cannot be asked for. */
function unsupportedOf({ normal, ends, conn, debug }: WhackLine): string | undefined {
  const action = [...normal.keys()].find((name) => !MODIFIERS.includes(name) && !SUPPORTED.has(name));
  if (action) return action;
  const debugging = debug.find(({ name }) => name.includes('impair') || name === 'magic');
  if (debugging) return debugging.name;
  const keys = [...ends[0].keys(), ...ends[1].keys(), ...conn.keys()];
  return keys.find((key) => WITHOUT_KEYWORD.has(key));
}

const SUPPORTED: ReadonlySet<string> = new Set([
  'help',
  'version',
  'route',
  'unroute',
  'initiate',
  'down',
  'delete',
  'ddos-busy',
  'ddos-unlimited',
  'ddos-auto',
  'shutdown',
  ...PER_CONN,
  ...PLAIN,
  ...Object.keys(REPORT_PARTS),
]);
/** Options of a connection that have no keyword to go by. */
const WITHOUT_KEYWORD: ReadonlySet<string> = new Set(
  [...WHACK_OPTIONS.values()]
    .filter(({ group, keyword, sameAs }) => (group === 'end' || group === 'conn') && keyword === undefined && !sameAs)
    .map(({ name }) => name)
    .filter((name) => name !== 'to' && name !== 'pfsgroup'),
);

function inOrder(line: WhackLine): Request[] {
  const { normal } = line;
  const said = (name: string) => normal.has(name);
  const name = normal.get('name') ?? '';
  const requests: Request[] = [];
  const debug = debugRequest(line);
  if (debug) requests.push(debug);
  for (const kind of PER_CONN) if (said(kind)) requests.push({ kind, name });
  for (const mode of ['busy', 'unlimited', 'auto'] as const)
    if (said(`ddos-${mode}`)) requests.push({ kind: 'ddos', mode });
  if (line.isAdd) requests.push({ kind: said('delete') ? 'replace' : 'add', conn: connText(line, name) });
  else if (said('delete')) requests.push({ kind: 'delete', name });
  for (const kind of PLAIN) if (said(kind)) requests.push({ kind });
  if (said('route')) requests.push({ kind: 'route', name });
  if (said('unroute')) requests.push({ kind: 'unroute', name });
  if (said('initiate')) {
    const remoteHost = normal.get('remote-host');
    const how = {
      ...(said('asynchronous') && { asynchronous: true }),
      ...(remoteHost !== undefined && { remoteHost }),
    };
    requests.push({ kind: 'initiate', name, ...how });
  }
  if (said('down')) requests.push({ kind: 'terminate', name });
  for (const kind of Object.keys(REPORT_PARTS) as ReportKind[]) {
    if (said(kind)) requests.push({ kind, ...(said('name') && MAY_NAME.includes(kind) && { name }) });
  }
  if (said('shutdown')) requests.push({ kind: 'shutdown', ...(said('leave-state') && { leaveState: true }) });
  return requests;
}

function debugRequest({ debug, normal, isAdd }: WhackLine): Request | undefined {
  if (debug.length === 0) return undefined;
  const classes = (option: string) =>
    debug.filter(({ name }) => name === option).flatMap(({ value }) => value.split(/[,\s]+/));
  const set = [...(debug.some((d) => d.name === 'debug-all') ? ['all'] : []), ...classes('debug')].filter(Boolean);
  const clear = [...(debug.some((d) => d.name === 'debug-none') ? ['all'] : []), ...classes('no-debug')].filter(
    Boolean,
  );
  const name = normal.get('name');
  // Beside a connection that is being added, --name names that, and debugging is the daemon's.
  return { kind: 'debug', set, clear, ...(name !== undefined && !isAdd && { name }) };
}

/** The first end is left: which of them is us, the daemon finds out. */
function connText({ normal, ends, conn, authby }: WhackLine, name: string): ConnText {
  const keywords: Record<string, string> = {};
  for (const [side, end] of [
    ['left', ends[0]],
    ['right', ends[1]],
  ] as const) {
    for (const [key, value] of end) keywords[`${side}${key}`] = key === 'auth' && value === 'psk' ? 'secret' : value;
  }
  for (const [key, value] of conn) if (key !== 'pfsgroup') keywords[key] = value;
  const group = conn.get('pfsgroup');
  if (group !== undefined && keywords.esp !== undefined) keywords.esp = `${keywords.esp};${group}`;
  if (authby.length > 0) keywords.authby = authby.join(',');
  const alias = normal.get('connalias');
  if (alias !== undefined) keywords.connalias = alias;
  return { name, file: 'whack', line: 0, keywords };
}
