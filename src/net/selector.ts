/**
 * A traffic selector: one protocol, one port range, one address range (RFC 7296 §3.13.1).
 * Ports of ICMP hold type and code (RFC 4301 §4.4.1.1); OPAQUE is 65535-0.
 */
import type { Address } from './address.ts';
import { type Subnet, subnetsOfRange } from './subnet.ts';

export class Selector {
  /** IP protocol number, 0 for any. */
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: Address;
  readonly end: Address;

  constructor(start: Address, end: Address, protocol = 0, startPort = 0, endPort = 65535) {
    this.start = start;
    this.end = end;
    this.protocol = protocol;
    this.startPort = startPort;
    this.endPort = endPort;
  }

  static ofSubnet(subnet: Subnet, protocol = 0, startPort = 0, endPort = 65535): Selector {
    return new Selector(subnet.address, subnet.last, protocol, startPort, endPort);
  }

  static ofAddress(address: Address, protocol = 0, startPort = 0, endPort = 65535): Selector {
    return new Selector(address, address, protocol, startPort, endPort);
  }

  get family() {
    return this.start.family;
  }

  equals(other: Selector): boolean {
    return (
      this.protocol === other.protocol &&
      this.startPort === other.startPort &&
      this.endPort === other.endPort &&
      this.start.equals(other.start) &&
      this.end.equals(other.end)
    );
  }

  /** Every packet that `other` matches, this matches too. */
  contains(other: Selector): boolean {
    const common = this.intersect(other);
    return common !== undefined && common.equals(other);
  }

  /** What both match; undefined if nothing. RFC 7296 §2.9. */
  intersect(other: Selector): Selector | undefined {
    if (this.family !== other.family) return undefined;
    if (this.protocol !== 0 && other.protocol !== 0 && this.protocol !== other.protocol) return undefined;
    const start = this.start.compare(other.start) >= 0 ? this.start : other.start;
    const end = this.end.compare(other.end) <= 0 ? this.end : other.end;
    if (start.compare(end) > 0) return undefined;
    const ports = intersectPorts(this, other);
    return ports && new Selector(start, end, this.protocol || other.protocol, ports[0], ports[1]);
  }

  /** Of the block that it is; undefined if it is none. */
  get prefix(): number | undefined {
    return this.start.prefixTo(this.end);
  }

  /** As blocks, which is what kernels and routes understand. */
  subnets(): Subnet[] {
    return subnetsOfRange(this.start, this.end);
  }

  /** libreswan's text: `10.0.1.0/24`, `10.0.1.1/32/TCP/80`, `10.0.1.5-10.0.1.9`. */
  toString(): string {
    const { prefix } = this;
    const where = prefix === undefined ? `${this.start}-${this.end}` : `${this.start}/${prefix}`;
    if (this.protocol === 0) return where;
    const protocol = PROTOCOL_NAMES.get(this.protocol) ?? `${this.protocol}`;
    if (this.startPort === 0 && this.endPort === 65535) return `${where}/${protocol}`;
    return `${where}/${protocol}/${this.startPort === this.endPort ? this.startPort : `${this.startPort}-${this.endPort}`}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

const PROTOCOL_NAMES = new Map([
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [47, 'GRE'],
  [58, 'IPv6-ICMP'],
  [132, 'SCTP'],
]);

function intersectPorts(a: Selector, b: Selector): readonly [number, number] | undefined {
  const isOpaque = (s: Selector) => s.startPort > s.endPort;
  const isAll = (s: Selector) => s.startPort === 0 && s.endPort === 65535;
  if (isOpaque(a)) return isOpaque(b) || isAll(b) ? [a.startPort, a.endPort] : undefined;
  if (isOpaque(b)) return isAll(a) ? [b.startPort, b.endPort] : undefined;
  const start = Math.max(a.startPort, b.startPort);
  const end = Math.min(a.endPort, b.endPort);
  return start <= end ? [start, end] : undefined;
}
