/** Distinguished names in certificates, and what they are found by. */
import { dnKey } from '../../../net/dn.ts';
import { readDn } from '../../../net/dn-der.ts';
import { dnText } from '../../../net/dn-text.ts';
import { DER, type DerCursor, latin1 } from './der-cursor.ts';

export { latin1 };

/** A Name, whole. RFC 5280 §4.1.2.4. */
export function readName(r: DerCursor, what: string): Uint8Array {
  const from = r.at;
  const name = r.open(DER.SEQUENCE, what);
  let attributes = 0;
  while (!r.isDone) {
    const rdn = r.open(DER.SET, what);
    do {
      const attribute = r.open(DER.SEQUENCE, what);
      r.skipOid(what);
      r.skip(what);
      r.close(attribute, what);
      if (++attributes > MOST_ATTRIBUTES) r.fail(what, `it has more than ${MOST_ATTRIBUTES} attributes`);
    } while (!r.isDone);
    r.close(rdn, what);
  }
  r.close(name, what);
  return r.octets.subarray(from, r.at);
}

/** No attributes at all. */
export const isEmptyName = (name: Uint8Array): boolean => name.length === 2;

/** Equal for names (DER) that RFC 5280 §7.1 takes for the same. */
export function nameKey(name: Uint8Array): string {
  const octets = latin1(name);
  const known = KEYS.get(octets);
  if (known !== undefined) return known;
  const dn = readDn(name);
  const key = dn === undefined ? octets : dnKey(dn);
  if (KEYS.size >= MOST_KEYS) KEYS.delete(KEYS.keys().next().value!);
  KEYS.set(octets, key);
  return key;
}

/** For people: one line of printable ASCII, not too long. */
export function nameText(name: Uint8Array): string {
  const dn = readDn(name);
  const text = dn === undefined ? `${name.length} octets` : dnText(dn);
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}...` : text;
}

export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;

/** As many as `src/net` reads. */
const MOST_ATTRIBUTES = 64;

/** A key costs more than anything else in a certificate, and authorities' names come again and again. */
const KEYS = new Map<string, string>();
const MOST_KEYS = 512;
const MOST_TEXT = 160;
