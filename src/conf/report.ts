/** Gathers problems, each once: a fault in a section that thousands of conns take over is still one fault. */
import { parseAddress } from './address-text.ts';
import type { Keyword, Value } from './keyword.ts';
import type { Problem } from './problem.ts';
import type { Setting } from './sections.ts';
import { defaultOf } from './values.ts';

/** Which of the values' words have no effect yet, as the table has them. */
export function laterWords({ laterValues = [] }: Keyword, value: Value): readonly string[] {
  const words = (Array.isArray(value) ? value : [String(value)]).map((word) => word.toLowerCase());
  return laterValues.filter((later) =>
    words.some((word) => (later === 'HOSTNAME' ? isHostName(word) : word === later)),
  );
}

const isHostName = (word: string): boolean => /^[\w.-]*[a-z][\w.-]*$/.test(word) && !parseAddress(word);

export class Reporter {
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  readonly #later = new Map<
    string,
    { readonly setting: Setting; readonly section: string; readonly text: string; readonly why: string; places: number }
  >();

  readonly add = (problem: Problem): void => {
    const key = `${problem.file}:${problem.line}:${problem.text}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#problems.push(problem);
  };

  /** Says of a setting that the feature behind it does not work yet, unless it asks for what happens anyway. */
  later(setting: Setting, section: string): void {
    const { keyword, value, key } = setting;
    if (keyword.effect === 'now' && keyword.laterValues === undefined) return;
    const usual = defaultOf(keyword);
    if (value === usual || String(value) === String(usual)) return;
    if (keyword.effect === 'later') this.laterText(setting, section, `${key}=`, keyword.instead);
    else for (const word of laterWords(keyword, value)) this.laterText(setting, section, `${key}=${word}`);
  }

  laterText(setting: Setting, section: string, text: string, instead?: string): void {
    const known = this.#later.get(text);
    const why = instead === undefined ? 'has no effect yet' : `has no effect: ${instead}`;
    if (known === undefined) this.#later.set(text, { setting, section, text, why, places: 1 });
    else if (known.setting !== setting) known.places++;
  }

  /** In the order they were found; what has no effect yet comes last, one line for each. */
  problems(): readonly Problem[] {
    const later = [...this.#later.values()].map(({ setting, section, text, why, places }): Problem => {
      const { file, line, key } = setting;
      const others = places > 1 ? ` (in ${places} places)` : '';
      return { severity: 'warning', file, line, section, keyword: key, text: `${text} ${why}${others}` };
    });
    return [...this.#problems, ...later];
  }
}
