/** The same question asked by many is asked once, and its answer is good for a while: also that there is none. */

export interface RecentOptions<R> {
  /** ms that a result is good for. */
  readonly keep: (result: R) => number;
  /** Results; the oldest goes first. */
  readonly most: number;
  /** ms, monotonic. */
  readonly now: () => number;
}

/** Since the start. */
export interface RecentFigures {
  /** Really asked. */
  asked: number;
  /** Answered by what was known, or along with somebody else. */
  spared: number;
}

export class Recent<R> {
  readonly figures: RecentFigures = { asked: 0, spared: 0 };
  readonly #options: RecentOptions<R>;
  readonly #underWay = new Map<string, Promise<R>>();
  readonly #known = new Map<string, { readonly result: R; readonly until: number }>();

  constructor(options: RecentOptions<R>) {
    this.#options = options;
  }

  /** `how` never rejects. */
  ask(key: string, how: () => Promise<R>): Promise<R> {
    const known = this.#known.get(key);
    if (known && known.until > this.#options.now()) {
      this.figures.spared++;
      return Promise.resolve(known.result);
    }
    const underWay = this.#underWay.get(key);
    if (underWay) {
      this.figures.spared++;
      return underWay;
    }
    this.figures.asked++;
    const asking = how().then((result) => {
      this.#underWay.delete(key);
      this.#keep(key, result);
      return result;
    });
    this.#underWay.set(key, asking);
    return asking;
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  clear(): void {
    this.#known.clear();
  }

  get size(): number {
    return this.#known.size;
  }

  #keep(key: string, result: R): void {
    const { keep, most, now } = this.#options;
    const within = keep(result);
    this.#known.delete(key);
    if (within <= 0) return;
    if (this.#known.size >= most) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, { result, until: now() + within });
  }
}
