/** What an end protects: `subnet=` with `protoport=` applied, or what the peer may choose itself. */
import { Selector } from '../net/selector.ts';
import { parseSelector } from './address-text.ts';
import type { Complaints } from './build-end.ts';
import { isVirtual, parseVirtual } from './build-text.ts';
import type { End, Protoport } from './conn.ts';
import { shown } from './printable.ts';
import type { Setting } from './sections.ts';
import { isFault } from './values.ts';

/** A selector of `leftsubnet=`; equal texts give the same object, so that like conns share them. */
export type SelectorCache = Map<string, Cached>;

interface Cached {
  readonly selector: Selector;
  /** Host bits were set, and are not any more. */
  readonly isZeroed: boolean;
}

const NONE: readonly never[] = Object.freeze([]);

export function subnetsOf(
  setting: Setting | undefined,
  protoport: Protoport | undefined,
  cache: SelectorCache,
  say: Complaints,
): Pick<End, 'subnets' | 'virtual'> {
  if (setting === undefined || !Array.isArray(setting.value)) return { subnets: NONE, virtual: undefined };
  const words = setting.value as readonly string[];
  if (words.length > 0 && isVirtual(words[0])) {
    const virtual = parseVirtual(words);
    if (!isFault(virtual)) return { subnets: NONE, virtual };
    say.refuse(setting, virtual.fault);
    return { subnets: NONE, virtual: undefined };
  }
  if (protoport && protoport.protocol !== 0 && words.length > 1)
    say.refuse(setting, 'protoport= is for a single subnet');
  const subnets: Selector[] = [];
  for (const word of words) {
    const found = cached(cache, word, protoport);
    if (typeof found === 'string') say.refuse(setting, found);
    else {
      subnets.push(found.selector);
      if (found.isZeroed) say.warn(setting, `${shown(word)} has host bits; ${found.selector} it is`);
    }
  }
  return { subnets: Object.freeze(subnets), virtual: undefined };
}

function cached(cache: SelectorCache, text: string, protoport: Protoport | undefined): Cached | string {
  const { protocol = 0, port = 0 } = protoport ?? {};
  const key = protocol === 0 ? text : `${text} ${protocol} ${port}`;
  const known = cache.get(key);
  if (known) return known;
  const exact = parseSelector(text);
  const parsed = exact ?? parseSelector(text, true);
  if (parsed === undefined) return `${shown(text)} is no subnet: expected ADDRESS/BITS, FIRST-LAST or ADDRESS`;
  if (protocol !== 0 && parsed.protocol !== 0) return `${shown(text)} names a protocol, and so does protoport=`;
  const selector =
    protocol === 0 ? parsed : new Selector(parsed.start, parsed.end, protocol, port, port === 0 ? 65535 : port);
  const found = { selector, isZeroed: exact === undefined };
  cache.set(key, found);
  return found;
}
