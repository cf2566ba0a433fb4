import type { Cell } from './cell.ts';

/** Actors in the order of their coming, as a list through themselves. */
export class Line {
  #first: Cell | undefined = undefined;
  #last: Cell | undefined = undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  add(cell: Cell): void {
    if (this.#last) this.#last.nextReady = cell;
    else this.#first = cell;
    this.#last = cell;
    this.#length++;
  }

  take(): Cell | undefined {
    const cell = this.#first;
    if (!cell) return undefined;
    this.#first = cell.nextReady;
    if (!this.#first) this.#last = undefined;
    cell.nextReady = undefined;
    this.#length--;
    return cell;
  }
}
