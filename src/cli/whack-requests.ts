/** From what was said on whack's command line to what pluto is asked, in the order libreswan obeys it. */
import { shown } from '../conf/printable.ts';
import { REPORTS, type ReportKind, type Request } from '../control/protocol.ts';
import { addRequest, whyNoConnection } from './whack-add.ts';
import { debugRequests } from './whack-debug.ts';
import { errorOf, type WhackError, type WhackLine } from './whack-parse.ts';

const PER_CONN = ['rekey-ike', 'rekey-child', 'delete-ike', 'delete-child', 'down-ike', 'down-child'] as const;
const NEEDS_NAME = ['route', 'unroute', 'initiate', 'down', 'delete', 'deleteid', 'deleteuser', 'suspend', ...PER_CONN];
const REPORT_KINDS = Object.keys(REPORTS) as readonly ReportKind[];
const MAY_NAME: readonly string[] = ['redirect-to', ...REPORT_KINDS.filter((kind) => 'name' in REPORTS[kind])];

/** Options that say how, and the others of which one must be there. */
const NEEDS: readonly (readonly [option: string, others: readonly string[]])[] = [
  ['oppohere', ['oppothere']],
  ['oppothere', ['oppohere']],
  ['oppoproto', ['oppohere']],
  ['opposport', ['oppohere']],
  ['oppodport', ['oppohere']],
  ['addkey', ['keyid']],
  ['pubkeyrsa', ['keyid']],
  ['remote-host', ['initiate']],
  ['username', ['initiate']],
  ['xauthpass', ['initiate']],
  ['leave-state', ['shutdown']],
];

/** The requests, at least one; or why whack refuses by itself. */
export function whackRequests(line: WhackLine): readonly Request[] | WhackError {
  const wrong = whyRefused(line);
  const requests = wrong === undefined ? inOrder(line) : { wrong };
  if ('wrong' in requests) return errorOf(line, requests.wrong);
  return requests.length > 0 ? requests : errorOf(line, 'no action specified; try --help for hints');
}

function whyRefused(line: WhackLine): string | undefined {
  const { normal, isAdd } = line;
  const said = (name: string) => normal.has(name);
  for (const [option, others] of NEEDS) {
    if (said(option) && !others.some(said)) return `--${option} needs --${others.join(' or --')}`;
  }
  if (said('connalias') && !isAdd) return '--connalias needs a connection';
  const nameless = NEEDS_NAME.find((name) => said(name) && !said('name'));
  if (nameless) return `missing --name, which --${nameless} needs`;
  const takesName = isAdd || line.debug.length > 0 || [...NEEDS_NAME, ...MAY_NAME].some(said);
  if (said('name') && !takesName) return 'no reason for --name';
  return isAdd ? whyNoConnection(line) : undefined;
}

type Asked = Request | { readonly wrong: string };
/** What an option asks for, by its argument and the rest of the line; nothing where another has asked for it. */
type Step = readonly [option: string, ask: (arg: string, line: WhackLine) => Asked | undefined];

const nameOf = ({ normal }: WhackLine): string => normal.get('name') ?? '';
const named = (option: string, kind: NamedKind): Step => [option, (_, line) => ({ kind, name: nameOf(line) })];
const plain = (kind: PlainKind, option: string = kind): Step => [option, () => ({ kind })];
const ddos = (mode: 'busy' | 'unlimited' | 'auto'): Step => [`ddos-${mode}`, () => ({ kind: 'ddos', mode })];

type NamedKind = (typeof PER_CONN)[number] | 'deleteid' | 'deleteuser' | 'route' | 'unroute' | 'suspend' | 'terminate';
type PlainKind =
  | 'listen'
  | 'unlisten'
  | 'socket-errqueue'
  | 'ddns'
  | 'rereadsecrets'
  | 'rereadcerts'
  | 'rereadgroups'
  | 'rereadall'
  | 'fetchcrls'
  | 'purgeocsp'
  | 'clearstats';

/** What is asked before a connection is added, in this order. */
const BEFORE: readonly Step[] = [
  ['myid', (id) => ({ kind: 'myid', id })],
  ...PER_CONN.map((kind) => named(kind, kind)),
  ['delete', (_, line) => (line.isAdd ? undefined : { kind: 'delete', name: nameOf(line) })],
  named('deleteid', 'deleteid'),
  named('deleteuser', 'deleteuser'),
  ['deletestate', deletestate],
  ['crash', (address) => ({ kind: 'crash', address })],
];

const ADD: Step = ['', (_, line) => (line.isAdd ? addRequest(line) : undefined)];

/** What is asked afterwards: secrets are read before anything is brought up. */
const AFTER: readonly Step[] = [
  ['redirect-to', redirect],
  ['global-redirect', globalRedirect],
  ['global-redirect-to', (_, line) => (line.normal.has('global-redirect') ? undefined : globalRedirect('', line))],
  plain('listen'),
  plain('unlisten'),
  ['ike-socket-bufsize', bufsize],
  plain('socket-errqueue', 'ike-socket-errqueue-toggle'),
  ['nhelpers', nhelpers],
  ddos('busy'),
  ddos('unlimited'),
  ddos('auto'),
  plain('ddns'),
  plain('rereadsecrets'),
  plain('rereadcerts'),
  plain('rereadgroups'),
  plain('fetchcrls'),
  plain('rereadall'),
  plain('purgeocsp'),
  plain('clearstats'),
  ['keyid', pubkey],
  named('route', 'route'),
  named('unroute', 'unroute'),
  ['initiate', initiate],
  ['oppohere', oppo],
  named('suspend', 'suspend'),
  named('down', 'terminate'),
  ...REPORT_KINDS.map((kind): Step => [kind, (_, line) => report(kind, line)]),
  ['shutdown', (_, { normal }) => ({ kind: 'shutdown', ...(normal.has('leave-state') && { leaveState: true }) })],
];

function inOrder(line: WhackLine): readonly Request[] | { readonly wrong: string } {
  const requests: Request[] = [...debugRequests(line)];
  for (const step of [...BEFORE, ADD, ...AFTER]) {
    const [option, ask] = step;
    const arg = step === ADD ? '' : line.normal.get(option);
    const asked = arg === undefined ? undefined : ask(arg, line);
    if (asked === undefined) continue;
    if ('wrong' in asked) return asked;
    requests.push(asked);
  }
  return requests;
}

function redirect(to: string, { isAdd, normal }: WhackLine): Asked | undefined {
  const name = normal.get('name');
  // Beside a connection it is a keyword of that.
  return isAdd ? undefined : { kind: 'redirect', to, ...(name !== undefined && { name }) };
}

const REDIRECT_MODES = ['yes', 'no', 'auto'] as const;

function globalRedirect(_: string, { normal }: WhackLine): Asked {
  const [said, to] = [normal.get('global-redirect'), normal.get('global-redirect-to')];
  const mode = REDIRECT_MODES.find((word) => word === said);
  if (said !== undefined && mode === undefined) return expected('global-redirect', REDIRECT_MODES.join(', '), said);
  return { kind: 'global-redirect', ...(mode && { mode }), ...(to !== undefined && { to }) };
}

/** A datagram of IKE may be as large as this at least. */
const MIN_BUFSIZE = 1500;

function bufsize(arg: string): Asked {
  const octets = whole(arg);
  if (octets === undefined || octets < MIN_BUFSIZE)
    return expected('ike-socket-bufsize', `${MIN_BUFSIZE} octets or more`, arg);
  return { kind: 'socket-bufsize', octets };
}

/** The daemon knows the most that there may be. */
function nhelpers(arg: string): Asked {
  const count = arg === '-1' ? -1 : whole(arg);
  return count === undefined ? expected('nhelpers', '-1 or more', arg) : { kind: 'nhelpers', nhelpers: count };
}

function deletestate(arg: string): Asked {
  const serial = whole(arg.replace(/^#/, ''));
  return serial === undefined ? expected('deletestate', '#N', arg) : { kind: 'deletestate', serial };
}

function pubkey(id: string, { normal }: WhackLine): Asked {
  const key = normal.get('pubkeyrsa');
  return { kind: 'pubkey', id, ...(normal.has('addkey') && { add: true }), ...(key !== undefined && { key }) };
}

function initiate(_: string, line: WhackLine): Asked {
  const { normal } = line;
  const [remoteHost, username, password] = ['remote-host', 'username', 'xauthpass'].map((name) => normal.get(name));
  return {
    kind: 'initiate',
    name: nameOf(line),
    ...(normal.has('asynchronous') && { asynchronous: true }),
    ...(remoteHost !== undefined && { remoteHost }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}

/** What is said of the packet where nothing is: an echo request. */
const ECHO = { oppoproto: '1', opposport: '8', oppodport: '0' } as const;

function oppo(here: string, { normal }: WhackLine): Asked {
  const number = (option: keyof typeof ECHO, max: number) => {
    const arg = normal.get(option) ?? ECHO[option];
    const n = whole(arg);
    return n === undefined || n > max ? expected(option, `0 to ${max}`, arg) : n;
  };
  const [protocol, sourcePort, destinationPort] = [
    number('oppoproto', 255),
    number('opposport', 65535),
    number('oppodport', 65535),
  ];
  if (typeof protocol === 'object') return protocol;
  if (typeof sourcePort === 'object') return sourcePort;
  if (typeof destinationPort === 'object') return destinationPort;
  const there = normal.get('oppothere') ?? '';
  const asynchronous = normal.has('asynchronous') && { asynchronous: true };
  return { kind: 'oppo', here, there, protocol, sourcePort, destinationPort, ...asynchronous };
}

function report(kind: ReportKind, { normal }: WhackLine): Asked {
  const name = 'name' in REPORTS[kind] ? normal.get('name') : undefined;
  const utc = 'utc' in REPORTS[kind] && normal.has('utc');
  return { kind, ...(name !== undefined && { name }), ...(utc && { utc: true }) };
}

/** A decimal number that a double holds exactly. */
const whole = (arg: string): number | undefined => (/^\d{1,15}$/.test(arg) ? Number(arg) : undefined);

const expected = (option: string, what: string, arg: string) => ({
  wrong: `--${option} ${shown(arg)}: expected ${what}`,
});
