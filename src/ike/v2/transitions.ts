/**
 * The state machine of IKEv2 as rows: a message of an exchange, in a state, with these payloads, is processed
 * so and leads there. Rows live beside their exchange; a test walks them all (every state reachable, every
 * exit allowed), and `scripts/diagram.ts` prints them.
 */
import type { TimerName } from '../effects.ts';
import type { Payload } from '../wire/index.ts';
import { ANSWER_CHILD } from './answer-child.ts';
import { CONFIGURATION_NEWS } from './cp-news.ts';
import { CREATE_CHILD } from './create-child.ts';
import { FOLLOWUP } from './followup.ts';
import { AUTH } from './ike-auth.ts';
import type { IkeState, Pending } from './ike-sa.ts';
import { INFORMATIONAL } from './informational.ts';
import { INTERMEDIATE } from './intermediate.ts';
import { REKEY_IKE } from './rekey-ike.ts';
import { SA_INIT } from './sa-init.ts';
import type { Incoming, Turn } from './turn.ts';

interface Row {
  /** What happens, in a line: the log says it, and grep finds it here. */
  readonly story: string;
  readonly exchange: number;
  /** Payloads that must be there, each once. Others are welcome: critical unknown ones were refused before. */
  readonly need: readonly Payload['type'][];
  readonly without?: readonly Payload['type'][];
  /** A notification that must be among them. */
  readonly notify?: number;
  readonly run: (turn: Turn, message: Incoming) => void;
  /** The states it may lead to, besides staying where it was; anything else is a bug of ours. */
  readonly to: readonly IkeState[];
}

/** Requests of the peer are told apart by our state, its responses by what we asked. */
export type Transition = Row &
  (
    | { readonly request: readonly IkeState[]; readonly response?: never }
    | { readonly response: Pending['kind']; readonly request?: never }
  );

export const TRANSITIONS: readonly Transition[] = [
  ...SA_INIT,
  ...INTERMEDIATE,
  ...AUTH,
  ...REKEY_IKE,
  ...ANSWER_CHILD,
  ...CREATE_CHILD,
  ...FOLLOWUP,
  ...CONFIGURATION_NEWS,
  ...INFORMATIONAL,
];

/** The states in which we await each kind of answer. */
export const ASKED_IN: Readonly<Record<Pending['kind'], readonly IkeState[]>> = {
  init: ['initSent'],
  intermediate: ['intermediateSent'],
  auth: ['authSent'],
  eap: ['authSent'],
  newChild: ['established'],
  rekeyChild: ['established'],
  rekeyIke: ['established'],
  childFollowup: ['established'],
  ikeFollowup: ['established'],
  deleteChild: ['established'],
  redirect: ['established', 'replaced'],
  liveness: ['established', 'replaced'],
  deleteIke: ['deleting'],
};

/** What leads on without a message of the peer's. */
export const MOVES: readonly { readonly story: string; readonly from: readonly IkeState[]; readonly to: IkeState }[] = [
  { story: 'told to initiate', from: ['idle'], to: 'initSent' },
  { story: 'no sound first message', from: ['idle'], to: 'dead' },
  { story: 'told to go, expired, or replaced: say farewell', from: ['established', 'replaced'], to: 'deleting' },
  { story: 'no answer to our rekey, but the peer has rekeyed', from: ['established'], to: 'replaced' },
  { story: 'half-open for too long', from: ['initAnswered', 'intermediateAwaited', 'proving'], to: 'dead' },
  { story: 'redundant for too long', from: ['established'], to: 'dead' },
  {
    story: 'no answer, or abandoned',
    from: [
      ...(['initSent', 'initAnswered', 'intermediateSent', 'intermediateAwaited', 'proving', 'authSent'] as const),
      ...(['established', 'replaced', 'deleting'] as const),
    ],
    to: 'dead',
  },
];

/**
 * The timers of which one is armed in each state while no helper computes: nothing stays for ever. An expired SA
 * waits with its farewell for what is outstanding, which has a timer of its own.
 */
export const EXITS: Readonly<Record<IkeState, readonly TimerName[]>> = {
  idle: [],
  initSent: ['retransmit'],
  initAnswered: ['discard'],
  intermediateSent: ['retransmit'],
  intermediateAwaited: ['discard'],
  proving: ['discard'],
  authSent: ['retransmit'],
  established: ['expire', 'discard', 'retransmit'],
  replaced: ['expire', 'retransmit'],
  deleting: ['retransmit'],
  dead: [],
};

/** Every way from one state to another, each with its story: the table once more, as a graph. */
export function edges(): readonly { readonly from: IkeState; readonly to: IkeState; readonly story: string }[] {
  const byMessage = TRANSITIONS.flatMap((row) =>
    (row.request ?? ASKED_IN[row.response]).flatMap((from) => row.to.map((to) => ({ from, to, story: row.story }))),
  );
  const byUs = MOVES.flatMap(({ from, to, story }) => from.map((state) => ({ from: state, to, story })));
  return [...byMessage, ...byUs].filter(({ from, to }) => from !== to);
}

/** Where a message arrives: in a state, or as the answer to something. */
export type At = { readonly state: IkeState } | { readonly answers: Pending['kind'] };

/** The first row that fits, or what the closest one misses. Pure. */
export function pick(
  exchange: number,
  at: At,
  payloads: readonly Payload[],
): Transition | { readonly missing: string } {
  const fit = TRANSITIONS.find(
    (row) => row.exchange === exchange && fitsAt(row, at) && lacks(row, payloads) === undefined,
  );
  if (fit) return fit;
  const rows = TRANSITIONS.filter((row) => row.exchange === exchange && fitsAt(row, at));
  if (rows.length === 0) return { missing: 'no such exchange in this state' };
  return { missing: rows.map((row) => `to ${row.story}: ${lacks(row, payloads)}`).join('; ') };
}

function fitsAt(row: Transition, at: At): boolean {
  return 'state' in at ? (row.request?.includes(at.state) ?? false) : row.response === at.answers;
}

function lacks(row: Transition, payloads: readonly Payload[]): string | undefined {
  for (const type of row.need) {
    let count = 0;
    for (const payload of payloads) if (payload.type === type) count++;
    if (count === 0) return `no ${type}`;
    if (count > 1 && type !== 'N' && type !== 'D') return `${count} times ${type}`;
  }
  const excess = row.without?.find((type) => payloads.some((p) => p.type === type));
  if (excess) return `${excess} in excess`;
  if (row.notify !== undefined && !payloads.some((p) => p.type === 'N' && p.notify === row.notify))
    return `no N(${row.notify})`;
  return undefined;
}
