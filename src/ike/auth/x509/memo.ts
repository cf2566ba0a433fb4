/** What a thread remembers of what it has worked out: so many entries, of which the oldest go first. */
export class Memo<T> {
  readonly #most: number;
  readonly #known = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  /** What is remembered of `key`, or what `make` says now. */
  of(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.add(key, made);
    return made;
  }

  get(key: string): T | undefined {
    return this.#known.get(key);
  }

  add(key: string, value: T): void {
    if (this.#known.size >= this.#most) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, value);
  }
}
