/**
 * What was on the wire: a reader of pcap files (the classic format, Ethernet) that names each packet by what an
 * onlooker may know of it. Anything it cannot call IKE, ESP or neighbour discovery is `other`, with a description:
 * the proof that nothing went in the clear is that there is none.
 */

export type WireKind =
  /** UDP 500, or UDP 4500 behind the non-ESP marker (RFC 3948 §2.2). */
  | 'ike'
  /** IP protocol 50. */
  | 'esp'
  /** UDP 4500 without the marker. */
  | 'esp-in-udp'
  /** One octet 0xFF on UDP 4500 (RFC 3948 §2.3). */
  | 'keepalive'
  /** ARP, and what IPv6 says to find neighbours and routers. */
  | 'neighbour'
  | 'other';

export interface WirePacket {
  readonly kind: WireKind;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly src: string;
  readonly dst: string;
  readonly srcPort: number;
  readonly dstPort: number;
  /** Octets on the wire. */
  readonly length: number;
  readonly what: string;
  readonly ike?: IkeHeader;
  /** Of ESP, raw or in UDP. */
  readonly spi?: number;
}

/** RFC 7296 §3.1. */
export interface IkeHeader {
  readonly initiatorSpi: string;
  readonly responderSpi: string;
  /** 53 is SKF: a fragment (RFC 7383 §2.5). 41 is Notify. */
  readonly nextPayload: number;
  /** 34 IKE_SA_INIT, 35 IKE_AUTH, 36 CREATE_CHILD_SA, 37 INFORMATIONAL. */
  readonly exchange: number;
  readonly isResponse: boolean;
  readonly messageId: number;
}

/** Every packet of the file, in order; throws when the octets are no pcap file. A cut-off last record is left out. */
export function readPcap(file: Buffer): WirePacket[] {
  if (file.length < 24) throw new Error(`not a pcap file: ${file.length} octets`);
  const isLittle = file.readUInt32LE(0) === 0xa1b2c3d4;
  if (!isLittle && file.readUInt32BE(0) !== 0xa1b2c3d4) throw new Error('not a pcap file: wrong magic');
  const uint32 = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if ((uint32(20) & 0xffff) !== 1) throw new Error(`not Ethernet: link type ${uint32(20)}`);
  const fragments = new Map<string, WirePacket>();
  const packets: WirePacket[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const captured = uint32(at + 8);
    if (at + 16 + captured > file.length) break;
    const frame = file.subarray(at + 16, at + 16 + captured);
    packets.push(classify(frame, uint32(at) + uint32(at + 4) / 1e6, uint32(at + 12), fragments));
    at += 16 + captured;
  }
  return packets;
}

/** How many of each kind there are. */
export function count(packets: readonly WirePacket[]): Readonly<Record<WireKind, number>> {
  const counts = { ike: 0, esp: 0, 'esp-in-udp': 0, keepalive: 0, neighbour: 0, other: 0 };
  for (const packet of packets) counts[packet.kind]++;
  return counts;
}

function classify(frame: Buffer, at: number, length: number, fragments: Map<string, WirePacket>): WirePacket {
  const base = { at, length, src: '', dst: '', srcPort: 0, dstPort: 0 };
  const etherType = frame.length >= 14 ? frame.readUInt16BE(12) : 0;
  const body = frame.subarray(14);
  if (etherType === 0x0806) return { ...base, kind: 'neighbour', what: 'ARP' };
  if (etherType === 0x0800 && body.length >= 20) {
    const address = (from: number): string => body.subarray(from, from + 4).join('.');
    const [src, dst] = [address(12), address(16)];
    const key = `${src} ${dst} ${body.readUInt16BE(4)} ${body[9]}`;
    const offset = body.readUInt16BE(6) & 0x1fff;
    const first = fragments.get(key);
    // A later fragment has no ports: it is what its first fragment was.
    if (offset > 0 && first) return { ...first, at, length, what: `${first.what}, continued` };
    if (offset > 0) return { ...base, src, dst, kind: 'other', what: `stray fragment of protocol ${body[9]}` };
    const packet = transport(body[9], body.subarray((body[0] & 15) * 4), { ...base, src, dst });
    if (body.readUInt16BE(6) & 0x2000) fragments.set(key, packet);
    return packet;
  }
  if (etherType === 0x86dd && body.length >= 40) {
    const ends = { ...base, src: ipv6(body.subarray(8, 24)), dst: ipv6(body.subarray(24, 40)) };
    if (body[6] !== 44 || body.length < 48) return transport(body[6], body.subarray(40), ends);
    const key = `${ends.src} ${ends.dst} ${body.readUInt32BE(44)} ${body[40]}`;
    const first = fragments.get(key);
    if (body.readUInt16BE(42) >> 3 > 0 && first) return { ...first, at, length, what: `${first.what}, continued` };
    const packet = transport(body[40], body.subarray(48), ends);
    fragments.set(key, packet);
    return packet;
  }
  return { ...base, kind: 'other', what: `Ethernet type 0x${etherType.toString(16)}` };
}

function transport(protocol: number, body: Buffer, ends: Omit<WirePacket, 'kind' | 'what'>): WirePacket {
  if (protocol === 50 && body.length >= 4) return { ...ends, kind: 'esp', what: 'ESP', spi: body.readUInt32BE(0) };
  if (protocol === 58 && body.length >= 1 && body[0] >= 133 && body[0] <= 137)
    return { ...ends, kind: 'neighbour', what: 'ICMPv6 neighbour discovery' };
  // Hop-by-hop options, then ICMPv6: multicast listener reports (RFC 3810).
  if (protocol === 0 && body.length >= 9 && body[0] === 58 && (body[8] === 143 || (body[8] >= 130 && body[8] <= 132)))
    return { ...ends, kind: 'neighbour', what: 'ICMPv6 multicast listener report' };
  if (protocol !== 17 || body.length < 9) return { ...ends, kind: 'other', what: `IP protocol ${protocol}` };
  const [srcPort, dstPort] = [body.readUInt16BE(0), body.readUInt16BE(2)];
  const udp = { ...ends, srcPort, dstPort };
  const data = body.subarray(8);
  // A NAT changes one port, never both.
  if (srcPort === 500 || dstPort === 500) return ike(data, udp);
  if (srcPort !== 4500 && dstPort !== 4500) return { ...udp, kind: 'other', what: `UDP ${srcPort} to ${dstPort}` };
  if (data.length < 4) return { ...udp, kind: 'keepalive', what: 'NAT keepalive' };
  const spi = data.readUInt32BE(0);
  return spi === 0 ? ike(data.subarray(4), udp) : { ...udp, kind: 'esp-in-udp', what: 'ESP in UDP', spi };
}

function ike(data: Buffer, ends: Omit<WirePacket, 'kind' | 'what'>): WirePacket {
  if (data.length < 28) return { ...ends, kind: 'other', what: 'short packet on an IKE port' };
  const header: IkeHeader = {
    initiatorSpi: data.toString('hex', 0, 8),
    responderSpi: data.toString('hex', 8, 16),
    nextPayload: data[16],
    exchange: data[18],
    isResponse: (data[19] & 0x20) !== 0,
    messageId: data.readUInt32BE(20),
  };
  return { ...ends, kind: 'ike', what: `IKE exchange ${header.exchange}`, ike: header };
}

/** Full form: only compared, never shown to people who would want it short. */
function ipv6(octets: Buffer): string {
  return (octets.toString('hex').match(/.{4}/g) ?? []).join(':');
}
