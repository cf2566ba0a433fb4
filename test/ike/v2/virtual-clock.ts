/** Time that passes when a test says so: deadlines in order, ties in the order in which they were set. */
export interface Deadline {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

export class VirtualClock {
  now = 1_000_000;
  #order = 0;
  readonly #heap: Deadline[] = [];

  after(ms: number, run: () => void): Deadline {
    const deadline = { at: this.now + ms, order: this.#order++, run, isCancelled: false };
    this.#heap.push(deadline);
    this.#up(this.#heap.length - 1);
    return deadline;
  }

  /** Lets `ms` pass, and everything due in it happen at its time. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) this.#runFirst();
    this.now = until;
  }

  /** What is due at this very moment, and what that brings about at once. */
  flush(): void {
    this.advance(0);
  }

  get pending(): number {
    return this.#heap.filter((d) => !d.isCancelled).length;
  }

  #runFirst(): void {
    const first = this.#heap[0];
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
    if (first.isCancelled) return;
    this.now = first.at;
    first.run();
  }

  #up(from: number): void {
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (isBefore(this.#heap[parent], this.#heap[i])) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #down(from: number): void {
    let i = from;
    for (;;) {
      let least = i;
      for (const kid of [2 * i + 1, 2 * i + 2]) {
        if (kid < this.#heap.length && isBefore(this.#heap[kid], this.#heap[least])) least = kid;
      }
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #swap(i: number, j: number): void {
    [this.#heap[i], this.#heap[j]] = [this.#heap[j], this.#heap[i]];
  }
}

const isBefore = (a: Deadline, b: Deadline) => a.at < b.at || (a.at === b.at && a.order < b.order);
