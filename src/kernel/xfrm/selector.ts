/** struct xfrm_selector, written and read. */
import type { NetlinkWriter } from '../../native/index.ts';
import { isLittleEndian } from '../../native/netlink-writer.ts';
import { Address } from '../../net/address.ts';
import { Selector } from '../../net/selector.ts';
import { Subnet } from '../../net/subnet.ts';
import { AF, SELECTOR } from './uapi.ts';

export interface PortAndMask {
  readonly port: number;
  readonly mask: number;
}

export function writeSelector(
  to: NetlinkWriter,
  src: Subnet,
  dst: Subnet,
  protocol: number,
  srcPort: PortAndMask,
  dstPort: PortAndMask,
): void {
  to.address(dst.address).address(src.address);
  to.be16(dstPort.port).be16(dstPort.mask).be16(srcPort.port).be16(srcPort.mask);
  to.u16(AF[dst.family])
    .u8(dst.prefix)
    .u8(src.prefix)
    .u8(protocol)
    .zeros(3 + 4 + 4);
}

/** From `at` in `body`. ICMP's type and code, which the kernel keeps apart, come as RFC 4301 §4.4.1.1 has them. */
export function readSelectors(body: DataView, at: number): { src: Selector; dst: Selector } {
  const family = body.getUint16(at + SELECTOR.family, isLittleEndian) === AF[6] ? 6 : 4;
  const protocol = body.getUint8(at + SELECTOR.protocol);
  const subnet = (address: number, prefix: number) => {
    const octets = new Uint8Array(body.buffer, body.byteOffset + at + address, family === 4 ? 4 : 16);
    return Subnet.of(Address.fromBytes(octets), body.getUint8(at + prefix));
  };
  const src = subnet(SELECTOR.src, SELECTOR.prefixSrc);
  const dst = subnet(SELECTOR.dst, SELECTOR.prefixDst);
  const sport = portRange(body, at + SELECTOR.sport);
  const dport = portRange(body, at + SELECTOR.dport);
  if (protocol === 1 || protocol === 58) {
    const [low, high] = [sport[0] * 256 + dport[0], sport[1] * 256 + (dport[1] & 255)];
    const known = sport[0] === sport[1];
    const range: readonly [number, number] = known ? [low, high] : [0, 65535];
    return { src: Selector.ofSubnet(src, protocol, ...range), dst: Selector.ofSubnet(dst, protocol, ...range) };
  }
  return { src: Selector.ofSubnet(src, protocol, ...sport), dst: Selector.ofSubnet(dst, protocol, ...dport) };
}

function portRange(body: DataView, at: number): readonly [number, number] {
  const port = body.getUint16(at);
  const mask = body.getUint16(at + 2);
  return [port & mask, (port & mask) | (mask ^ 0xffff)];
}
