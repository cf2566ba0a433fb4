/** Misbehaviour on request, for tests of the other end and of ourselves: where packets come and go, nowhere else. */
import { nearest } from '../conf/nearest.ts';
import { shown } from '../conf/printable.ts';

export const IMPAIRMENTS = {
  'corrupt-outbound': 'flip the last bit of every message sent',
  'drop-inbound': 'lose every message that comes',
  'drop-outbound': 'lose every message instead of sending it',
  'jacob-two-two': 'send every message twice',
  'replay-duplicates': 'take every message that comes twice',
  'suppress-retransmits': 'send no message again, and time out as if it had been',
} as const;

export type Impairment = keyof typeof IMPAIRMENTS;

const NAMES = Object.keys(IMPAIRMENTS) as readonly Impairment[];

export class Impairments {
  readonly #on = new Set<Impairment>();

  get any(): boolean {
    return this.#on.size > 0;
  }

  on(name: Impairment): boolean {
    return this.#on.size > 0 && this.#on.has(name);
  }

  list(): readonly Impairment[] {
    return NAMES.filter((name) => this.#on.has(name));
  }

  /**
   * Clears, then sets; `none` is all of them, `no-x` in `set` takes x away. All or nothing: what is wrong with them
   * in words. `help` and `list` are questions, not behaviours: their answer comes back in `lines`.
   */
  change(set: readonly string[], clear: readonly string[] = []): Changed {
    const lines: string[] = [];
    const next = new Set(this.#on);
    for (const word of [...clear.map((name) => (name === 'none' || name === 'all' ? 'none' : `no-${name}`)), ...set]) {
      const name = word.startsWith('no-') ? word.slice(3) : word;
      if (word === 'none') next.clear();
      else if (word === 'help') lines.push(...NAMES.map((each) => `${each}: ${IMPAIRMENTS[each]}`));
      else if (word === 'list') lines.push(next.size > 0 ? [...next].join(',') : 'nothing is impaired');
      else if (!isImpairment(name)) return { wrong: unknown(name) };
      else if (name === word) next.add(name);
      else next.delete(name);
    }
    this.#on.clear();
    for (const name of next) this.#on.add(name);
    return { lines };
  }
}

export type Changed = { readonly lines: readonly string[] } | { readonly wrong: string };

const isImpairment = (word: string): word is Impairment => Object.hasOwn(IMPAIRMENTS, word);

function unknown(word: string): string {
  const meant = nearest(word, NAMES);
  return `unknown behaviour ${shown(word)}${meant === undefined ? '; see --impair help' : `; did you mean ${shown(meant)}?`}`;
}
