/**
 * Policies whose peers have names with wildcards (`C=CA, O=Example, OU=17, CN=*`), by one of the RDNs that are fixed:
 * the one that the fewest share. A peer's name has a handful of RDNs, so few of ten thousand templates are looked at.
 */
import type { Policy } from '../ike/policy.ts';
import { hasWildcard } from '../net/dn.ts';
import { type Id, rdnKeys } from '../net/id.ts';

interface Held {
  readonly policy: Policy;
  /** They are told in the order in which they came. */
  readonly number: number;
}

export class WildcardNames {
  /** By the key of the RDN; NONE_FIXED for those that have no fixed one. */
  readonly #byRdn = new Map<string, Held[]>();
  /** Where each is. */
  readonly #placeOf = new Map<Policy, string>();
  #count = 0;

  get isEmpty(): boolean {
    return this.#placeOf.size === 0;
  }

  add(policy: Policy): void {
    let place = NONE_FIXED;
    let least = Number.POSITIVE_INFINITY;
    // Names grow more particular towards their end: of those that are equal the last.
    for (const rdn of rdnKeys(policy.remoteId?.key ?? '') ?? []) {
      const { length } = this.#byRdn.get(rdn) ?? NOBODY;
      if (hasWildcard(rdn) || length > least) continue;
      [place, least] = [rdn, length];
    }
    this.#count++;
    const held = { policy, number: this.#count };
    const there = this.#byRdn.get(place);
    if (there) there.push(held);
    else this.#byRdn.set(place, [held]);
    this.#placeOf.set(policy, place);
  }

  remove(policy: Policy): void {
    const place = this.#placeOf.get(policy);
    if (place === undefined) return;
    this.#placeOf.delete(policy);
    const left = (this.#byRdn.get(place) ?? NOBODY).filter((held) => held.policy !== policy);
    if (left.length === 0) this.#byRdn.delete(place);
    else this.#byRdn.set(place, left);
  }

  /** Those that `id` may be, in the order in which they came. */
  matching({ key }: Id): readonly Policy[] {
    const rdns = rdnKeys(key);
    if (this.isEmpty || !rdns) return NONE;
    const found: Held[] = [];
    for (const place of new Set([...rdns, NONE_FIXED])) {
      for (const held of this.#byRdn.get(place) ?? NOBODY)
        if (held.policy.remoteId?.matches(key) !== undefined) found.push(held);
    }
    return found.sort((a, b) => a.number - b.number).map(({ policy }) => policy);
  }
}

/** No RDN has it: they have a type, in hex. */
const NONE_FIXED = '';
const NOBODY: readonly Held[] = Object.freeze([]);
const NONE: readonly Policy[] = Object.freeze([]);
