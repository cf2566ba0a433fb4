/**
 * A configuration as it was understood, as text that reads back to the same: `%default` and `also=` taken in, names and
 * values as the keyword table has them, in its order.
 */
import { keyexchangeOf } from './build-keyexchange.ts';
import type { KeywordType, Value } from './keyword.ts';
import { KEYWORDS } from './keywords.ts';
import type { ConnSection, Sections, Setting, Settings } from './sections.ts';

/** One section after the other, each with an empty line behind it. */
export function* writeConfig({ setup, conns }: Sections): Generator<string> {
  if (setup.size > 0) yield `config setup\n${linesOf(inOrder(setup))}\n`;
  for (const conn of conns) yield `conn ${quoted(conn.name)}\n${linesOf(settledSettings(conn))}\n`;
}

/** What a conn says, without the old spelling of `keyexchange=`. */
export function settledSettings({ settings }: ConnSection): readonly Setting[] {
  const old = settings.get('ikev2');
  if (!old) return inOrder(settings);
  const { word, keyword } = keyexchangeOf(settings);
  const settled = new Map(settings);
  settled.delete('ikev2');
  settled.set('keyexchange', { ...old, keyword, key: 'keyexchange', value: word, raw: word });
  return inOrder(settled);
}

/** As an operator would write it; what is a list comes in its words. */
export function writeValue(type: KeywordType, value: Value): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  switch (type.t) {
    case 'duration':
      return writeDuration(value);
    case 'percent':
      return `${value}%`;
    case 'bytes':
      return writeScaled(value, ['', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
    case 'count':
      return writeScaled(value, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']);
    default:
      return String(value);
  }
}

const ORDER: ReadonlyMap<string, number> = new Map(
  (['left', 'right', ''] as const)
    .flatMap((side) => KEYWORDS.filter(({ sided }) => sided === (side !== '')).map(({ name }) => side + name))
    .map((key, i) => [key, i]),
);

function inOrder(settings: Settings): readonly Setting[] {
  return [...settings.values()].sort((a, b) => (ORDER.get(a.key) ?? 0) - (ORDER.get(b.key) ?? 0));
}

const linesOf = (settings: readonly Setting[]): string => settings.map(lineOf).join('');

function lineOf({ key, keyword: { type }, value }: Setting): string {
  const text = writeValue(type, value);
  // Words of several lines may have what no single pair of quotes or braces can hold.
  const isMixed = text.includes('"') && text.includes('}') && Array.isArray(value);
  const texts = isMixed ? (value as readonly string[]) : [text];
  return texts.map((each) => `\t${key}=${quoted(each)}\n`).join('');
}

/** Bare where that says the same; no value has both a quote and a closing brace, since none could be read. */
function quoted(text: string): string {
  if (text !== '' && !/[\s"{}]/.test(text) && !text.startsWith('#')) return text;
  return text.includes('"') ? `{${text}}` : `"${text}"`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

function writeDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? (ms === 0 ? ['s', 1000] : ['ms', 1]);
  return `${ms / size}${unit}`;
}

function writeScaled(value: number, suffixes: readonly string[]): string {
  let power = 0;
  let rest = value;
  for (; rest !== 0 && rest % 1024 === 0 && power < suffixes.length - 1; power++) rest /= 1024;
  return `${BigInt(rest)}${suffixes[power]}`;
}
