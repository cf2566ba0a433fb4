/**
 * What whack and pluto say to each other over `pluto.ctl`.
 *
 *     client                                       daemon
 *       │ frame { kind: 'initiate', name: 'w-e' }    │
 *       ├───────────────────────────────────────────►│
 *       │         frame { t: 'line', code: 2, text } │   progress, as it happens
 *       │◄───────────────────────────────────────────┤
 *       │         frame { t: 'rows', of, rows }      │   reports, in slices
 *       │◄───────────────────────────────────────────┤
 *       │         frame { t: 'end', exit: 0 }        │   exactly one per request
 *       │◄───────────────────────────────────────────┤
 *
 *       │  frame { t: 'prompt', code: 10, text }     │   a password is wanted of whoever sits there
 *       │◄───────────────────────────────────────────┤
 *       │  frame { t: 'typed', text }                │   for the oldest prompt; without `text`: nobody types anything
 *       ├───────────────────────────────────────────►│
 *
 * A client may send several requests; they are answered one after the other, in order. Frames are in frame.ts.
 */
import {
  count,
  type Fields,
  flag,
  oneOf,
  optional,
  parseFields,
  record,
  type Shape,
  text,
  texts,
  whole,
} from './shape.ts';
import type { Rows } from './status/rows.ts';
import { unshare } from './status/share.ts';

/**
 * A connection as the configuration file or the command line says it: keywords already resolved (`also=`,
 * `%default` and aliases applied), values still text. The daemon checks it against the same keyword table as
 * a file, so that there is one way for a connection to be wrong.
 */
const connText = record({
  name: text,
  /** The file it stands in, or `whack`; for messages. */
  file: text,
  /** Line of its `conn`; 0 if it comes from a command line. */
  line: count,
  keywords: {
    what: 'keywords with their values',
    check: (v): v is Record<string, string> =>
      typeof v === 'object' && v !== null && !Array.isArray(v) && Object.values(v).every((e) => typeof e === 'string'),
  },
});

const named = { name: text } as const satisfies Shape;
const maybeNamed = { name: optional(text) } as const satisfies Shape;
const nothing = {} as const satisfies Shape;
/** `utc`: times as of Greenwich, else as of the client's place. */
const listing = { utc: optional(flag) } as const satisfies Shape;

/** Reports: lines and rows, and exit status 0 whatever they say. `name` narrows to one connection. */
export const REPORTS = {
  status: nothing,
  briefstatus: nothing,
  globalstatus: nothing,
  trafficstatus: maybeNamed,
  showstates: maybeNamed,
  connectionstatus: maybeNamed,
  briefconnectionstatus: maybeNamed,
  shuntstatus: nothing,
  fipsstatus: nothing,
  processstatus: nothing,
  addresspoolstatus: nothing,
  listpubkeys: listing,
  /** Only those that have expired or soon will. */
  checkpubkeys: listing,
  listcerts: listing,
  listcacerts: listing,
  listcrls: listing,
  listpsks: listing,
  listevents: listing,
  listgroups: listing,
  /** Keys, secrets, certificates and CRLs, one list after another. */
  listall: listing,
} as const satisfies Record<string, Shape>;

/** Every request with its fields; types and validation both come from here. */
export const REQUESTS = {
  ...REPORTS,
  /** Refused with DUPNAME if the name is taken. */
  add: { conn: connText },
  /** Like add, after deleting a connection of that name if there is one. */
  replace: { conn: connText },
  /** What the file says `auto=` of, as `replace`, then what it says. Lines for what went wrong, and a total; with an error in a keyword nothing changes. */
  load: { config: text },
  /**
   * Reads the file anew and applies what differs: rows of `plan`, and the exit status; with an error in the file
   * nothing changes. `dryRun`: only the plan.
   */
  reload: { config: text, dryRun: optional(flag) },
  delete: named,
  /** Connections whose peer has this identity. */
  deleteid: named,
  /** Those whose peer has this XAUTH or EAP user name. */
  deleteuser: named,
  /** By its `#n`. */
  deletestate: { serial: count },
  /** Every SA with a peer at this address, at once and without a word to it: it has crashed. */
  crash: { address: text },
  route: named,
  unroute: named,
  /**
   * Ends when the connection is up or has failed; at once if `asynchronous`. `remoteHost` instantiates a template;
   * `username` and `password` are for XAUTH.
   */
  initiate: {
    name: text,
    asynchronous: optional(flag),
    remoteHost: optional(text),
    username: optional(text),
    password: optional(text),
  },
  terminate: named,
  /** Deletes the SAs without telling the peer, and keeps what resumption needs. */
  suspend: named,
  /** Negotiates for a packet as if it had been trapped. Ports 0 and protocol 0 are any. */
  oppo: {
    here: text,
    there: text,
    protocol: optional(count),
    sourcePort: optional(count),
    destinationPort: optional(count),
    asynchronous: optional(flag),
  },
  /** Forgets the keys of `id` unless `add`, then takes `key` (RFC 3110 in 0x, 0s or 0t) if there is one. */
  pubkey: { id: text, add: optional(flag), key: optional(text) },
  /** What `%myid` stands for. */
  myid: { id: text },
  /** Peers of one connection, or all, are sent to `to`. */
  redirect: { name: optional(text), to: text },
  'global-redirect': { mode: optional(oneOf('yes', 'no', 'auto')), to: optional(text) },
  'rekey-ike': named,
  'rekey-child': named,
  'delete-ike': named,
  'delete-child': named,
  'down-ike': named,
  'down-child': named,
  listen: nothing,
  unlisten: nothing,
  rereadsecrets: nothing,
  rereadall: nothing,
  rereadcerts: nothing,
  rereadgroups: nothing,
  fetchcrls: nothing,
  purgeocsp: nothing,
  clearstats: nothing,
  /** Looks again for names that had no address. */
  ddns: nothing,
  /** Octets, of every IKE socket. */
  'socket-bufsize': { octets: count },
  'socket-errqueue': nothing,
  /** Helper threads, as in `nhelpers=`; ends when jobs of the former ones are done. */
  nhelpers: { nhelpers: whole },
  ddos: { mode: oneOf('auto', 'busy', 'unlimited') },
  /** Classes to set and to clear, `all` and `none` among them; of one connection if named. Clearing goes first. */
  debug: { set: texts, clear: texts, name: optional(text) },
  /** Behaviours for tests, to set and to clear. */
  impair: { set: texts, clear: texts },
  /** `leaveState`: SAs, policies and routes stay in the kernel. Ends before the socket goes. */
  shutdown: { leaveState: optional(flag) },
} as const satisfies Record<string, Shape>;

export type RequestKind = keyof typeof REQUESTS;
export type Request = { [K in RequestKind]: { readonly kind: K } & Fields<(typeof REQUESTS)[K]> }[RequestKind];
export type RequestOf<K extends RequestKind> = Extract<Request, { kind: K }>;
export type ReportKind = keyof typeof REPORTS;
export type ConnText = RequestOf<'add'>['conn'];

export type Reply =
  | { readonly t: 'line'; readonly code: number; readonly text: string }
  | ({ readonly t: 'rows' } & Rows)
  | { readonly t: 'prompt'; readonly code: number; readonly text: string }
  | { readonly t: 'end'; readonly exit: number };

/** What a client says of its own accord: it answers a prompt. */
export interface TypedText {
  readonly t: 'typed';
  readonly text?: string;
}

/** Octets of what may be typed: libreswan's XAUTH takes as many. */
export const MAX_TYPED = 128;

/** Undefined: it is something else, a request perhaps. */
export function parseTyped(value: unknown): TypedText | { readonly wrong: string } | undefined {
  if (typeof value !== 'object' || value === null || !('t' in value) || value.t !== 'typed') return undefined;
  const { t, ...fields } = value;
  const parsed = parseFields({ text: optional(text) }, fields);
  if ('wrong' in parsed) return { wrong: `typed: ${parsed.wrong}` };
  const typed = parsed.fields.text as string | undefined;
  if (typed === undefined) return { t: 'typed' };
  if (Buffer.byteLength(typed) > MAX_TYPED) return { wrong: `typed: more than ${MAX_TYPED} octets` };
  return { t: 'typed', text: typed };
}

export function isReport(kind: RequestKind): kind is ReportKind {
  return Object.hasOwn(REPORTS, kind);
}

/** A request, or what is wrong with it in words. Fields that its kind does not have are refused. */
export function parseRequest(value: unknown): Request | { readonly wrong: string } {
  if (typeof value !== 'object' || value === null) return { wrong: 'a request is an object' };
  const { kind, ...fields } = value as Record<string, unknown>;
  if (typeof kind !== 'string' || !Object.hasOwn(REQUESTS, kind)) return { wrong: `unknown request ${short(kind)}` };
  const parsed = parseFields(REQUESTS[kind as RequestKind], fields);
  return 'wrong' in parsed ? { wrong: `${kind}: ${parsed.wrong}` } : ({ kind, ...parsed.fields } as Request);
}

/** A reply, or undefined if this is none. The rows inside are taken on the word of the daemon. */
export function parseReply(value: unknown): Reply | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const reply = value as Record<string, unknown>;
  const isReply =
    ((reply.t === 'line' || reply.t === 'prompt') &&
      typeof reply.code === 'number' &&
      typeof reply.text === 'string') ||
    (reply.t === 'rows' && typeof reply.of === 'string' && Array.isArray(reply.rows)) ||
    (reply.t === 'end' && typeof reply.exit === 'number');
  if (!isReply) return undefined;
  return reply.t === 'rows' ? unshare(value as Extract<Reply, { t: 'rows' }>) : (value as Reply);
}

/** Whatever came, in at most 40 characters. */
function short(value: unknown): string {
  const all = typeof value === 'string' ? JSON.stringify(value) : `of type ${typeof value}`;
  return all.length <= 40 ? all : `${all.slice(0, 37)}...`;
}
