import {
  ActorSystem,
  type Behavior,
  type Context,
  type Crash,
  type EndReason,
  type Limits,
  TestClock,
} from '../../../src/actors/runtime/index.ts';

/** A system on a clock of its own, with all crashes kept. */
export function rig(limits?: Partial<Limits>) {
  const clock = new TestClock();
  const crashes: Crash[] = [];
  const system = new ActorSystem({ clock, report: (crash) => void crashes.push(crash), ...(limits ? { limits } : {}) });
  return { clock, crashes, system };
}

/** What a step of `Probe` does when told to, besides noting the message. */
export type Act<M> = (self: Context<M>) => void;

/** Writes down all that happens to it in a log shared with others: `name:message`, `name:started`, `name:stopped`. */
export class Probe<M = unknown> implements Behavior<M | Act<M>> {
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  receive(message: M | Act<M>, self: Context<M | Act<M>>): void {
    if (typeof message === 'function') (message as Act<M>)(self);
    else this.#log.push(`${this.#name}:${String(message)}`);
  }

  stopped(why: EndReason): void {
    this.#log.push(`${this.#name}:${why}`);
  }
}
