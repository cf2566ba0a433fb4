/**
 * The armed timers of an IKE SA and its children: three numbers each in one flat list, because four objects with
 * boxed numbers are half a kilobyte for every tunnel.
 */
import type { TimerName } from '../ike/effects.ts';
import { NONE } from './lists.ts';
import type { TimerId } from './runtime/index.ts';

/** Which (`timerNumber`), id, when it is due (ms); and again. Replaced, never changed. */
export type Armed = readonly number[];

export const noneArmed: Armed = NONE;

export const TIMER_NAMES: readonly TimerName[] = [
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
];

/** Name and serial (0: the IKE SA's own) in one: what the timers of 100,000 tunnels say is no object. */
export const timerNumber = (name: TimerName, serial = 0): number => serial * NAMES + TIMER_NAMES.indexOf(name);

export function timerOf(number: number): { readonly name: TimerName; readonly serial?: number } {
  const name = TIMER_NAMES[number % NAMES];
  return number < NAMES ? { name } : { name, serial: Math.floor(number / NAMES) };
}

/** The timer's place in the list, or -1. */
export function armedAt(list: Armed, name: TimerName, serial?: number): number {
  const number = timerNumber(name, serial);
  for (let at = 0; at < list.length; at += WIDTH) if (list[at] === number) return at;
  return -1;
}

export const idAt = (list: Armed, at: number): TimerId => list[at + 1] as TimerId;

export function withTimer(list: Armed, name: TimerName, serial: number | undefined, id: TimerId, due: number): Armed {
  const timer = [timerNumber(name, serial), id, due];
  return list.length === 0 ? timer : list.concat(timer);
}

export function withoutTimerAt(list: Armed, at: number): Armed {
  return list.length === WIDTH ? noneArmed : list.slice(0, at).concat(list.slice(at + WIDTH));
}

export interface ArmedTimer {
  readonly name: TimerName;
  readonly serial?: number;
  /** ms; not positive once it has fired. */
  readonly in: number;
}

export function timersIn(list: Armed, now: number): readonly ArmedTimer[] {
  return Array.from({ length: list.length / WIDTH }, (_, i) => {
    const [number, , due] = list.slice(i * WIDTH, (i + 1) * WIDTH);
    return { ...timerOf(number), in: due - now };
  });
}

const WIDTH = 3;
/** Room for their names in a `timerNumber`. */
const NAMES = 16;
