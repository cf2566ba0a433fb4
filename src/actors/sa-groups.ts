/** IKE SAs that have something in common, by what that is. As a rule one has it, with `uniqueids=no` thousands may. */
import type { IkeSaMessage } from './ike-sa.ts';
import type { ActorRef } from './runtime/index.ts';

type Sa = ActorRef<IkeSaMessage>;

export class SaGroups {
  readonly #byKey = new Map<string, Sa | Several>();

  add(key: string, sa: Sa): void {
    const known = this.#byKey.get(key);
    if (!known) this.#byKey.set(key, sa);
    else if (known instanceof Several) known.add(sa);
    else if (known !== sa) this.#byKey.set(key, new Several(known, sa));
  }

  of(key: string): Iterable<Sa> {
    const known = this.#byKey.get(key);
    return known instanceof Several ? known.all : known ? [known] : NONE;
  }

  /** The one that came last; when that has gone, any. */
  latest(key: string): Sa | undefined {
    const known = this.#byKey.get(key);
    return known instanceof Several ? known.latest : known;
  }

  /** True if it was there, and the last. */
  remove(key: string, sa: Sa): boolean {
    const known = this.#byKey.get(key);
    if (known instanceof Several) {
      known.remove(sa);
      // Every IKE SA has a successor beside it once in a while.
      if (known.all.size === 1) this.#byKey.set(key, known.latest);
      return false;
    }
    return known === sa && this.#byKey.delete(key);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

/** Never fewer than one. */
class Several {
  readonly all: Set<Sa>;
  latest: Sa;

  constructor(first: Sa, second: Sa) {
    this.all = new Set([first, second]);
    this.latest = second;
  }

  add(sa: Sa): void {
    this.all.add(sa);
    this.latest = sa;
  }

  remove(sa: Sa): void {
    this.all.delete(sa);
    if (this.latest !== sa) return;
    const [any] = this.all;
    this.latest = any;
  }
}

const NONE: readonly never[] = Object.freeze([]);
