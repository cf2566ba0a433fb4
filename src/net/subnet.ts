import { Address, type Family } from './address.ts';

/** A CIDR block; host bits are zero. */
export class Subnet {
  readonly address: Address;
  readonly prefix: number;

  private constructor(address: Address, prefix: number) {
    this.address = address;
    this.prefix = prefix;
  }

  /** The block of `prefix` bits that `address` lies in. */
  static of(address: Address, prefix: number = address.bits): Subnet {
    return new Subnet(address.first(prefix), prefix);
  }

  /** 0.0.0.0/0 or ::/0. */
  static all(family: Family): Subnet {
    return new Subnet(Address.any(family), 0);
  }

  /** `ADDRESS` or `ADDRESS/BITS`; undefined if it is neither, or if host bits are set. */
  static parse(text: string): Subnet | undefined {
    const [head, bits, ...more] = text.split('/');
    const address = Address.parse(head);
    if (!address || more.length > 0) return undefined;
    if (bits === undefined) return Subnet.of(address);
    const prefix = Number(bits);
    if (!/^\d{1,3}$/.test(bits) || prefix > address.bits) return undefined;
    const subnet = Subnet.of(address, prefix);
    return subnet.address.equals(address) ? subnet : undefined;
  }

  get family(): Family {
    return this.address.family;
  }

  get last(): Address {
    return this.address.last(this.prefix);
  }

  contains(address: Address): boolean {
    return address.family === this.family && address.first(this.prefix).equals(this.address);
  }

  equals(other: Subnet): boolean {
    return this.prefix === other.prefix && this.address.equals(other.address);
  }

  /** `10.0.1.0/24`; the prefix is always written. */
  toString(): string {
    return `${this.address}/${this.prefix}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** The fewest blocks that cover `start`..`end` (inclusive, same family) and nothing else, in order. */
export function subnetsOfRange(start: Address, end: Address): Subnet[] {
  const prefix = start.prefixTo(end);
  if (prefix !== undefined) return [Subnet.of(start, prefix)];
  const subnets: Subnet[] = [];
  const last = end.toBigInt();
  for (let at = start.toBigInt(); at <= last; ) {
    let hostBits = 0;
    while (hostBits < start.bits && (at & hostMask(hostBits + 1)) === 0n && at + hostMask(hostBits + 1) <= last)
      hostBits++;
    subnets.push(Subnet.of(Address.fromBigInt(start.family, at), start.bits - hostBits));
    at += 1n << BigInt(hostBits);
  }
  return subnets;
}

const hostMask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
