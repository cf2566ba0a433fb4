/**
 * The armed timers of an IKE SA and its children: four numbers each in one flat list, because four objects with
 * boxed numbers are half a kilobyte for every tunnel.
 */
import type { TimerName } from '../ike/effects.ts';
import { NONE } from './lists.ts';
import type { TimerId } from './runtime/index.ts';

/** Name, serial (0: the IKE SA's own), id, when it is due (ms); and again. Replaced, never changed. */
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
  'childRekey',
  'childExpire',
  'childOutbound',
];

/** The timer's place in the list, or -1. */
export function armedAt(list: Armed, name: TimerName, serial = 0): number {
  const index = TIMER_NAMES.indexOf(name);
  for (let at = 0; at < list.length; at += WIDTH) if (list[at] === index && list[at + 1] === serial) return at;
  return -1;
}

export const idAt = (list: Armed, at: number): TimerId => list[at + 2] as TimerId;

export function withTimer(list: Armed, name: TimerName, serial: number | undefined, id: TimerId, due: number): Armed {
  const timer = [TIMER_NAMES.indexOf(name), serial ?? 0, id, due];
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
    const [name, serial, , due] = list.slice(i * WIDTH, (i + 1) * WIDTH);
    return { name: TIMER_NAMES[name], in: due - now, ...(serial === 0 ? {} : { serial }) };
  });
}

const WIDTH = 4;
