/** Conversations by number, and how many there may be at once. */

/** Each has a kilobyte or two; those with TLS are limited apart, by `MOST_TUNNELS`. */
export const MOST_CONVERSATIONS = 4096;
/** ms: longer than an IKE_AUTH exchange lives. One that nobody has gone on with makes room when there is none. */
const IDLE = 120_000;

export class Sessions<C> {
  readonly #open = new Map<number, { readonly conversation: C; at: number }>();
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

  /** Why there is no room for it; then it is closed. One of the same number has ended. */
  begin(session: number, conversation: C): string | undefined {
    this.end(session);
    if (this.#open.size >= MOST_CONVERSATIONS) this.#makeRoom();
    if (this.#open.size >= MOST_CONVERSATIONS) {
      this.#refused++;
      this.#close(conversation);
      return `EAP: ${MOST_CONVERSATIONS} conversations are open already`;
    }
    this.#begun++;
    this.#open.set(session, { conversation, at: this.#now() });
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

  #makeRoom(): void {
    const now = this.#now();
    for (const [session, { at }] of this.#open) if (now - at > IDLE) this.end(session);
  }
}
