/** Which distinguished names are the same, and which a pattern such as `C=CA, CN=*` takes. */
import { type Attribute, type Dn, type Rdn, TAG } from './dn-der.ts';

/** Equal for names that are the same: RDN by RDN, strings compared as RFC 5280 §7.1 says. Printable ASCII. */
export const dnKey = (dn: Dn): string => dn.map(rdnKey).join(',');

/**
 * How many wildcards it takes for `pattern` to be `dn`, both as `dnKey` writes them: 0 if they are the same, undefined
 * if nothing makes them so. A value that is `*` alone stands for any. `order`: whether the RDNs come in the same one.
 */
export function matchDn(pattern: string, dn: string, order: 'strict' | 'any'): number | undefined {
  const [patterns, rdns] = [pattern.split(','), dn.split(',')];
  if (patterns.length !== rdns.length) return undefined;
  if (order === 'any') return assign(patterns, rdns, matchRdn);
  let wildcards = 0;
  for (const [i, rdn] of patterns.entries()) {
    const count = matchRdn(rdn, rdns[i]);
    if (count === undefined) return undefined;
    wildcards += count;
  }
  return wildcards;
}

/** Whether a value in it is `*` alone; `key`: as `dnKey` writes it. */
export const hasWildcard = (key: string): boolean => /=2a(?=[+,]|$)/.test(key);

/** A value of a character type that pluto prints and compares as text. */
export const isText = (tag: number): boolean => TEXT_TAGS.has(tag);

const TEXT_TAGS: ReadonlySet<number> = new Set([
  TAG.UTF8_STRING,
  TAG.NUMERIC_STRING,
  TAG.PRINTABLE_STRING,
  TAG.T61_STRING,
  TAG.IA5_STRING,
  TAG.VISIBLE_STRING,
]);

const rdnKey = (rdn: Rdn): string => rdn.map(attributeKey).sort().join('+');

const hex = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');

/** Without regard to case (of ASCII), to the kind of string, and to how many blanks there are. */
function attributeKey({ type, tag, value }: Attribute): string {
  if (!isText(tag)) return `${hex(type)}=${tag}:${hex(value)}`;
  // Blanks and no others: 0xa0, which is white to JavaScript, is half a letter of UTF-8.
  const text = Buffer.from(value).toString('latin1').replace(/ +/g, ' ').replace(/^ | $/g, '');
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return `${hex(type)}=${hex(Buffer.from(folded, 'latin1'))}`;
}

function matchRdn(pattern: string, rdn: string): number | undefined {
  if (pattern === rdn) return 0;
  const [patterns, attributes] = [pattern.split('+'), rdn.split('+')];
  return patterns.length === attributes.length ? assign(patterns, attributes, matchAttribute) : undefined;
}

function matchAttribute(pattern: string, attribute: string): number | undefined {
  if (pattern === attribute) return 0;
  return pattern.endsWith(WILDCARD) && attribute.startsWith(pattern.slice(0, 1 - WILDCARD.length)) ? 1 : undefined;
}

/** `*` as `attributeKey` writes it. */
const WILDCARD = '=2a';

/** Finds each of `patterns` one of its own in `values`: what fits as it stands goes first, then the wildcards. */
function assign(
  patterns: readonly string[],
  values: readonly string[],
  match: (pattern: string, value: string) => number | undefined,
): number | undefined {
  // Each its own place: an RDN may be there twice.
  const free = new Map(values.entries());
  const take = (pattern: string, most: number): number | undefined => {
    for (const [at, value] of free) {
      const count = match(pattern, value);
      if (count === undefined || count > most) continue;
      free.delete(at);
      return count;
    }
    return undefined;
  };
  const wild = patterns.filter((pattern) => take(pattern, 0) === undefined);
  let wildcards = 0;
  for (const pattern of wild) {
    const count = take(pattern, Number.POSITIVE_INFINITY);
    if (count === undefined) return undefined;
    wildcards += count;
  }
  return wildcards;
}
