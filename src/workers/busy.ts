/** What share of the time somebody has been at work lately: over the last ten seconds at least, twenty at most. */

/** ms. */
const WINDOW = 10_000;

export class Busy {
  #since: number;
  #worked = 0;
  /** Of the window before. */
  #before = { since: 0, worked: 0 };

  /** ms, monotonic. */
  constructor(now: number) {
    this.#since = now;
    this.#before = { since: now, worked: 0 };
  }

  /** `ms` of work have come to their end. */
  worked(ms: number, now: number): void {
    this.#turn(now);
    this.#worked += ms;
  }

  /** 0 to 1. */
  share(now: number): number {
    this.#turn(now);
    const elapsed = now - this.#before.since;
    return elapsed <= 0 ? 0 : Math.min(1, (this.#before.worked + this.#worked) / elapsed);
  }

  #turn(now: number): void {
    const elapsed = now - this.#since;
    if (elapsed < WINDOW) return;
    // After a longer silence what was before says nothing of now.
    this.#before =
      elapsed < 2 * WINDOW ? { since: this.#since, worked: this.#worked } : { since: now - WINDOW, worked: 0 };
    this.#since = now;
    this.#worked = 0;
  }
}
