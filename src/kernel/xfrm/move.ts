/**
 * Moving an SA to other addresses or ports. The kernel has no such call for all kernels that we meet, so the SA is
 * read, keys, counters, replay state and all, and installed again under its new address.
 */
import { attributesOf, type NetlinkWriter } from '../../native/index.ts';
import { isLittleEndian } from '../../native/netlink-writer.ts';
import type { SaMove } from '../port.ts';
import { writeEncapsulation } from './sa.ts';
import { REPLAY_ESN, SA_INFO, STATE_FLAG, XFRM_MSG, XFRMA } from './uapi.ts';

/**
 * Packets may leave between the reading and the deletion; a sequence number must never be used twice (RFC 4303
 * §3.3.3), and receivers do not mind a gap.
 */
const SEQUENCE_GAP = 256;

/** Attributes that describe an SA but are not taken back by the kernel, or that we write anew. */
const OWN = new Set<number>([XFRMA.encap, XFRMA.lastUsed, XFRMA.pad, XFRMA.lifetimeValue]);

/** `body` is the kernel's answer to GETSA. */
export function writeMovedSa(to: NetlinkWriter, body: DataView, { src, dst, encapsulation }: SaMove): void {
  const octets = (from: number, length: number) => new Uint8Array(body.buffer, body.byteOffset + from, length);
  to.begin(XFRM_MSG.newSa);
  to.bytes(octets(0, SA_INFO.dst)).address(dst);
  to.bytes(octets(SA_INFO.spi, SA_INFO.src - SA_INFO.spi)).address(src);
  to.bytes(octets(SA_INFO.src + 16, SA_INFO.size - SA_INFO.src - 16));
  const isExtended = (body.getUint8(SA_INFO.flags) & STATE_FLAG.esn) !== 0;
  for (const [type, value] of attributesOf(body, SA_INFO.size)) {
    if (OWN.has(type)) continue;
    const isReplay = type === XFRMA.replayEsnValue || type === XFRMA.replayValue;
    to.attribute(type, (v) => v.bytes(isReplay ? ahead(type, value, isExtended) : bytesOf(value)));
  }
  to.attribute(XFRMA.lifetimeValue, (v) => v.bytes(octets(SA_INFO.bytes, 32)));
  if (encapsulation) writeEncapsulation(to, encapsulation);
  to.end();
}

/** The replay state with its outgoing sequence number moved on, if it has sent anything; never past its end. */
function ahead(type: number, value: DataView, isExtended: boolean): Uint8Array {
  const bytes = bytesOf(value).slice();
  const view = new DataView(bytes.buffer);
  const at = type === XFRMA.replayEsnValue ? REPLAY_ESN.oseq : 0;
  const sent = view.getUint32(at, isLittleEndian);
  const next = sent + SEQUENCE_GAP;
  if (sent === 0 && !isExtended) return bytes; // an incoming SA
  view.setUint32(at, isExtended ? next : Math.min(next, 0xffffffff), isLittleEndian);
  if (isExtended && next > 0xffffffff)
    view.setUint32(REPLAY_ESN.oseqHigh, view.getUint32(REPLAY_ESN.oseqHigh, isLittleEndian) + 1, isLittleEndian);
  return bytes;
}

const bytesOf = (value: DataView): Uint8Array => new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
