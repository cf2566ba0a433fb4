import type { ActorRef, Behavior, Context, Crash, SystemCounters } from './actor.ts';
import { Asking, type AskResult, type Reply } from './ask.ts';
import { type Cell, cellOf } from './cell.ts';
import type { Clock } from './clock.ts';
import { Core } from './core.ts';
import { LIMITS, type Limits } from './run-queue.ts';

/** What a system needs of the world. */
export interface SystemPorts {
  readonly clock: Clock;
  /** Told of every throw, once. May itself throw: that is counted and goes no further. */
  readonly report: (crash: Crash) => void;
  readonly limits?: Partial<Limits>;
}

export interface ShutdownReport {
  /** Actors that had to be ended because the time was over. */
  readonly forced: number;
  /** Paths of those that were asked to stop and did not, no more than `FORCED_PATHS` of them. */
  readonly stuck: readonly string[];
  readonly tookMs: number;
}

/** A shutdown that fails for 100,000 actors says so with a number. */
export const FORCED_PATHS = 100;

export type Group = Pick<Context<never>, 'spawn' | 'path'>;

/** A tree of actors on one thread. */
export class ActorSystem {
  readonly #core: Core;
  readonly #root: Cell;
  readonly #asks: ActorRef<never>;
  readonly #own: number;
  #allGone: () => void = () => {};
  #shutdown: Promise<ShutdownReport> | undefined;

  constructor(ports: SystemPorts) {
    this.#core = new Core(ports.clock, { ...LIMITS, ...ports.limits }, ports.report);
    this.#root = this.#core.spawn(undefined, '', { receive() {}, stopped: () => this.#allGone() });
    this.#asks = this.#root.spawn('asks', { receive() {} });
    this.#own = this.#core.counters.actors;
  }

  /** A top-level actor. At shutdown these leave one after the other, the last one spawned first. */
  spawn<M>(name: string, behavior: Behavior<M>): ActorRef<M> {
    return this.#root.spawn(name, behavior);
  }

  /**
   * A top-level actor that does nothing but have children, and takes new ones at any time. At shutdown its
   * children leave side by side.
   */
  group(name: string): Group {
    return this.#core.spawn(this.#root, name, { receive() {} });
  }

  /** Asks an actor to stop in good order: children first, then its mailbox, then `Behavior.stopping`. */
  stop(ref: ActorRef<never>): void {
    this.#core.requestStop(cellOf(ref));
  }

  /**
   * One message, one answer, from outside the actors (inside, put `(value) => self.tell(...)` in the message):
   * `build` gets the means to answer. Never rejects; `within` is in ms on the system's clock. A throw of `build`
   * is the caller's own.
   */
  ask<const M, R>(ref: ActorRef<M>, build: (reply: Reply<R>) => M, within: number): Promise<AskResult<R>> {
    let resolve: (result: AskResult<R>) => void = () => {};
    const result = new Promise<AskResult<R>>((settle) => {
      resolve = settle;
    });
    let asking: ActorRef<AskResult<R>> | undefined;
    const message = build((value) => {
      resolve({ ok: true, value });
      asking?.tell({ ok: true, value });
    });
    asking = cellOf(this.#asks).spawn('ask', new Asking<R>(ref, within, resolve));
    ref.tell(message);
    return result;
  }

  /**
   * Stops everything, children before parents, younger before older: top-level actors one by one, below them
   * siblings side by side. Whoever is left after `within` ms is ended as it is and named in the report.
   */
  shutdown(within: number): Promise<ShutdownReport> {
    this.#shutdown ??= new Promise((resolve) => {
      const { clock } = this.#core;
      const start = clock.now();
      const stuck: string[] = [];
      let forced = 0;
      const deadline = clock.alarm(start + within, () => {
        forced = this.#core.counters.actors - this.#own;
        collectStuck(this.#root, stuck);
        this.#core.end(this.#root, 'stopped');
      });
      this.#allGone = () => {
        deadline.cancel();
        this.#core.queue.close();
        resolve({ forced, stuck, tookMs: clock.now() - start });
      };
      this.#core.requestStopInTurn(this.#root);
    });
    return this.#shutdown;
  }

  /** How long actors that stand back wait for their turns now, ms. */
  get lag(): number {
    return this.#core.queue.lag;
  }

  /** How many of them wait. */
  get backlog(): number {
    return this.#core.queue.backlog;
  }

  /** `look` is called whenever actors have had their turns and the event loop is about to have its own. */
  afterTurns(look: () => void): void {
    this.#core.sliced = look;
  }

  counters(): SystemCounters {
    const { counters, mail, timers, queue } = this.#core;
    return {
      ...counters,
      actors: Math.max(0, counters.actors - this.#own),
      waiting: mail.count,
      timers: timers.count,
      slices: queue.slices,
    };
  }
}

/** Asked and still there, without children to blame. */
function collectStuck(cell: Cell, into: string[]): void {
  for (let child = cell.lastChild; child && into.length < FORCED_PATHS; child = child.older) {
    if (child.lastChild) collectStuck(child, into);
    else if (child.state !== 'running') into.push(child.path);
  }
}
