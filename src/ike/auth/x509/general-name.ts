/** GeneralName, RFC 5280 §4.2.1.6. */
import { context, type DerCursor, primitive } from './der-cursor.ts';
import { readName } from './name.ts';

export const NAME = { other: 0, email: 1, dns: 2, x400: 3, dn: 4, ediParty: 5, uri: 6, ip: 7, oid: 8 } as const;

export interface GeneralName {
  /** One of `NAME`. */
  readonly type: number;
  /** What is in it; of a distinguished name, the name. */
  readonly value: Uint8Array;
}

/** More names are in no certificate. */
export const MOST_NAMES = 1024;

/** The names that follow up to the end of what is open; at least one. */
export function readGeneralNames(r: DerCursor, what: string): GeneralName[] {
  const names: GeneralName[] = [];
  do {
    if (names.length === MOST_NAMES) r.fail(what, `there are more than ${MOST_NAMES}`);
    names.push(readGeneralName(r, what));
  } while (!r.isDone);
  return names;
}

export function readGeneralName(r: DerCursor, what: string): GeneralName {
  const { tag } = r;
  const type = tag & 0x1f;
  switch (tag) {
    case context(NAME.dn): {
      const outer = r.open(tag, what);
      const value = readName(r, what);
      r.close(outer, what);
      return { type, value };
    }
    case primitive(NAME.email):
    case primitive(NAME.dns):
    case primitive(NAME.uri): {
      const value = r.contents(tag, what);
      // A control character, a blank or half a letter of UTF-8 is in no such name, but has been in attacks.
      if (!isPrintable(value)) r.fail(what, 'it is not printable ASCII');
      return { type, value };
    }
    case primitive(NAME.ip):
    case primitive(NAME.oid):
    case context(NAME.other):
    case context(NAME.x400):
    case context(NAME.ediParty):
      return { type, value: r.contents(tag, what) };
    default:
      return { type, value: r.fail(what, `tag 0x${tag.toString(16)} is none of a GeneralName`) };
  }
}

function isPrintable(octets: Uint8Array): boolean {
  for (const octet of octets) if (octet <= 0x20 || octet >= 0x7f) return false;
  return true;
}

/** The text of a name that is IA5String. */
export const ia5Text = ({ value }: GeneralName): string => Buffer.from(value).toString('latin1');
