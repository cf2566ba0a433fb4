/**
 * The state machine of IKEv1 as rows: a message of an exchange, in a state, with these payloads, is processed so and
 * leads there. A state belongs to one role. Rows live beside their exchange; a test walks them all.
 */
import type { TimerName } from '../effects.ts';
import { AGGRESSIVE_MODE } from './aggressive-mode.ts';
import { TRANSACTIONS } from './configuring.ts';
import { INFORMATIONAL } from './informational.ts';
import type { IsakmpState, State } from './isakmp-sa.ts';
import { MAIN_MODE } from './main-mode.ts';
import { QUICK_MODE } from './quick-mode.ts';
import type { Incoming, Turn } from './turn.ts';
import type { Payload, PayloadName } from './wire/index.ts';

export interface Transition {
  /** What happens, in a line: the log says it, and grep finds it here. */
  readonly story: string;
  readonly exchange: number;
  readonly from: State;
  /** RFC 2409 §5: what a state gets in clear that must be encrypted, or the reverse, is not for it. */
  readonly encrypted: 'never' | 'always' | 'either';
  /** Payloads that must be there, each once but for those that may come several times. */
  readonly need: readonly PayloadName[];
  readonly run: (turn: Turn, message: Incoming) => void;
  /** The states it may lead to, besides staying where it was; anything else is a bug of ours. */
  readonly to: readonly State[];
}

export const TRANSITIONS: readonly Transition[] = [
  ...MAIN_MODE,
  ...AGGRESSIVE_MODE,
  ...TRANSACTIONS,
  ...QUICK_MODE,
  ...INFORMATIONAL,
];

/** What leads on without a message of the peer's. */
export const MOVES: readonly { readonly story: string; readonly from: readonly State[]; readonly to: State }[] = [
  { story: 'told to initiate', from: ['idle'], to: 'mainI1' },
  { story: 'told to initiate in Aggressive Mode', from: ['idle'], to: 'aggrI1' },
  { story: 'no sound first message', from: ['idle'], to: 'dead' },
  { story: 'a child is wanted', from: ['fresh'], to: 'quickI1' },
  { story: 'XAUTH or Mode Config begins', from: ['fresh'], to: 'asked' },
  { story: 'half-open for too long', from: ['mainR1', 'mainR2', 'aggrR1'], to: 'dead' },
  {
    story: 'no answer, told to go, expired, or abandoned',
    from: ['mainI1', 'mainI2', 'mainI3', 'aggrI1', 'mainR1', 'mainR2', 'aggrR1', 'established', 'lapsed'],
    to: 'dead',
  },
  { story: 'expired, and its children are not', from: ['established'], to: 'lapsed' },
];

/** The timers of which one is armed in each state while no helper computes: nothing stays for ever. */
export const EXITS: Readonly<Record<IsakmpState, readonly TimerName[]>> = {
  idle: [],
  mainI1: ['retransmit'],
  mainI2: ['retransmit'],
  mainI3: ['retransmit'],
  mainR1: ['discard'],
  mainR2: ['discard'],
  aggrI1: ['retransmit'],
  aggrR1: ['discard'],
  established: ['expire'],
  lapsed: ['childExpire'],
  dead: [],
};

/** The first row that fits, or what the closest one misses. Pure. */
export function pick(
  exchange: number,
  state: State,
  isEncrypted: boolean,
  payloads: readonly Payload[],
): Transition | { readonly missing: string } {
  const rows = TRANSITIONS.filter((row) => row.exchange === exchange && row.from === state);
  const fit = rows.find((row) => lacks(row, isEncrypted, payloads) === undefined);
  if (fit) return fit;
  if (rows.length === 0) return { missing: 'no such exchange in this state' };
  return { missing: rows.map((row) => `to ${row.story}: ${lacks(row, isEncrypted, payloads)}`).join('; ') };
}

/** May come several times where they may come at all. */
const MANY: ReadonlySet<PayloadName> = new Set<PayloadName>(['N', 'D', 'ID', 'CERT', 'CERTREQ']);

function lacks(row: Transition, isEncrypted: boolean, payloads: readonly Payload[]): string | undefined {
  if (row.encrypted === 'never' && isEncrypted) return 'encrypted';
  if (row.encrypted === 'always' && !isEncrypted) return 'not encrypted';
  for (const type of row.need) {
    const count = payloads.filter((p) => p.type === type).length;
    if (count === 0) return `no ${type}`;
    if (count > 1 && !MANY.has(type)) return `${count} times ${type}`;
  }
  return undefined;
}
