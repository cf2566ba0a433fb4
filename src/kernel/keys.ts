/**
 * What we have installed, so that we take out that and nothing else. 100,000 tunnels make 500,000 entries:
 * each is a short string of octets, from which the key can be had back.
 */
import { Address } from '../net/address.ts';
import { Subnet } from '../net/subnet.ts';
import type { PolicyKey, SaKey, SaProtocol } from './port.ts';

const PROTOCOLS: readonly SaProtocol[] = ['esp', 'ah'];
const DIRECTIONS: readonly PolicyKey['direction'][] = ['in', 'out', 'fwd'];
const ANY_PORT = 0x10000;

export function packSa({ protocol, dst, spi }: SaKey): string {
  const head = [PROTOCOLS.indexOf(protocol), spi >>> 24, (spi >>> 16) & 255, (spi >>> 8) & 255, spi & 255];
  return String.fromCharCode(...head, ...dst.toBytes());
}

export function unpackSa(packed: string): SaKey {
  const bytes = Buffer.from(packed, 'latin1');
  return { protocol: PROTOCOLS[bytes[0]], spi: bytes.readUInt32BE(1), dst: Address.fromBytes(bytes, 5) };
}

export function packPolicy({ direction, src, dst, protocol, srcPort, dstPort }: PolicyKey): string {
  const port = (p = ANY_PORT) => [p >> 16, (p >> 8) & 255, p & 255];
  const head = [DIRECTIONS.indexOf(direction), protocol, ...port(srcPort), ...port(dstPort), src.prefix, dst.prefix];
  return String.fromCharCode(...head, ...src.address.toBytes(), ...dst.address.toBytes());
}

export function unpackPolicy(packed: string): PolicyKey {
  const bytes = Buffer.from(packed, 'latin1');
  const srcPort = bytes.readUIntBE(2, 3);
  const dstPort = bytes.readUIntBE(5, 3);
  const octets = (bytes.length - 10) / 2;
  return {
    direction: DIRECTIONS[bytes[0]],
    protocol: bytes[1],
    src: Subnet.of(Address.fromBytes(bytes, 10, octets), bytes[8]),
    dst: Subnet.of(Address.fromBytes(bytes, 10 + octets, octets), bytes[9]),
    ...(srcPort !== ANY_PORT && { srcPort }),
    ...(dstPort !== ANY_PORT && { dstPort }),
  };
}
