/**
 * Distinguished names as text: `C=CA, O=Example\, Inc, CN=east`, as RFC 4514 writes them but in the order of the
 * octets, and with everything that is not printable ASCII as `\` and two hex digits.
 */
import { isUtf8 } from 'node:buffer';
import { isText } from './dn.ts';
import { type Attribute, type Dn, readTlv, TAG, tlv } from './dn-der.ts';
import { type AttributeType, attributeType, nameOfOid, oidOctets, oidText } from './dn-names.ts';

/** Always one line of printable ASCII, whatever a peer has put into it. */
export const dnText = (dn: Dn): string => dn.map((rdn) => rdn.map(attributeText).join('+')).join(', ');

/** Longer text is no name; and the octets fit an ID payload. */
const MAX_TEXT = 4096;

/**
 * Attributes are separated by `,` or `/` (or `+` inside one RDN), a leading `/` and a trailing separator may be
 * there. In a value `\` and a character, `\` and two hex digits, `,,` for a comma, `"…"` around it, `#` and hex for
 * a whole TLV. Undefined for anything else, such as an attribute whose name is not known.
 */
export function parseDn(text: string): Dn | undefined {
  if (text.length > MAX_TEXT || /[\x00-\x1f\x7f]/.test(text)) return undefined;
  const dn: Attribute[][] = [];
  let joins = false;
  let at = text.startsWith('/') ? 1 : 0;
  for (at = skipBlanks(text, at); at < text.length; at = skipBlanks(text, at)) {
    const head = headAt(text, at);
    const value = head && readValue(text, head.end);
    const attribute = head && value && attributeOf(head.type, value);
    if (!attribute) return undefined;
    if (joins) dn[dn.length - 1].push(attribute);
    else dn.push([attribute]);
    joins = text[value.end] === '+';
    at = value.end + 1;
  }
  return dn.length > 0 && !joins ? dn : undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}

/** `CN=` and its kin. */
function headAt(text: string, at: number): { readonly type: AttributeType; readonly end: number } | undefined {
  const pattern = /([A-Za-z0-9.]{1,100}) *= */y;
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  const type = match && attributeType(match[1]);
  return type ? { type, end: pattern.lastIndex } : undefined;
}

interface Value {
  /** Of a `#` value the TLV. */
  readonly octets: Uint8Array;
  readonly isTlv: boolean;
  /** Where its separator is, or the end of the text. */
  readonly end: number;
}

function readValue(text: string, start: number): Value | undefined {
  const isHex = text[start] === '#';
  const isQuoted = text[start] === '"';
  const octets: number[] = [];
  // Behind what an escape has put there no blank is cut off.
  let kept = 0;
  let at = isHex || isQuoted ? start + 1 : start;
  for (; at < text.length; at++) {
    const char = text[at];
    if (char === '\\' && !isHex) {
      const pair = /^[0-9a-f]{2}/i.exec(text.slice(at + 1, at + 3));
      if (pair) octets.push(Number.parseInt(pair[0], 16));
      else if (at + 1 === text.length) return undefined;
      else octets.push(...utf8(characterAt(text, at + 1)));
      at += pair ? 2 : characterAt(text, at + 1).length;
      kept = octets.length;
    } else if (isQuoted ? char === '"' : isSeparator(text, at)) break;
    else {
      if (!isQuoted && char === ',') at++;
      const character = characterAt(text, at);
      octets.push(...utf8(character));
      if (character !== ' ' || isQuoted) kept = octets.length;
      at += character.length - 1;
    }
  }
  if (isQuoted) {
    if (at === text.length) return undefined;
    at = skipBlanks(text, at + 1);
    if (at < text.length && !isSeparator(text, at)) return undefined;
  }
  octets.length = kept;
  if (!isHex) return { octets: Uint8Array.from(octets), isTlv: false, end: at };
  const digits = Buffer.from(octets).toString('latin1');
  if (!/^([0-9a-f]{2})+$/i.test(digits)) return undefined;
  return { octets: Uint8Array.from(Buffer.from(digits, 'hex')), isTlv: true, end: at };
}

/** Two units of UTF-16 where it takes two. */
const characterAt = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at)!);
const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** A `/` or `+` is one only before a name that is known: `CN=http://east/` and `CN=a+b` are plain values. */
function isSeparator(text: string, at: number): boolean {
  const char = text[at];
  if (char === ',') return text[at + 1] !== ',';
  return (char === '/' || char === '+') && headAt(text, skipBlanks(text, at + 1)) !== undefined;
}

function attributeOf({ oid, isIa5 }: AttributeType, { octets, isTlv }: Value): Attribute | undefined {
  const type = oidOctets(oid)!;
  if (!isTlv) return { type, tag: tagFor(octets, isIa5 === true), value: octets };
  const read = readTlv(octets);
  return read && read.rest.length === 0 ? { type, tag: read.tag, value: read.value } : undefined;
}

function tagFor(octets: Uint8Array, isIa5: boolean): number {
  if (isIa5 && octets.every((octet) => octet < 0x80)) return TAG.IA5_STRING;
  if (isPrintableString(octets)) return TAG.PRINTABLE_STRING;
  return isUtf8(octets) ? TAG.UTF8_STRING : TAG.T61_STRING;
}

/** X.680 §41.4. */
export const isPrintableString = (octets: Uint8Array): boolean =>
  /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(Buffer.from(octets).toString('latin1'));

function attributeText({ type, tag, value }: Attribute): string {
  const oid = oidText(type);
  const name = oid && nameOfOid(oid);
  if (name && isText(tag)) return `${name}=${escaped(value)}`;
  // An OID that is none has no text at all, and is shown as its octets.
  return `${name ?? oid ?? `#${hex(type)}`}=#${hex(tlv(tag, value))}`;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function escaped(value: Uint8Array): string {
  const text = Buffer.from(value)
    .toString('latin1')
    .replace(/[\x00-\x1f\x7f-\xff]|[",+;<>\\]|^[ #]| $/g, (char) =>
      /[\x20-\x7e]/.test(char) ? `\\${char}` : `\\${hex(Buffer.from(char, 'latin1')).toUpperCase()}`,
    );
  // What would be read as the next attribute.
  return text.replace(/\//g, (slash, at: number) => (isSeparator(text, at) ? '\\2F' : slash));
}
