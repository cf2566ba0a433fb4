/** The attributes that we send or read, as IANA's registry has them: RFC 2865, 2866, 2869, 3162, 3579, 5176, 6911. */
import { Address } from '../../net/address.ts';

/** An attribute's number and what its value is. Rows in the order of their numbers. */
const REGISTRY = {
  'User-Name': [1, 'text'],
  'NAS-IP-Address': [4, 'ipv4'],
  'Service-Type': [6, 'integer'],
  'Framed-IP-Address': [8, 'ipv4'],
  'Framed-MTU': [12, 'integer'],
  'Reply-Message': [18, 'text'],
  State: [24, 'octets'],
  Class: [25, 'octets'],
  'Vendor-Specific': [26, 'octets'],
  'Session-Timeout': [27, 'integer'],
  'Called-Station-Id': [30, 'text'],
  'Calling-Station-Id': [31, 'text'],
  'NAS-Identifier': [32, 'text'],
  'Proxy-State': [33, 'octets'],
  'Acct-Status-Type': [40, 'integer'],
  'Acct-Delay-Time': [41, 'integer'],
  'Acct-Input-Octets': [42, 'integer'],
  'Acct-Output-Octets': [43, 'integer'],
  'Acct-Session-Id': [44, 'text'],
  'Acct-Authentic': [45, 'integer'],
  'Acct-Session-Time': [46, 'integer'],
  'Acct-Input-Packets': [47, 'integer'],
  'Acct-Output-Packets': [48, 'integer'],
  'Acct-Terminate-Cause': [49, 'integer'],
  'Acct-Input-Gigawords': [52, 'integer'],
  'Acct-Output-Gigawords': [53, 'integer'],
  'Event-Timestamp': [55, 'integer'],
  'NAS-Port-Type': [61, 'integer'],
  'EAP-Message': [79, 'octets'],
  'Message-Authenticator': [80, 'octets'],
  'NAS-Port-Id': [87, 'text'],
  'NAS-IPv6-Address': [95, 'ipv6'],
  'Error-Cause': [101, 'integer'],
  'Framed-IPv6-Address': [168, 'ipv6'],
} as const satisfies Readonly<Record<string, readonly [number: number, kind: keyof Kinds]>>;

/** UTF-8 as a string; 32 bits without a sign. */
interface Kinds {
  text: string;
  octets: Uint8Array;
  integer: number;
  ipv4: Address;
  ipv6: Address;
}

export type AttributeName = keyof typeof REGISTRY;
type ValueOf<N extends AttributeName> = Kinds[(typeof REGISTRY)[N][1]];

/** As on the wire, without type and length. */
export interface Attribute {
  readonly type: number;
  /** Up to 253 octets. */
  readonly value: Uint8Array;
}

/** The length octet counts itself and the type. RFC 2865 §5. */
export const MOST_OCTETS = 253;

/** Text that is too long ends at the last character that fits; other octets that are too long are our own bug and throw. */
export function attribute<N extends AttributeName>(name: N, value: ValueOf<N>): Attribute {
  const [type, kind] = REGISTRY[name];
  const octets = write(kind, value);
  if (octets.length > MOST_OCTETS) throw new RangeError(`${name} of ${octets.length} octets`);
  return { type, value: octets };
}

/** The value of the first attribute of that name. Those of a decoded packet have the length that their kind needs. */
export function first<N extends AttributeName>(all: readonly Attribute[], name: N): ValueOf<N> | undefined {
  const [type, kind] = REGISTRY[name];
  const found = all.find((a) => a.type === type);
  return found && (read(kind, found.value) as ValueOf<N>);
}

export function every<N extends AttributeName>(all: readonly Attribute[], name: N): readonly ValueOf<N>[] {
  const [type, kind] = REGISTRY[name];
  return all.filter((a) => a.type === type).map((a) => read(kind, a.value) as ValueOf<N>);
}

export const typeOf = (name: AttributeName): number => REGISTRY[name][0];

/** The name of an attribute that must be of another length, if it is one. */
export function misfit({ type, value }: Attribute): string | undefined {
  const known = BY_TYPE.get(type);
  if (known === undefined || known.octets === undefined || known.octets === value.length) return undefined;
  return known.name;
}

/** Ours or a peer's address, in whichever of the two attributes its family has. RFC 2865 §5.4, RFC 3162 §2.1. */
export const nasAddress = (address: Address): Attribute =>
  address.family === 4 ? attribute('NAS-IP-Address', address) : attribute('NAS-IPv6-Address', address);

const FIXED: { readonly [K in keyof Kinds]?: number } = { integer: 4, ipv4: 4, ipv6: 16 };

const BY_TYPE: ReadonlyMap<number, { readonly name: string; readonly octets: number | undefined }> = new Map(
  Object.entries(REGISTRY).map(([name, [type, kind]]) => [
    type,
    { name, octets: name === 'Message-Authenticator' ? 16 : FIXED[kind] },
  ]),
);

function write(kind: keyof Kinds, value: Kinds[keyof Kinds]): Uint8Array {
  if (typeof value === 'string') return utf8(value);
  if (value instanceof Address) return value.toBytes();
  if (typeof value === 'object') return value;
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, kind === 'integer' ? value : 0);
  return octets;
}

function read(kind: keyof Kinds, value: Uint8Array): Kinds[keyof Kinds] {
  switch (kind) {
    case 'text':
      return Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
    case 'octets':
      return value;
    case 'integer':
      return new DataView(value.buffer, value.byteOffset, value.length).getUint32(0);
    case 'ipv4':
    case 'ipv6':
      return Address.fromBytes(value);
    default:
      return kind satisfies never;
  }
}

function utf8(text: string): Uint8Array {
  const octets = Buffer.from(text, 'utf8');
  if (octets.length <= MOST_OCTETS) return octets;
  let end = MOST_OCTETS;
  // Not in the midst of a character: those begin with anything but 10xxxxxx.
  while ((octets[end] & 0xc0) === 0x80) end--;
  return octets.subarray(0, end);
}
