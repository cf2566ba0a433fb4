/** Messages about SAs. */
import { attributeOf, type NetlinkWriter } from '../../native/index.ts';
import { isLittleEndian } from '../../native/netlink-writer.ts';
import { Address } from '../../net/address.ts';
import type { Selector } from '../../net/selector.ts';
import { Subnet } from '../../net/subnet.ts';
import type { Encapsulation, Limits, SaAlgorithms, SaCounters, SaKey, SaProtocol, SaSpec } from '../port.ts';
import { writeSelector } from './selector.ts';
import { AF, IPPROTO, MODE, SA_INFO, STATE_FLAG, UDP_ENCAP_ESPINUDP, XFRM_MSG, XFRMA } from './uapi.ts';

/** What the kernel draws SPIs from: those below 256 are IANA's, and small ones look like mistakes in a trace. */
const SPI_MIN = 0x1000;
const SPI_MAX = 0xffffffff;
/** RFC 3173 §3.3: CPIs below are well-known or reserved, and those above private. */
const CPI_MIN = 256;
const CPI_MAX = 61_439;
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

export interface SpiRequest {
  readonly protocol: SaProtocol;
  readonly src: Address;
  readonly dst: Address;
  readonly reqid: number;
}

export function writeAllocateSpi(to: NetlinkWriter, { protocol, src, dst, reqid }: SpiRequest): void {
  to.begin(XFRM_MSG.allocateSpi).zeros(56);
  writeId(to, { protocol, dst, spi: 0 });
  to.address(src).zeros(64 + 32 + 12);
  to.u32(0).u32(reqid).u16(AF[dst.family]).u8(MODE.tunnel).u8(0).zeros(8);
  const isCpi = protocol === 'ipcomp';
  to.u32(isCpi ? CPI_MIN : SPI_MIN)
    .u32(isCpi ? CPI_MAX : SPI_MAX)
    .end();
}

/** Adds (`newSa`), or fills in an allocated SPI (`updateSa`). */
export function writeSa(to: NetlinkWriter, type: number, sa: SaSpec): void {
  to.begin(type);
  // A tunnel's SA does not say what is inside: its policies do, and they find each other by reqid. So one SA may
  // carry several pairs of selectors, of either family.
  const pair = sa.mode === 'transport' ? sa.selectors[0] : undefined;
  if (pair) {
    const src = portAndMask(pair.src);
    const dst = portAndMask(pair.dst);
    writeSelector(to, coverOf(pair.src), coverOf(pair.dst), pair.src.protocol || pair.dst.protocol, src, dst);
  } else to.zeros(56);
  writeId(to, sa);
  to.address(sa.src);
  writeLimits(to, sa.soft ?? {}, sa.hard ?? {});
  to.zeros(32 + 12);
  const flags = (sa.esn ? STATE_FLAG.esn : 0) | (sa.mode === 'tunnel' ? STATE_FLAG.afUnspec : 0);
  to.u32(0).u32(sa.reqid).u16(AF[sa.dst.family]).u8(MODE[sa.mode]).u8(0).u8(flags).zeros(7);
  writeAlgorithms(to, sa.algorithms);
  writeReplay(to, sa);
  if (sa.encapsulation) writeEncapsulation(to, sa.encapsulation);
  to.end();
}

export function writeEncapsulation(to: NetlinkWriter, { srcPort, dstPort, original }: Encapsulation) {
  to.attribute(XFRMA.encap, (v) => {
    v.u16(UDP_ENCAP_ESPINUDP).be16(srcPort).be16(dstPort).zeros(2);
    if (original) v.address(original);
    else v.zeros(16);
  });
}

/** DELSA and GETSA. */
export function writeSaKey(to: NetlinkWriter, type: number, { protocol, dst, spi }: SaKey): void {
  to.begin(type).address(dst).be32(spi).u16(AF[dst.family]).u8(IPPROTO[protocol]).zeros(1).end();
}

export const protocolOf = (number: number): SaProtocol =>
  number === IPPROTO.esp ? 'esp' : number === IPPROTO.ah ? 'ah' : 'ipcomp';

export const readSpi = (body: DataView): number => body.getUint32(SA_INFO.spi);

/** From struct xfrm_usersa_info at the start of `body`. */
export function readSaKey(body: DataView): SaKey {
  const family = body.getUint16(SA_INFO.family, isLittleEndian) === AF[6] ? 6 : 4;
  return {
    protocol: protocolOf(body.getUint8(SA_INFO.protocol)),
    dst: readAddress(body, SA_INFO.dst, family),
    spi: readSpi(body),
  };
}

export function readCounters(body: DataView): SaCounters {
  const u64 = (at: number) => Number(body.getBigUint64(at, isLittleEndian));
  const u32 = (at: number) => body.getUint32(at, isLittleEndian);
  const lastUsed = attributeOf(body, SA_INFO.size, XFRMA.lastUsed);
  return {
    bytes: u64(SA_INFO.bytes),
    packets: u64(SA_INFO.packets),
    replayed: u32(SA_INFO.statsWindow) + u32(SA_INFO.statsReplay),
    unauthentic: u32(SA_INFO.statsIntegrity),
    addedAt: u64(SA_INFO.addTime),
    usedAt:
      lastUsed && lastUsed.byteLength >= 8 ? Number(lastUsed.getBigUint64(0, isLittleEndian)) : u64(SA_INFO.useTime),
  };
}

export const readAddress = (body: DataView, at: number, family: 4 | 6): Address =>
  Address.fromBytes(new Uint8Array(body.buffer, body.byteOffset + at, family === 4 ? 4 : 16));

function writeId(to: NetlinkWriter, { protocol, dst, spi }: SaKey): void {
  to.address(dst).be32(spi).u8(IPPROTO[protocol]).zeros(3);
}

function writeLimits(to: NetlinkWriter, soft: Limits, hard: Limits): void {
  const most = (n: number | undefined) => (n === undefined ? NO_LIMIT : BigInt(n));
  to.u64(most(soft.bytes)).u64(most(hard.bytes)).u64(most(soft.packets)).u64(most(hard.packets));
  to.u64(BigInt(soft.seconds ?? 0))
    .u64(BigInt(hard.seconds ?? 0))
    .zeros(16);
}

function writeAlgorithms(to: NetlinkWriter, algorithms: SaAlgorithms): void {
  if ('aead' in algorithms) {
    const { aead } = algorithms;
    to.attribute(XFRMA.algAead, (v) =>
      v
        .ascii(aead.name, 64)
        .u32(aead.key.length * 8)
        .u32(aead.icvBits)
        .bytes(aead.key),
    );
    return;
  }
  if ('compression' in algorithms) {
    to.attribute(XFRMA.algComp, (v) => v.ascii(algorithms.compression.name, 64).u32(0));
    return;
  }
  const { integrity, encryption } = algorithms;
  if (integrity)
    to.attribute(XFRMA.algAuthTrunc, (v) =>
      v
        .ascii(integrity.name, 64)
        .u32(integrity.key.length * 8)
        .u32(integrity.icvBits)
        .bytes(integrity.key),
    );
  if (encryption)
    to.attribute(XFRMA.algCrypt, (v) =>
      v
        .ascii(encryption.name, 64)
        .u32(encryption.key.length * 8)
        .bytes(encryption.key),
    );
}

/** The bitmap's form of the replay state: needed for ESN, and for windows above 32. */
function writeReplay(to: NetlinkWriter, { direction, esn, replayWindow }: SaSpec): void {
  // Kernels want a window of an ESN SA even where nothing is received.
  const window = direction === 'in' ? replayWindow : esn ? Math.max(replayWindow, 32) : 0;
  if (window === 0 && !esn) return;
  const words = Math.ceil(window / 32);
  to.attribute(XFRMA.replayEsnValue, (v) =>
    v
      .u32(words)
      .zeros(16)
      .u32(window)
      .zeros(words * 4),
  );
}

/** The smallest block that holds all of the selector's addresses. */
function coverOf(selector: Selector): Subnet {
  let subnet = Subnet.of(selector.start);
  while (!subnet.contains(selector.end)) subnet = Subnet.of(selector.start, subnet.prefix - 1);
  return subnet;
}

/** A kernel knows port and mask; a range that is no such thing is widened to all, and left to the policies. */
function portAndMask({ startPort, endPort, protocol }: Selector): { port: number; mask: number } {
  const isIcmp = protocol === 1 || protocol === 58;
  const mask = 0xffff ^ (endPort - startPort);
  const isBlock = startPort <= endPort && (startPort & mask) === startPort && (endPort | mask) === 0xffff;
  if (isIcmp || !isBlock || !isContiguous(mask)) return { port: 0, mask: 0 };
  return { port: startPort, mask };
}

const isContiguous = (mask: number): boolean => (((mask ^ 0xffff) + 1) & (mask ^ 0xffff)) === 0;
