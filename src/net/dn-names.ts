/** Attribute types of distinguished names by the short names that pluto reads and writes, first name first. */

export interface AttributeType {
  readonly names: readonly string[];
  /** Dotted. */
  readonly oid: string;
  /** Its syntax is IA5String; of the others PrintableString where it can be, and UTF8String. */
  readonly isIa5?: boolean;
}

/** X.520 unless a comment says otherwise. */
const TYPES: readonly AttributeType[] = [
  { names: ['CN'], oid: '2.5.4.3' },
  { names: ['S'], oid: '2.5.4.4' }, // surname
  { names: ['SN', 'serialNumber'], oid: '2.5.4.5' },
  { names: ['C'], oid: '2.5.4.6' },
  { names: ['L'], oid: '2.5.4.7' },
  { names: ['ST'], oid: '2.5.4.8' },
  { names: ['O'], oid: '2.5.4.10' },
  { names: ['OU'], oid: '2.5.4.11' },
  { names: ['T'], oid: '2.5.4.12' }, // title
  { names: ['D'], oid: '2.5.4.13' }, // description
  { names: ['N'], oid: '2.5.4.41' }, // name
  { names: ['G'], oid: '2.5.4.42' }, // given name
  { names: ['I'], oid: '2.5.4.43' }, // initials
  { names: ['ID'], oid: '2.5.4.45' }, // X.500 unique identifier
  { names: ['UID'], oid: '0.9.2342.19200300.100.1.1' }, // RFC 4519 §2.39
  { names: ['DC'], oid: '0.9.2342.19200300.100.1.25', isIa5: true }, // RFC 4519 §2.4
  { names: ['E', 'Email', 'emailAddress'], oid: '1.2.840.113549.1.9.1', isIa5: true }, // RFC 2985 §5.2.1
  { names: ['UN', 'unstructuredName'], oid: '1.2.840.113549.1.9.2', isIa5: true }, // RFC 2985 §5.2.2
  { names: ['EN', 'employeeNumber'], oid: '2.16.840.1.113730.3.1.3' }, // RFC 2798 §2.5
  { names: ['ND'], oid: '0.2.262.1.10.7.20' }, // Telekom's name distinguisher
  { names: ['TCGID'], oid: '1.3.6.1.4.1.1201.1.1.2.2.75' },
];

const BY_NAME = new Map(TYPES.flatMap((type) => type.names.map((name) => [name.toLowerCase(), type] as const)));
const BY_OID = new Map(TYPES.map((type) => [type.oid, type]));

/** By a short name without regard to case, by a dotted OID, or by `OID.` and a dotted OID. */
export function attributeType(text: string): AttributeType | undefined {
  const known = BY_NAME.get(text.toLowerCase());
  if (known) return known;
  const oid = text.replace(/^oid\./i, '');
  return /^[0-9.]+$/.test(oid) && oidOctets(oid) ? (BY_OID.get(oid) ?? { names: [oid], oid }) : undefined;
}

export const nameOfOid = (oid: string): string | undefined => BY_OID.get(oid)?.names[0];

/** Longer ones are in no directory. */
const MAX_OID_OCTETS = 32;

/** The contents of an OBJECT IDENTIFIER (X.690 §8.19) as dotted text. */
export function oidText(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || octets.length > MAX_OID_OCTETS) return undefined;
  const arcs: bigint[] = [];
  let arc = 0n;
  let isFresh = true;
  for (const octet of octets) {
    // "the leading octet of the subidentifier shall not have the value 80": there is one way to write a number.
    if (isFresh && octet === 0x80) return undefined;
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    isFresh = octet < 0x80;
    if (!isFresh) continue;
    if (arcs.length === 0) {
      const root = arc < 80n ? arc / 40n : 2n;
      arcs.push(root, arc - 40n * root);
    } else arcs.push(arc);
    arc = 0n;
  }
  return isFresh ? arcs.join('.') : undefined;
}

export function oidOctets(text: string): Uint8Array | undefined {
  if (text.length > 3 * MAX_OID_OCTETS || !/^[0-2]\.(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/.test(text)) return undefined;
  const [root, second, ...rest] = text.split('.').map(BigInt);
  if (root < 2n && second > 39n) return undefined;
  const octets: number[] = [];
  for (const arc of [40n * root + second, ...rest]) {
    const groups: number[] = [];
    for (let left = arc; left > 0n || groups.length === 0; left >>= 7n) {
      groups.unshift(Number(left & 0x7fn) | (groups.length > 0 ? 0x80 : 0));
    }
    octets.push(...groups);
  }
  return octets.length <= MAX_OID_OCTETS ? Uint8Array.from(octets) : undefined;
}
