/** Identities, as they stand in ID payloads (RFC 7296 §3.5) and in `leftid=`. */
import { Address } from './address.ts';

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

  constructor(type: number, data: Uint8Array) {
    this.type = type;
    this.data = data;
  }

  static ofAddress(address: Address): Id {
    return new Id(address.family === 4 ? ID_TYPES.ID_IPV4_ADDR : ID_TYPES.ID_IPV6_ADDR, address.toBytes());
  }

  /**
   * `@fqdn`, `user@fqdn`, an address, `@#hex` and `@[text]` (KEY_ID), `%null`. A name without `@` is not
   * an identity but a host name, and undefined, as is anything else.
   */
  static parse(text: string): Id | undefined {
    const ascii = (s: string) => new TextEncoder().encode(s);
    if (text === '%null') return new Id(ID_TYPES.ID_NULL, new Uint8Array());
    const keyId = /^@#((?:[0-9a-f]{2})+)$/i.exec(text);
    if (keyId) return new Id(ID_TYPES.ID_KEY_ID, Uint8Array.from(Buffer.from(keyId[1], 'hex')));
    const bracketed = /^@\[([^\]].*?)\]?$/.exec(text);
    if (bracketed) return new Id(ID_TYPES.ID_KEY_ID, ascii(bracketed[1]));
    if (/^@[^@#[]/.test(text)) return new Id(ID_TYPES.ID_FQDN, ascii(text.slice(1)));
    if (/^[^@]+@.+$/.test(text)) return new Id(ID_TYPES.ID_USER_FQDN, ascii(text));
    const address = Address.parse(text);
    return address && Id.ofAddress(address);
  }

  get typeName(): string {
    return NAMES.get(this.type) ?? `ID_${this.type}`;
  }

  equals(other: Id): boolean {
    return this.type === other.type && Buffer.compare(this.data, other.data) === 0;
  }

  /** pluto's text: `@east`, `user@example.com`, `192.0.2.1`, `@#hex`; octets that are no text are shown as `?`. */
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
      default:
        return `@#${Buffer.from(this.data).toString('hex')}`;
    }
  }

  toJSON(): string {
    return this.toString();
  }
}

/** A peer chooses these octets, and they end in logs and terminals: nothing but printable ASCII passes. */
const printable = (data: Uint8Array): string =>
  Buffer.from(data)
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, '?');
