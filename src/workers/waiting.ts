/** What waits for a worker: what cannot wait first, each in the order of its coming. */
export class Waiting<T> {
  readonly #first: T[] = [];
  readonly #then: T[] = [];

  get length(): number {
    return this.#first.length + this.#then.length;
  }

  push(one: T, canWait: boolean): void {
    (canWait ? this.#then : this.#first).push(one);
  }

  next(): T | undefined {
    return this.#first.shift() ?? this.#then.shift();
  }

  /** Up to `count` of them. */
  take(count: number): T[] {
    const taken = this.#first.splice(0, count);
    return taken.length < count ? taken.concat(this.#then.splice(0, count - taken.length)) : taken;
  }
}
