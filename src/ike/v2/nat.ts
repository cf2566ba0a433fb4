/** NAT detection, RFC 7296 §2.23: each end sends hashes of the addresses as it sees them. */
import type { Endpoint } from '../../net/endpoint.ts';
import { isSame, sha1 } from '../crypto/misc.ts';
import { NOTIFY, type Payload } from '../wire/index.ts';
import { notification } from './turn.ts';

interface Spis {
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
}

/** The two notifications. `pretend`: a source that cannot match, so that the peer encapsulates (`encapsulation=yes`). */
export function natDetection(spis: Spis, local: Endpoint, peer: Endpoint, pretend: boolean): Payload[] {
  const source = pretend ? new Uint8Array(20) : hash(spis, local);
  return [
    notification(NOTIFY.NAT_DETECTION_SOURCE_IP, source),
    notification(NOTIFY.NAT_DETECTION_DESTINATION_IP, hash(spis, peer)),
  ];
}

/** What the peer's notifications say; without any, there is no NAT traversal. */
export function detectNat(spis: Spis, payloads: readonly Payload[], local: Endpoint, peer: Endpoint) {
  const hashes = (notify: number) => payloads.flatMap((p) => (p.type === 'N' && p.notify === notify ? [p.data] : []));
  const sources = hashes(NOTIFY.NAT_DETECTION_SOURCE_IP);
  const destinations = hashes(NOTIFY.NAT_DETECTION_DESTINATION_IP);
  const isSeen = (list: Uint8Array[], at: Endpoint) => {
    const expected = hash(spis, at);
    return list.some((h) => isSame(h, expected));
  };
  return {
    isSupported: sources.length > 0 && destinations.length > 0,
    weAreNatted: destinations.length > 0 && !isSeen(destinations, local),
    peerIsNatted: sources.length > 0 && !isSeen(sources, peer),
  };
}

/** SHA-1(SPIi | SPIr | address | port). */
function hash({ spiI, spiR }: Spis, at: Endpoint): Uint8Array {
  // In one piece: hashing several costs twice as much.
  const octets = at.address.family === 4 ? SEEN_4 : SEEN_6;
  octets.set(spiI);
  octets.set(spiR, 8);
  const portAt = 16 + at.address.copyTo(octets, 16);
  octets[portAt] = at.port >> 8;
  octets[portAt + 1] = at.port;
  return sha1(octets);
}

/** Where they are put together: four for each handshake. */
const SEEN_4 = new Uint8Array(16 + 4 + 2);
const SEEN_6 = new Uint8Array(16 + 16 + 2);
