/**
 * Which debug lines are wanted: of the daemon, and otherwise of some connections. A bit for each class, so that to ask
 * costs next to nothing where the answer is no, and that is asked before a line is put together.
 */
import { DEBUG_NAMES, type DebugChange, type DebugClass, parseDebug } from '../conf/debug-classes.ts';

const BITS = Object.fromEntries(DEBUG_NAMES.map((name, i) => [name, 1 << i])) as Record<DebugClass, number>;

interface Masks {
  readonly set: number;
  readonly clear: number;
}

export class Debugging {
  #daemon = 0;
  /** By connection, also of those that are not loaded yet; instances go by their template's name. */
  readonly #own = new Map<string, Masks>();

  /** Whether anything at all is debugged. */
  get any(): boolean {
    return this.#daemon !== 0 || this.#own.size > 0;
  }

  /** Whether lines of a class are wanted; `conn`: about that connection. */
  on(klass: DebugClass, conn?: string): boolean {
    const bit = BITS[klass];
    if (this.#own.size === 0 || conn === undefined) return (this.#daemon & bit) !== 0;
    const own = this.#own.get(conn);
    if (!own) return (this.#daemon & bit) !== 0;
    return ((own.set | (this.#daemon & ~own.clear)) & bit) !== 0;
  }

  /** `words` as on a command line, of the daemon or of one connection; otherwise which of them are wrong. */
  change(words: readonly string[], conn?: string): { readonly wrong: readonly string[] } | undefined {
    const parsed = parseDebug(words);
    if ('wrong' in parsed) return parsed;
    const { set, clear } = masks(parsed);
    if (conn === undefined) this.#daemon = (this.#daemon & ~clear) | set;
    else {
      const own = this.#own.get(conn);
      this.#own.set(conn, { set: ((own?.set ?? 0) & ~clear) | set, clear: ((own?.clear ?? 0) & ~set) | clear });
    }
    return undefined;
  }

  /** What a connection's `debug=` says; its own until it is told otherwise or forgotten. */
  load(conn: string, words: readonly string[]): { readonly wrong: readonly string[] } | undefined {
    this.forget(conn);
    return words.length === 0 ? undefined : this.change(words, conn);
  }

  forget(conn: string): void {
    if (this.#own.size > 0) this.#own.delete(conn);
  }

  /** In the order of the table: the daemon's, or what one connection's come to. */
  list(conn?: string): readonly DebugClass[] {
    return DEBUG_NAMES.filter((name) => this.on(name, conn));
  }
}

const masks = ({ set, clear }: DebugChange): Masks => ({ set: sum(set), clear: sum(clear) });
const sum = (classes: ReadonlySet<DebugClass>): number => [...classes].reduce((all, each) => all | BITS[each], 0);
