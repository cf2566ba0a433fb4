/** Which secret is for whom: ipsec.secrets(5), "match rank". */
import type { Id } from '../net/id.ts';
import type { PpkEntry, SharedEntry } from './secret-entry.ts';

/** The first entry of the best rank, and the first of the same rank whose secret is another. */
export interface Found<E> {
  readonly entry: E;
  readonly rival: E | undefined;
}

/**
 * Entries by rank, best first:
 *
 *     6  our identity and the peer's     @west @east : PSK
 *     5  our identity and %any           @west %any  : PSK
 *     4  our identity alone              @west       : PSK
 *     3  the peer's identity and %any    %any @east  : PSK
 *     2  %any alone                      %any        : PSK
 *     1  no index                                    : PSK
 *
 * An entry with indices that name neither us nor the peer, or one of us beside a stranger, never matches. Every
 * rank is a lookup but the first, which goes through the shorter one of two lists: a gateway stands in the entry of
 * each of its peers, a peer in few.
 */
export class SecretIndex<E extends SharedEntry | PpkEntry> {
  readonly #byId = new Map<string, E[]>();
  readonly #besideAny = new Map<string, Found<E>>();
  readonly #alone = new Map<string, Found<E>>();
  #onlyAny: Found<E> | undefined;
  #noIndex: Found<E> | undefined;

  add(entry: E): void {
    const keys = keysOf(entry);
    const hasAny = entry.indices.some((index) => index.t === 'any');
    for (const key of keys) {
      const known = this.#byId.get(key);
      if (known) known.push(entry);
      else this.#byId.set(key, [entry]);
      if (hasAny) this.#besideAny.set(key, joined(this.#besideAny.get(key), entry));
      if (entry.indices.length === 1) this.#alone.set(key, joined(this.#alone.get(key), entry));
    }
    if (entry.indices.length === 0) this.#noIndex = joined(this.#noIndex, entry);
    else if (entry.indices.every((index) => index.t === 'any')) this.#onlyAny = joined(this.#onlyAny, entry);
  }

  /** For our identity `us` and the peer's; without a `peer` there are ranks 5, 4, 2 and 1. */
  find(us: Id, peer: Id | undefined): Found<E> | undefined {
    return (
      (peer && this.#both(us.key, peer.key)) ??
      this.#besideAny.get(us.key) ??
      this.#alone.get(us.key) ??
      (peer && this.#besideAny.get(peer.key)) ??
      this.#onlyAny ??
      this.#noIndex
    );
  }

  #both(us: string, peer: string): Found<E> | undefined {
    const ours = this.#byId.get(us) ?? [];
    const theirs = this.#byId.get(peer) ?? [];
    const [few, other] = ours.length < theirs.length ? [ours, peer] : [theirs, us];
    let found: Found<E> | undefined;
    for (const entry of few) {
      if (entry.indices.some((index) => index.t === 'id' && index.id.key === other)) found = joined(found, entry);
      if (found?.rival) break;
    }
    return found;
  }
}

/** Each once. */
function keysOf({ indices }: SharedEntry | PpkEntry): Iterable<string> {
  const keys: string[] = [];
  for (const index of indices) if (index.t === 'id') keys.push(index.id.key);
  return keys.length < 2 || (keys.length === 2 && keys[0] !== keys[1]) ? keys : new Set(keys);
}

function joined<E extends SharedEntry | PpkEntry>(found: Found<E> | undefined, entry: E): Found<E> {
  if (found === undefined) return { entry, rival: undefined };
  return found.rival || entry.secret.equals(found.entry.secret) ? found : { entry: found.entry, rival: entry };
}
