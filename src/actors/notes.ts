/** What is true of many connections that are loaded together, said once: `"a": authby=rsasig … (so are 99 more)`. */
import { notYet } from './policy-of.ts';
import type { Entry } from './registry.ts';

export class Notes {
  readonly #said = new Map<string, { readonly text: string; count: number }>();
  #unsaid = 0;

  /** What keeps it from being negotiated, if anything does. */
  entry({ conn, hindrance }: Entry): void {
    if (hindrance !== undefined) this.#note(hindrance, `"${conn.name}": ${notYet(hindrance)}`);
  }

  /** `FILE:LINE: warning: TEXT`; the same text in another place is the same warning. */
  warning(line: string): void {
    this.#note(line.slice(line.indexOf(WARNING)), line);
  }

  lines(): readonly string[] {
    const lines = [...this.#said.values()].map(({ text, count }) =>
      count === 1 ? text : `${text} (so are ${count - 1} more)`,
    );
    return this.#unsaid === 0 ? lines : [...lines, `${this.#unsaid} more remarks are left out`];
  }

  #note(key: string, text: string): void {
    const known = this.#said.get(key);
    if (known) known.count++;
    else if (this.#said.size < MOST) this.#said.set(key, { text, count: 1 });
    else this.#unsaid++;
  }
}

const WARNING = 'warning: ';
/** Nobody reads that 10,000 peers have a host name each. */
const MOST = 20;
