import type { Ended } from './actor.ts';
import type { Cell } from './cell.ts';

/** One actor's wish to hear of another's end; a member of two lists, so that either end takes it out of both. */
export class Watch {
  readonly watcher: Cell;
  readonly target: Cell;
  readonly build: (end: Ended) => unknown;
  #nextOfTarget: Watch | undefined;
  #previousOfTarget: Watch | undefined;
  #nextOfWatcher: Watch | undefined;
  #previousOfWatcher: Watch | undefined;

  constructor(watcher: Cell, target: Cell, build: (end: Ended) => unknown) {
    this.watcher = watcher;
    this.target = target;
    this.build = build;
    this.#nextOfTarget = target.watchedBy;
    if (target.watchedBy) target.watchedBy.#previousOfTarget = this;
    target.watchedBy = this;
    this.#nextOfWatcher = watcher.watching;
    if (watcher.watching) watcher.watching.#previousOfWatcher = this;
    watcher.watching = this;
  }

  get nextOfTarget(): Watch | undefined {
    return this.#nextOfTarget;
  }

  remove(): void {
    if (this.#previousOfTarget) this.#previousOfTarget.#nextOfTarget = this.#nextOfTarget;
    else this.target.watchedBy = this.#nextOfTarget;
    if (this.#nextOfTarget) this.#nextOfTarget.#previousOfTarget = this.#previousOfTarget;
    if (this.#previousOfWatcher) this.#previousOfWatcher.#nextOfWatcher = this.#nextOfWatcher;
    else this.watcher.watching = this.#nextOfWatcher;
    if (this.#nextOfWatcher) this.#nextOfWatcher.#previousOfWatcher = this.#previousOfWatcher;
  }
}
