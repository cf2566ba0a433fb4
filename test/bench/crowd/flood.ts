/**
 * A flood of first messages from addresses that have sent none: each packet has an SPI and a source of its own, what else
 * is in it never changes. What comes back is counted, and followed up by nobody.
 */

import { HEADER_OCTETS, NOTIFY, PAYLOAD } from '../../../src/ike/wire/index.ts';
import { isFault, UDP_ADDRESSES, UDP_RECORD, type UdpBatch, UdpSocket } from '../../../src/native/index.ts';
import type { Common } from './common.ts';
import { type IsakmpMode, isakmpFirst } from './isakmp-first.ts';
import { Warrior } from './warrior.ts';

export interface FloodOrder {
  /** Packets a second. */
  readonly rate: number;
  /** s */
  readonly seconds: number;
  /** How many addresses they seem to come from. */
  readonly sources: number;
  /** The mode of IKEv1 that each packet begins; undefined: IKE_SA_INIT. */
  readonly begins?: IsakmpMode;
}

export interface Flooded {
  readonly sent: number;
  /** Of them, refused by our own kernel. */
  readonly unsent: number;
  readonly answered: number;
  /** Of them, by a cookie. */
  readonly cookies: number;
  /** ms */
  readonly took: number;
}

const BATCH = 64;
const TICK = 2;
/** 10.128.0.0 and after: no warrior is there. */
const FIRST = 0x0a800000;

export class Flood {
  readonly #common: Common;

  constructor(common: Common) {
    this.#common = common;
  }

  async pour({ rate, seconds, sources, begins }: FloodOrder): Promise<Flooded> {
    let [answered, cookies] = [0, 0];
    const socket = UdpSocket.open({
      address: new Uint8Array(4),
      port: 0,
      onPackets: (received) => {
        answered += received.count;
        for (let i = 0; i < received.count; i++) if (hasCookie(received, i)) cookies++;
      },
      onError: () => {},
    });
    if (isFault(socket)) throw new Error(socket.why);
    const batch = this.#batch(begins);
    const startedAt = performance.now();
    let [sent, unsent] = [0, 0];
    while (performance.now() - startedAt < seconds * 1000) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * rate) - sent;
      // A generator that has been kept from the processor does not make up for it in one heap.
      for (let left = Math.min(due, (rate / 1000) * TICK * 10); left > 0; left -= BATCH) {
        this.#vary(batch, sent, sources);
        unsent += batch.count - socket.sendBatch(batch);
        sent += batch.count;
      }
      await new Promise((resolve) => setTimeout(resolve, TICK));
    }
    const took = performance.now() - startedAt;
    socket.close();
    return { sent, unsent, answered, cookies, took };
  }

  #batch(begins: IsakmpMode | undefined): UdpBatch {
    const { random } = this.#common;
    const packet = begins ? isakmpFirst(begins, random) : new Warrior(0, random(8)).init(this.#common);
    const octets = packet.length;
    const arena = new Uint8Array(BATCH * octets);
    const records = new Int32Array(BATCH * UDP_RECORD.size);
    const addresses = new Uint8Array(BATCH * UDP_ADDRESSES.size);
    for (let i = 0; i < BATCH; i++) {
      arena.set(packet, i * octets);
      const at = i * UDP_RECORD.size;
      records[at + UDP_RECORD.offset] = i * octets;
      records[at + UDP_RECORD.length] = octets;
      records[at + UDP_RECORD.family] = 4;
      records[at + UDP_RECORD.dstPort] = 500;
      addresses.set(this.#common.gateway.toBytes(), i * UDP_ADDRESSES.size + UDP_ADDRESSES.dst);
    }
    return { count: BATCH, arena, records, addresses };
  }

  #vary({ arena, records, addresses }: UdpBatch, sent: number, sources: number): void {
    const octets = records[UDP_RECORD.length];
    const view = new DataView(arena.buffer);
    const ends = new DataView(addresses.buffer);
    for (let i = 0; i < BATCH; i++) {
      const nth = sent + i;
      view.setUint32(i * octets, 0xf000_0000 | (nth & 0xfffffff));
      view.setUint32(i * octets + 4, (Math.imul(nth, 0x9e3779b1) ^ 0x5bd1e995) >>> 0);
      // The source changes with each packet, in no order that a cache could follow.
      ends.setUint32(
        i * UDP_ADDRESSES.size + UDP_ADDRESSES.src,
        FIRST + ((Math.imul(nth, 0x9e3779b1) >>> 0) % sources),
      );
    }
  }
}

/** A cookie is the first payload of a response that has one, RFC 7296 §2.6. */
function hasCookie({ arena, records }: UdpBatch, i: number): boolean {
  const at = records[i * UDP_RECORD.size + UDP_RECORD.offset];
  const type = at + HEADER_OCTETS + NOTIFY_TYPE_AT;
  return arena[at + NEXT_PAYLOAD_AT] === PAYLOAD.N && ((arena[type] << 8) | arena[type + 1]) === NOTIFY.COOKIE;
}
const NEXT_PAYLOAD_AT = 16;
const NOTIFY_TYPE_AT = 6;
