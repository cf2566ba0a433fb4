/** Which distinguished names are the same, and which a pattern such as `C=CA, CN=*` takes. */
import { type Attribute, type Dn, type Rdn, TAG } from './dn-der.ts';

/** Equal for names that are the same: RDN by RDN, strings compared as RFC 5280 §7.1 says. Printable ASCII. */
export const dnKey = (dn: Dn): string => dn.map(rdnKey).join(',');

/**
 * How many wildcards it takes for `pattern` to be `dn`: 0 if they are the same, undefined if nothing makes them
 * so. A value that is `*` alone stands for any. `order`: whether the RDNs come in the same one.
 */
export function matchDn(pattern: Dn, dn: Dn, order: 'strict' | 'any'): number | undefined {
  if (pattern.length !== dn.length) return undefined;
  if (order === 'any') return assign(pattern, dn, matchRdn);
  let wildcards = 0;
  for (const [i, rdn] of pattern.entries()) {
    const count = matchRdn(rdn, dn[i]);
    if (count === undefined) return undefined;
    wildcards += count;
  }
  return wildcards;
}

/** Its value is `*` alone. */
export const isWildcard = ({ tag, value }: Attribute): boolean =>
  isText(tag) && value.length === 1 && value[0] === 0x2a;

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
  const text = Buffer.from(value).toString('latin1').trim().replace(/ +/g, ' ');
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return `${hex(type)}=${hex(Buffer.from(folded, 'latin1'))}`;
}

const matchRdn = (pattern: Rdn, rdn: Rdn): number | undefined =>
  pattern.length === rdn.length ? assign(pattern, rdn, matchAttribute) : undefined;

function matchAttribute(pattern: Attribute, attribute: Attribute): number | undefined {
  if (attributeKey(pattern) === attributeKey(attribute)) return 0;
  return isWildcard(pattern) && Buffer.compare(pattern.type, attribute.type) === 0 ? 1 : undefined;
}

/** Finds each of `patterns` one of its own in `values`: what fits as it stands goes first, then the wildcards. */
function assign<T>(
  patterns: readonly T[],
  values: readonly T[],
  match: (pattern: T, value: T) => number | undefined,
): number | undefined {
  const free = new Set(values);
  const take = (pattern: T, most: number): number | undefined => {
    for (const value of free) {
      const count = match(pattern, value);
      if (count === undefined || count > most) continue;
      free.delete(value);
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
