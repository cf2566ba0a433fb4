/** The scalar syntaxes of ipsec.conf(5). A parser returns the value, or a fault that completes "invalid: …". */
import type { Keyword, KeywordType, Value } from './keyword.ts';
import { nearest } from './nearest.ts';
import { shown } from './printable.ts';

export interface ValueFault {
  readonly fault: string;
}

export const isFault = (value: unknown): value is ValueFault =>
  typeof value === 'object' && value !== null && 'fault' in value;

export function parseTyped(type: KeywordType, text: string): Value | ValueFault {
  switch (type.t) {
    case 'string':
    case 'path':
    case 'section':
      return text;
    case 'list':
      return splitList(text);
    case 'bool':
      return parseBool(text);
    case 'enum':
      return parseWord(type.words, text);
    case 'duration': {
      const micros = parseDuration(text, type.unit);
      return isFault(micros) ? micros : Math.ceil(micros / 1000);
    }
    case 'percent':
      return /^\d{1,9}%$/.test(text) ? Number(text.slice(0, -1)) : { fault: 'expected a number and %' };
    case 'unsigned':
      return parseUnsigned(text, type.min, type.max);
    case 'bytes':
      return parseScaled(text, ['', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
    case 'count':
      return parseScaled(text, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']);
  }
}

/** What the table says when the file does not; undefined if that is "unset". */
export function defaultOf(keyword: Keyword): Value | undefined {
  if (keyword.default === undefined) return undefined;
  const known = defaults.get(keyword);
  if (known !== undefined) return known;
  const value = parseTyped(keyword.type, keyword.default);
  if (isFault(value)) throw new Error(`default of ${keyword.name}: ${value.fault}`);
  defaults.set(keyword, value);
  return value;
}

/** Rows of the table, each read once. */
const defaults = new Map<Keyword, Value>();

export const splitList = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== '');

export function parseBool(text: string): boolean | ValueFault {
  switch (text.toLowerCase()) {
    case 'yes':
    case 'true':
    case 'on':
    case 'y':
    case '1':
      return true;
    case 'no':
    case 'false':
    case 'off':
    case 'n':
    case '0':
      return false;
    default:
      return { fault: 'expected yes or no' };
  }
}

function parseWord(words: Readonly<Record<string, string>>, text: string): string | ValueFault {
  const word = text.toLowerCase();
  if (Object.hasOwn(words, word)) return words[word];
  const meant = nearest(word, Object.keys(words));
  const expected = [...new Set(Object.values(words))].join(', ');
  return { fault: `expected ${expected}${meant === undefined ? '' : `; did you mean ${shown(meant)}?`}` };
}

/** Decimal digits only; `%forever` is 0. */
export function parseUnsigned(text: string, min = 0, max = Number.MAX_SAFE_INTEGER): number | ValueFault {
  if (text === '%forever') return 0;
  if (!(min < 0 ? /^-?\d+$/ : /^\d+$/).test(text)) return { fault: 'expected a decimal number' };
  const value = Number(text);
  if (value < min || value > max) return { fault: `expected ${min} to ${max}` };
  return value;
}

const MICROS = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 604_800e6 } as const;

/** Microseconds. `1.5h`, `500ms`, `10` in `unit`; a fraction of a microsecond is refused. */
export function parseDuration(text: string, unit: keyof typeof MICROS): number | ValueFault {
  if (text === '%forever') return 0;
  const match = /^(\d*)(?:\.(\d*))?([a-z]*)$/.exec(text);
  if (!match || (match[1] === '' && (match[2] ?? '') === '')) return { fault: 'expected a time such as 30s or 1.5h' };
  const suffix = match[3] === '' ? unit : match[3];
  if (!Object.hasOwn(MICROS, suffix)) return { fault: `${shown(suffix)} is no unit of time (us, ms, s, m, h, d, w)` };
  return scaled(match[1], match[2] ?? '', MICROS[suffix as keyof typeof MICROS]);
}

function parseScaled(text: string, suffixes: readonly string[]): number | ValueFault {
  if (text === '%forever') return 0;
  const match = /^(\d*)(?:\.(\d*))?([A-Za-z]*)$/.exec(text);
  if (!match || (match[1] === '' && (match[2] ?? '') === '')) return { fault: 'expected a number' };
  const power = suffixes.findIndex((s) => s.toLowerCase() === match[3].toLowerCase());
  if (power < 0) return { fault: `${shown(match[3])} is no unit (${suffixes.slice(1).join(', ')})` };
  return scaled(match[1], match[2] ?? '', 1024 ** power, true);
}

/** `whole.fraction` times `scale`, exactly. */
function scaled(whole: string, fraction: string, scale: number, isApproximate = false): number | ValueFault {
  if (whole.length > 20 || fraction.length > 20) return { fault: 'too many digits' };
  const denominator = 10n ** BigInt(fraction.length);
  const numerator = BigInt(whole + fraction) * BigInt(scale);
  if (numerator % denominator !== 0n) return { fault: 'the fraction is finer than the smallest unit' };
  const value = numerator / denominator;
  if (value > (isApproximate ? 1n << 63n : BigInt(Number.MAX_SAFE_INTEGER))) return { fault: 'too large' };
  return Number(value);
}
