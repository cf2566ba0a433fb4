/** Conversations by number, and how many there may be at once: of all peers, and of those at one address. */
import { isFairShare, Sources } from '../../net/sources.ts';

/** Each has a kilobyte or two; those with TLS are limited apart, by `MOST_TUNNELS`. */
export const MOST_CONVERSATIONS = 4096;
/** ms: longer than an IKE_AUTH exchange lives. One that nobody has gone on with makes room when there is none. */
const IDLE = 120_000;

export class Sessions<C> {
  readonly #open = new Map<number, { readonly conversation: C; readonly source: string | undefined; at: number }>();
  readonly #sources = new Sources();
  readonly #close: (conversation: C) => void;
  readonly #now: () => number;
  #begun = 0;
  #refused = 0;
  #succeeded = 0;
  #failed = 0;

  constructor(close: (conversation: C) => void, now: () => number) {
    this.#close = close;
    this.#now = now;
  }

  /**
   * Why there is no room for it; then it is closed. One of the same number has ended. `source`: of the peer that began it
   * (`sourceOf`), whose address IKE_SA_INIT has proven; undefined: we did.
   */
  begin(session: number, conversation: C, source: string | undefined): string | undefined {
    this.end(session);
    if (this.#excess(source) !== undefined) this.#makeRoom();
    const excess = this.#excess(source);
    if (excess !== undefined) {
      this.#refused++;
      this.#close(conversation);
      return excess;
    }
    this.#begun++;
    this.#open.set(session, { conversation, source, at: this.#now() });
    if (source !== undefined) this.#sources.take(source);
    return undefined;
  }

  of(session: number): C | undefined {
    const known = this.#open.get(session);
    if (known) known.at = this.#now();
    return known?.conversation;
  }

  /** Frees what it has. One that is not there is no news. */
  end(session: number, outcome?: 'success' | 'failure'): void {
    const known = this.#open.get(session);
    if (!known) return;
    this.#open.delete(session);
    if (known.source !== undefined) this.#sources.giveBack(known.source);
    if (outcome === 'success') this.#succeeded++;
    else this.#failed++;
    this.#close(known.conversation);
  }

  *figures(prefix: string): Generator<readonly [string, number]> {
    yield [`${prefix}.open`, this.#open.size];
    yield [`${prefix}.begun`, this.#begun];
    yield [`${prefix}.succeeded`, this.#succeeded];
    yield [`${prefix}.failed`, this.#failed];
    yield [`${prefix}.refused`, this.#refused];
  }

  #excess(source: string | undefined): string | undefined {
    const { size } = this.#open;
    if (size >= MOST_CONVERSATIONS) return `EAP: ${MOST_CONVERSATIONS} conversations are open already`;
    const held = source === undefined ? 0 : this.#sources.held(source);
    if (isFairShare(held, size, MOST_CONVERSATIONS)) return undefined;
    return `EAP: ${held} conversations with this address are open already`;
  }

  #makeRoom(): void {
    const now = this.#now();
    for (const [session, { at }] of this.#open) if (now - at > IDLE) this.end(session);
  }
}
