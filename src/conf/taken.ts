import type { Keyword, Value } from './keyword.ts';
import type { Settings } from './sections.ts';
import { defaultOf } from './values.ts';

/**
 * Settings with their defaults, by type: the table has checked that a `bool` is one, so a mismatch here is a slip
 * of ours between table and builder, and throws.
 */
export class Taken {
  readonly #settings: Settings;
  readonly #defaults: ReadonlyMap<string, Value>;

  constructor(settings: Settings, defaults: ReadonlyMap<string, Value>) {
    this.#settings = settings;
    this.#defaults = defaults;
  }

  static defaults(keywords: readonly Keyword[]): ReadonlyMap<string, Value> {
    const defaults = new Map<string, Value>();
    for (const keyword of keywords) {
      const value = defaultOf(keyword);
      if (value !== undefined) defaults.set(keyword.name, value);
    }
    return defaults;
  }

  flag(key: string): boolean {
    const value = this.#value(key);
    return typeof value === 'boolean' ? value : slip(key, value);
  }

  number(key: string): number | undefined {
    const value = this.#value(key);
    return value === undefined || typeof value === 'number' ? value : slip(key, value);
  }

  /** An empty text is an unset one. */
  text(key: string): string | undefined {
    const value = this.#value(key);
    return value === undefined || typeof value === 'string' ? value || undefined : slip(key, value);
  }

  /** One of an enum's words, which the caller names as the table does. */
  word<W extends string>(key: string): W | undefined {
    return this.text(key) as W | undefined;
  }

  list(key: string): readonly string[] {
    const value = this.#value(key) ?? EMPTY;
    return typeof value === 'object' ? value : slip(key, value);
  }

  #value(key: string): Value | undefined {
    return this.#settings.get(key)?.value ?? this.#defaults.get(key);
  }
}

const EMPTY: readonly string[] = Object.freeze([]);

const slip = (key: string, value: unknown): never => {
  throw new TypeError(`${key} is a ${typeof value}`);
};

/** What is given but has no effect yet. */
export function laterOf(settings: Settings): ReadonlyMap<string, Value> | undefined {
  let later: Map<string, Value> | undefined;
  for (const { keyword, key, value } of settings.values()) {
    if (keyword.effect !== 'later') continue;
    later ??= new Map();
    later.set(key, value);
  }
  return later;
}
