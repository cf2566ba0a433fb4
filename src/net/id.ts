/** Identities, as they stand in ID payloads (RFC 7296 §3.5) and in `leftid=`. */
import { Address } from './address.ts';
import { dnKey, hasWildcard, matchDn } from './dn.ts';
import { readDn, writeDn } from './dn-der.ts';
import { dnText, parseDn } from './dn-text.ts';

export const ID_TYPES = {
  ID_NULL: 13,
  ID_IPV4_ADDR: 1,
  ID_FQDN: 2,
  ID_USER_FQDN: 3,
  ID_IPV6_ADDR: 5,
  ID_DER_ASN1_DN: 9,
  ID_DER_ASN1_GN: 10,
  ID_KEY_ID: 11,
} as const;
export type IdTypeName = keyof typeof ID_TYPES;

const NAMES = new Map<number, IdTypeName>(Object.entries(ID_TYPES).map(([name, type]) => [type, name as IdTypeName]));

export class Id {
  /** The number on the wire. */
  readonly type: number;
  /** The identity's octets, without the payload's four leading ones. Never changed. */
  readonly data: Uint8Array;
  /** Its key, once somebody has asked: whoever asks does so a dozen times. */
  #key: string | undefined = undefined;
  /** Written as a pattern may be. What a peer or a certificate says is never more than its text, `*` or not. */
  readonly #mayStandForMany: boolean;

  constructor(type: number, data: Uint8Array, mayStandForMany = false) {
    this.type = type;
    this.data = data;
    this.#mayStandForMany = mayStandForMany;
  }

  static ofAddress(address: Address): Id {
    return new Id(address.family === 4 ? ID_TYPES.ID_IPV4_ADDR : ID_TYPES.ID_IPV6_ADDR, address.toBytes());
  }

  /**
   * `@fqdn`, `user@fqdn`, an address, a distinguished name (`C=CA, CN=east`), `@#hex` and `@[text]` (KEY_ID),
   * `@~hex` (a distinguished name's DER), `%null`. A name without `@` is not an identity but a host name, and
   * undefined, as is anything else; so are `%any`, `%fromcert`, `%none` and `%myid`, which stand for one.
   */
  static parse(text: string): Id | undefined {
    const ascii = (s: string) => new TextEncoder().encode(s);
    if (text === '%null') return new Id(ID_TYPES.ID_NULL, new Uint8Array());
    const binary = /^@([#~])(?:0x)?((?:[0-9a-f]{2})+)$/i.exec(text);
    if (binary) {
      const octets = Uint8Array.from(Buffer.from(binary[2], 'hex'));
      if (binary[1] === '#') return new Id(ID_TYPES.ID_KEY_ID, octets);
      return readDn(octets) && new Id(ID_TYPES.ID_DER_ASN1_DN, octets);
    }
    const bracketed = /^@\[([^\]].*?)\]?$/.exec(text);
    if (bracketed) return new Id(ID_TYPES.ID_KEY_ID, ascii(bracketed[1]));
    if (/^@[^@#~[]/.test(text)) return new Id(ID_TYPES.ID_FQDN, ascii(text.slice(1)));
    if (text.includes('=')) {
      const dn = parseDn(text);
      return dn && new Id(ID_TYPES.ID_DER_ASN1_DN, writeDn(dn), true);
    }
    if (/^[^@]+@.+$/.test(text)) return new Id(ID_TYPES.ID_USER_FQDN, ascii(text));
    const address = Address.parse(text);
    return address && Id.ofAddress(address);
  }

  get typeName(): string {
    return NAMES.get(this.type) ?? `ID_${this.type}`;
  }

  /**
   * The same for identities that are the same, and for no others: names without regard to case and a trailing dot,
   * as DNS does; distinguished names as RFC 5280 §7.1 compares them. Printable ASCII without blanks.
   */
  get key(): string {
    this.#key ??= keyOf(this.type, this.data);
    return this.#key;
  }

  equals(other: Id): boolean {
    if (this.type !== other.type) return false;
    return Buffer.compare(this.data, other.data) === 0 || this.key === other.key;
  }

  /** It stands for many: `C=CA, CN=*`, from a configuration. */
  get hasWildcards(): boolean {
    if (!this.#mayStandForMany) return false;
    const { key } = this;
    return key.startsWith(DN) && hasWildcard(key);
  }

  /**
   * How many wildcards it takes for this identity, one of ours from a configuration, to be the one that a peer
   * presents, of which this is the `key`: 0 if they are equal, undefined if it is not. Only distinguished names have
   * wildcards (`CN=*`), and their RDNs may come in another order.
   */
  matches(presented: string): number | undefined {
    const { key } = this;
    if (key === presented) return 0;
    if (!this.#mayStandForMany || !key.startsWith(DN) || !presented.startsWith(DN)) return undefined;
    return matchDn(key.slice(DN.length), presented.slice(DN.length), 'any');
  }

  /** pluto's text: `@east`, `user@example.com`, `192.0.2.1`, `@#0x0a0b`; octets that are no text are shown as `?`. */
  toString(): string {
    switch (this.type) {
      case ID_TYPES.ID_NULL:
        return '%null';
      case ID_TYPES.ID_IPV4_ADDR:
      case ID_TYPES.ID_IPV6_ADDR: {
        const octets = this.type === ID_TYPES.ID_IPV4_ADDR ? 4 : 16;
        return this.data.length === octets ? Address.fromBytes(this.data).toString() : `<${this.data.length} octets>`;
      }
      case ID_TYPES.ID_FQDN:
        return `@${printable(this.data)}`;
      case ID_TYPES.ID_USER_FQDN:
        return printable(this.data);
      case ID_TYPES.ID_DER_ASN1_DN: {
        const dn = readDn(this.data);
        return dn ? dnText(dn) : `@~${hex(this.data)}`;
      }
      default:
        return `@#0x${hex(this.data)}`;
    }
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Before the key of a distinguished name. */
const DN = 'dn:';

/** Of a distinguished name's `key`: each RDN's, in order; undefined for other identities. */
export const rdnKeys = (key: string): readonly string[] | undefined =>
  key.startsWith(DN) ? key.slice(DN.length).split(',') : undefined;

function keyOf(type: number, data: Uint8Array): string {
  if (type === ID_TYPES.ID_DER_ASN1_DN) {
    const dn = readDn(data);
    if (dn) return DN + dnKey(dn);
  } else if (type === ID_TYPES.ID_FQDN || type === ID_TYPES.ID_USER_FQDN) {
    const text = bytesOf(data).toString('latin1');
    if (/^[\x21-\x7e]*$/.test(text)) return `${type}:${text.toLowerCase().replace(/(?<=.)\.$/, '')}`;
  }
  return `${type}#${hex(data)}`;
}

const bytesOf = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.length);
const hex = (data: Uint8Array): string => bytesOf(data).toString('hex');

/** A peer chooses these octets, and they end in logs and terminals: nothing but printable ASCII passes. */
const printable = (data: Uint8Array): string =>
  bytesOf(data)
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, '?');
