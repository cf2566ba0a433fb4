/**
 * What we have installed, so that we take out that and nothing else. 100,000 tunnels make 500,000 entries:
 * each is a short string of octets, from which the key can be had back.
 */
import { Address } from '../net/address.ts';
import { Subnet } from '../net/subnet.ts';
import type { PolicyKey, SaKey, SaProtocol } from './port.ts';

const PROTOCOLS: readonly SaProtocol[] = ['esp', 'ah', 'ipcomp'];
const DIRECTIONS: readonly PolicyKey['direction'][] = ['in', 'out', 'fwd'];
const ANY_PORT = 0x10000;
/** Where keys are put together, of which each SA needs several. */
const page = Buffer.alloc(10 + 2 * 16);

export function packSa({ protocol, dst, spi }: SaKey): string {
  page[0] = PROTOCOLS.indexOf(protocol);
  page.writeUInt32BE(spi, 1);
  return page.toString('latin1', 0, 5 + dst.copyTo(page, 5));
}

export function unpackSa(packed: string): SaKey {
  const bytes = Buffer.from(packed, 'latin1');
  return { protocol: PROTOCOLS[bytes[0]], spi: bytes.readUInt32BE(1), dst: Address.fromBytes(bytes, 5) };
}

export function packPolicy({ direction, src, dst, protocol, srcPort, dstPort }: PolicyKey): string {
  page[0] = DIRECTIONS.indexOf(direction);
  page[1] = protocol;
  page.writeUIntBE(srcPort ?? ANY_PORT, 2, 3);
  page.writeUIntBE(dstPort ?? ANY_PORT, 5, 3);
  page[8] = src.prefix;
  page[9] = dst.prefix;
  const octets = src.address.copyTo(page, 10);
  return page.toString('latin1', 0, 10 + octets + dst.address.copyTo(page, 10 + octets));
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
