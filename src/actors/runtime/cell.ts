import type { ActorName, ActorRef, Behavior, Context, Ended, EndReason } from './actor.ts';
import type { Core } from './core.ts';
import { type Mailbox, NO_MAIL } from './mail.ts';
import { NO_TIMERS, type TimerId, type TimerOwner } from './timers.ts';
import type { Watch } from './watch.ts';

/**
 * One actor: its address, its context and its bookkeeping in one flat object, 160 octets, because there are
 * 100,000 of them. Lists run through the cells themselves. What happens to a cell is in core.ts.
 */
export class Cell implements Context<unknown>, Mailbox, TimerOwner {
  readonly core: Core;
  readonly parent: Cell | undefined;
  readonly #name: ActorName;
  behavior: Behavior<unknown>;
  /** `leaving`: asked to stop, waits for children and its own turn; `stopping`: its behavior knows. */
  state: 'running' | 'leaving' | 'stopping' | 'ended' = 'running';
  /** Why it ends with its step, or has ended. */
  ending: EndReason | undefined = undefined;

  /** The youngest child; older ones by `older`. */
  lastChild: Cell | undefined = undefined;
  older: Cell | undefined = undefined;
  younger: Cell | undefined = undefined;

  isReady = false;
  nextReady: Cell | undefined = undefined;

  firstMail = NO_MAIL;
  lastMail = NO_MAIL;
  waiting = 0;

  firstTimer = NO_TIMERS;
  /** Those who want to hear of this actor's end, and whose ends it wants to hear of. */
  watchedBy: Watch | undefined = undefined;
  watching: Watch | undefined = undefined;

  constructor(core: Core, parent: Cell | undefined, name: ActorName, behavior: Behavior<unknown>) {
    this.core = core;
    this.parent = parent;
    this.#name = name;
    this.behavior = behavior;
  }

  get name(): string {
    return typeof this.#name === 'number' ? `#${this.#name}` : this.#name;
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

  spawn<C>(name: ActorName, behavior: Behavior<C>): ActorRef<C> {
    return this.core.spawn(this, name, behavior);
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

  forget(message: unknown): void {
    this.core.timers.forget(this, message);
  }

  timers(): readonly { readonly message: unknown; readonly in: number }[] {
    const now = this.core.clock.now();
    return this.core.timers.of(this).map(({ message, due }) => ({ message, in: due - now }));
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
