/** The timers of an IKE SA and its children, as its actor's messages: plain numbers, since 100,000 tunnels have four each. */
import type { TimerName } from '../ike/effects.ts';

const TIMER_NAMES: readonly TimerName[] = [
  'retransmit',
  'discard',
  'liveness',
  'keepalive',
  'rekey',
  'expire',
  'retry',
  'followup',
  'childRekey',
  'childExpire',
  'childOutbound',
  'farewell',
];

/** Room for their names in a number. */
const NAMES = 16;

/** Name and serial (0: the IKE SA's own) in one. */
export const timerNumber = (name: TimerName, serial = 0): number => serial * NAMES + TIMER_NAMES.indexOf(name);

export function timerOf(number: number): { readonly name: TimerName; readonly serial?: number } {
  const name = TIMER_NAMES[number % NAMES];
  return number < NAMES ? { name } : { name, serial: Math.floor(number / NAMES) };
}

export interface ArmedTimer {
  readonly name: TimerName;
  readonly serial?: number;
  /** ms; not positive once it has fired. */
  readonly in: number;
}

/** Of all timers of an actor those that are numbers, in the order of arming. */
export const armedTimers = (
  timers: readonly { readonly message: unknown; readonly in: number }[],
): readonly ArmedTimer[] =>
  timers.flatMap(({ message, in: left }) => (typeof message === 'number' ? [{ ...timerOf(message), in: left }] : []));
