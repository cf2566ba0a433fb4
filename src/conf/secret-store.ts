/** Which secret is for whom: ipsec.secrets(5), "match rank". */
import type { Address } from '../net/address.ts';
import { ID_TYPES, Id } from '../net/id.ts';
import type { Place } from './scan.ts';
import type { Secret } from './secret.ts';

/** What an entry is for: an identity, `%any`, or something that matches nobody (a host name, a DN). */
export type Index = { readonly t: 'id'; readonly id: Id } | { readonly t: 'any' } | { readonly t: 'none' };

export interface PskEntry extends Place {
  /** Empty: for everybody. */
  readonly indices: readonly Index[];
  readonly secret: Secret;
}

interface Entry extends PskEntry {
  readonly keys: ReadonlySet<string>;
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
 * An entry with indices that name neither us nor the peer, or one of us beside a stranger, never matches.
 */
export class SecretStore {
  readonly #entries: readonly Entry[];
  readonly #byId = new Map<string, Entry[]>();
  readonly #withAny: Entry[] = [];
  readonly #withNone: Entry[] = [];

  constructor(entries: readonly PskEntry[] = []) {
    this.#entries = entries.map((entry) => ({ ...entry, keys: keysOf(entry) }));
    for (const entry of this.#entries) {
      for (const key of entry.keys) listIn(this.#byId, key).push(entry);
      if (entry.indices.some(isAny)) this.#withAny.push(entry);
      if (entry.indices.length === 0) this.#withNone.push(entry);
    }
  }

  get size(): number {
    return this.#entries.length;
  }

  /**
   * The secret of the best rank. `remote` undefined: the peer has not said who it is, and its address stands in.
   * When several of one rank differ, the first in the file is it, and `warn` is told where they are.
   */
  findPsk(
    local: Id,
    remote: Id | undefined,
    addresses: { readonly local: Address; readonly remote: Address },
    warn?: (text: string) => void,
  ): Secret | undefined {
    const us = keyOf(local);
    const peer = keyOf(remote ?? Id.ofAddress(addresses.remote));
    const ranks: readonly (() => Entry[])[] = [
      () => (this.#byId.get(peer) ?? []).filter((e) => e.keys.has(us)),
      () => this.#withAny.filter((e) => e.keys.has(us)),
      () => (this.#byId.get(us) ?? []).filter((e) => e.indices.length === 1),
      () => this.#withAny.filter((e) => e.keys.has(peer)),
      () => this.#withAny.filter((e) => e.indices.every(isAny)),
      () => this.#withNone,
    ];
    for (const rank of ranks) {
      const [first, ...others] = rank();
      if (first === undefined) continue;
      const rival = others.find((e) => !e.secret.equals(first.secret));
      if (rival) warn?.(`secrets at ${where(first)} and ${where(rival)} match equally; the first is used`);
      return first.secret;
    }
    return undefined;
  }

  /** Zeros for all secrets; none is found afterwards. */
  wipe(): void {
    for (const { secret } of this.#entries) secret.wipe();
    this.#byId.clear();
    this.#withAny.length = 0;
    this.#withNone.length = 0;
  }

  toJSON(): string {
    return `<${this.size} secrets>`;
  }
}

const isAny = (index: Index): boolean => index.t === 'any';
const where = ({ file, line }: Place): string => `${file}:${line}`;

function keysOf({ indices }: PskEntry): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const index of indices) if (index.t === 'id') keys.add(keyOf(index.id));
  return keys;
}

/** Host and user names compare without case, as DNS does. */
function keyOf({ type, data }: Id): string {
  const hex = (bytes: Uint8Array | Buffer) => Buffer.from(bytes).toString('hex');
  const isName = type === ID_TYPES.ID_FQDN || type === ID_TYPES.ID_USER_FQDN;
  return `${type}:${isName ? hex(Buffer.from(Buffer.from(data).toString('latin1').toLowerCase(), 'latin1')) : hex(data)}`;
}

function listIn(map: Map<string, Entry[]>, key: string): Entry[] {
  const known = map.get(key);
  if (known) return known;
  const list: Entry[] = [];
  map.set(key, list);
  return list;
}
