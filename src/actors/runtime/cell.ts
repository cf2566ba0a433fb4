import {
  type ActorRef,
  type Behavior,
  type Context,
  type Ended,
  type EndReason,
  MAILBOX_CAPACITY,
  type SpawnOptions,
} from './actor.ts';
import type { Core } from './core.ts';
import { type Mailbox, NO_MAIL } from './mail.ts';
import { NO_TIMERS, type TimerId, type TimerOwner } from './timers.ts';
import type { Watch } from './watch.ts';

/**
 * One actor: its address, its context and its bookkeeping in one flat object, about 200 octets, because there are
 * 100,000 of them. Lists run through the cells themselves. What happens to a cell is in core.ts.
 */
export class Cell implements Context<unknown>, Mailbox, TimerOwner {
  readonly core: Core;
  readonly parent: Cell | undefined;
  readonly name: string;
  readonly capacity: number;
  behavior: Behavior<unknown>;
  /** `leaving`: asked to stop, waits for children and its own turn; `stopping`: its behavior knows. */
  state: 'running' | 'leaving' | 'stopping' | 'ended' = 'running';
  /** `self.stop()` was called. */
  isDone = false;
  endReason: EndReason = 'stopped';

  /** The youngest child; older ones by `older`. */
  lastChild: Cell | undefined = undefined;
  older: Cell | undefined = undefined;
  younger: Cell | undefined = undefined;

  isReady = false;
  nextReady: Cell | undefined = undefined;

  firstMail = NO_MAIL;
  lastMail = NO_MAIL;
  waiting = 0;
  highWater = 0;
  dropped = 0;

  firstTimer = NO_TIMERS;
  /** Those who want to hear of this actor's end, and whose ends it wants to hear of. */
  watchedBy: Watch | undefined = undefined;
  watching: Watch | undefined = undefined;

  constructor(core: Core, parent: Cell | undefined, name: string, behavior: Behavior<unknown>, options?: SpawnOptions) {
    this.core = core;
    this.parent = parent;
    this.name = name;
    this.behavior = behavior;
    this.capacity = options?.capacity ?? MAILBOX_CAPACITY;
  }

  get path(): string {
    let path = '';
    for (let cell: Cell = this; cell.parent; cell = cell.parent) path = `/${cell.name}${path}`;
    return path || '/';
  }

  get hasEnded(): boolean {
    return this.state === 'ended';
  }

  tell(message: unknown): void {
    this.core.tell(this, message);
  }

  offer(message: unknown): boolean {
    return this.core.offer(this, message);
  }

  now(): number {
    return this.core.clock.now();
  }

  wall(): number {
    return this.core.clock.wall();
  }

  spawn<C>(name: string, behavior: Behavior<C>, options?: SpawnOptions): ActorRef<C> {
    return this.core.spawn(this, name, behavior, options);
  }

  stop(): void {
    this.core.stopNow(this);
  }

  after(ms: number, message: unknown): TimerId {
    return this.core.after(this, ms, message);
  }

  soon(message: unknown): void {
    this.core.clock.soon(() => this.core.tell(this, message));
  }

  cancel(timer: TimerId): void {
    this.core.timers.cancel(this, timer);
  }

  watch(target: ActorRef<never>, build: (end: Ended) => unknown): void {
    this.core.watch(this, cellOf(target), build);
  }

  unwatch(target: ActorRef<never>): void {
    this.core.unwatch(this, cellOf(target));
  }
}

/** Every ActorRef is a Cell, except in a caller's test. */
export function cellOf(ref: ActorRef<never>): Cell {
  if (ref instanceof Cell) return ref;
  throw new TypeError(`not an actor of this runtime: ${ref.path}`);
}
