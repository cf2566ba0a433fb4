import type { ActorName, Behavior, Crash, Ended, EndReason } from './actor.ts';
import { Cell } from './cell.ts';
import type { Clock } from './clock.ts';
import { Mail } from './mail.ts';
import { type Engine, type Limits, RunQueue } from './run-queue.ts';
import { type TimerId, Timers } from './timers.ts';
import { Watch } from './watch.ts';

/** The life of an actor: start, steps, end. Not for users of the runtime: they see ActorSystem and Context. */
export class Core implements Engine {
  readonly clock: Clock;
  readonly mail = new Mail();
  readonly timers: Timers<Cell>;
  readonly queue: RunQueue;
  sliced: () => void = () => {};
  readonly #report: (crash: Crash) => void;
  readonly #capacity: number;
  readonly counters = {
    messages: 0,
    dropped: 0,
    deadLetters: 0,
    crashes: 0,
    reportsLost: 0,
    actors: 0,
    longestStepMs: 0,
    longestStepPath: '',
  };

  constructor(clock: Clock, limits: Limits, report: (crash: Crash) => void) {
    this.clock = clock;
    this.#report = report;
    this.#capacity = limits.mailbox;
    this.timers = new Timers(clock.now(), (cell: Cell, id) => this.#post(cell, undefined, id));
    this.queue = new RunQueue(clock, limits, this);
  }

  /** Under a parent that leaves, a child is asked to leave at once; under one that has ended, it is born dead. */
  spawn(parent: Cell | undefined, name: ActorName, behavior: Behavior<unknown>): Cell {
    const cell = new Cell(this, parent, name, behavior);
    this.counters.actors++;
    if (parent?.state === 'ended') {
      this.end(cell, 'stopped');
      return cell;
    }
    if (parent) {
      cell.older = parent.lastChild;
      if (parent.lastChild) parent.lastChild.younger = cell;
      parent.lastChild = cell;
    }
    if (behavior.started) this.#post(cell, undefined, START);
    if (parent?.state === 'leaving') this.requestStop(cell);
    return cell;
  }

  tell(cell: Cell, message: unknown): void {
    if (cell.state === 'ended') this.counters.deadLetters++;
    else this.#post(cell, message, MESSAGE);
  }

  offer(cell: Cell, message: unknown): boolean {
    if (cell.state !== 'ended' && cell.waiting >= this.#capacity) {
      this.counters.dropped++;
      return false;
    }
    this.tell(cell, message);
    return cell.state !== 'ended';
  }

  after(cell: Cell, ms: number, message: unknown): TimerId {
    if (Number.isNaN(ms)) throw new RangeError('a timer of NaN ms');
    if (cell.state === 'ended') throw new Error(`a timer for ${cell.path}, which has ended`);
    const id = this.timers.arm(cell, this.clock.now() + ms, message);
    this.queue.timerArmed();
    return id;
  }

  watch(watcher: Cell, target: Cell, build: (end: Ended) => unknown): void {
    if (watcher.state === 'ended') return;
    if (target.state === 'ended') this.tell(watcher, build({ ref: target, why: target.ending ?? 'stopped' }));
    else new Watch(watcher, target, build);
  }

  unwatch(watcher: Cell, target: Cell): void {
    for (let watch = target.watchedBy; watch; ) {
      const next = watch.nextOfTarget;
      if (watch.watcher === watcher) watch.remove();
      watch = next;
    }
  }

  /** Ends the actor at the end of its step, or in its next turn: never in the middle of another's end. */
  stopNow(cell: Cell, why: EndReason = 'stopped'): void {
    if (cell.state === 'ended') return;
    cell.ending = why;
    this.queue.push(cell);
  }

  /** In good order: the children first, then what waits in the mailbox, then `stopping`. Siblings do it side by side. */
  requestStop(cell: Cell): void {
    if (cell.state !== 'running') return;
    cell.state = 'leaving';
    for (let child = cell.lastChild; child; child = child.older) this.requestStop(child);
    if (!cell.lastChild) this.#post(cell, undefined, STOP);
  }

  /** The same with the children one after the other, the youngest first: each end asks the next (#leaveParent). */
  requestStopInTurn(cell: Cell): void {
    cell.state = 'leaving';
    if (cell.lastChild) this.requestStop(cell.lastChild);
    else this.#post(cell, undefined, STOP);
  }

  /** At once: the youngest child first, the actor itself last. */
  end(cell: Cell, why: EndReason): void {
    if (cell.state === 'ended') return;
    cell.state = 'ended';
    cell.ending = why;
    while (cell.lastChild) this.end(cell.lastChild, 'stopped');
    try {
      cell.behavior.stopped?.(why);
    } catch (error) {
      this.#crashed(cell, 'stopped', undefined, error);
    }
    // A reference that outlives its actor must not keep its state alive.
    cell.behavior = NOBODY;
    this.counters.actors--;
    this.timers.cancelAll(cell);
    while (cell.waiting > 0) {
      if (this.mail.tag(cell) === MESSAGE) this.counters.deadLetters++;
      this.mail.take(cell);
    }
    while (cell.watching) cell.watching.remove();
    this.#leaveParent(cell);
    this.#tellWatchers(cell, why);
  }

  advance(now: number): void {
    this.timers.advance(now);
  }

  nextTimer(): number {
    return this.timers.next();
  }

  turn(cell: Cell, count: number, now: number, until: number): number {
    let before = now;
    for (let read = 0; read < count && cell.waiting > 0 && !cell.ending && before < until; read++) {
      this.#step(cell);
      const after = this.clock.now();
      if (after - before > this.counters.longestStepMs) {
        this.counters.longestStepMs = after - before;
        this.counters.longestStepPath = cell.path;
      }
      before = after;
    }
    if (cell.ending) this.end(cell, cell.ending);
    return before;
  }

  #step(cell: Cell): void {
    const tag = this.mail.tag(cell);
    let message = this.mail.take(cell);
    if (tag > MESSAGE) {
      const id = tag as TimerId;
      if (!this.timers.isPending(id)) return;
      message = this.timers.take(id);
    }
    this.counters.messages++;
    try {
      if (tag >= MESSAGE) cell.behavior.receive(message, cell);
      else if (tag === START) cell.behavior.started?.(cell);
      else this.#stopping(cell);
    } catch (error) {
      this.#crashed(cell, tag >= MESSAGE ? 'receive' : tag === START ? 'started' : 'stopping', message, error);
      this.end(cell, 'crashed');
    }
  }

  #stopping(cell: Cell): void {
    // A child that came meanwhile is on its way out too and will ask again; a second request says nothing new.
    if (cell.state !== 'leaving' || cell.lastChild) return;
    cell.state = 'stopping';
    if (cell.behavior.stopping) cell.behavior.stopping(cell);
    else cell.ending = 'stopped';
  }

  #post(cell: Cell, message: unknown, tag: number): void {
    this.mail.put(cell, message, tag);
    this.queue.push(cell);
  }

  #crashed(cell: Cell, during: Crash['during'], message: unknown, error: unknown): void {
    this.counters.crashes++;
    try {
      this.#report({ path: cell.path, during, message, error });
    } catch {
      this.counters.reportsLost++;
    }
  }

  #leaveParent(cell: Cell): void {
    const { parent, older, younger } = cell;
    if (!parent) return;
    if (older) older.younger = younger;
    if (younger) younger.older = older;
    else if (parent.lastChild === cell) parent.lastChild = older;
    cell.older = undefined;
    cell.younger = undefined;
    if (parent.state !== 'leaving') return;
    if (parent.lastChild) this.requestStop(parent.lastChild);
    else this.#post(parent, undefined, STOP);
  }

  #tellWatchers(cell: Cell, why: EndReason): void {
    for (let watch = cell.watchedBy; watch; watch = cell.watchedBy) {
      watch.remove();
      const { watcher, build } = watch;
      try {
        this.tell(watcher, build({ ref: cell, why }));
      } catch (error) {
        this.#crashed(watcher, 'watch', undefined, error);
        this.stopNow(watcher, 'crashed');
      }
    }
  }
}

/** Tags of mail; anything above MESSAGE is the id of a timer, which holds the message itself. */
const MESSAGE = 0;
const START = -1;
const STOP = -2;

const NOBODY: Behavior<unknown> = { receive() {} };
