/**
 * What a socket is to send, until the actors have had their turns: then it leaves in one call. A packet that leaves alone
 * costs several times as much, most of it for waking up whoever it is for.
 */
import { UDP_ADDRESSES, UDP_BATCH, UDP_RECORD, type UdpSocket } from '../native/index.ts';
import type { Endpoint } from '../net/endpoint.ts';

/** Octets for a batch: most messages have a few hundred. */
const ROOM = 65_536;

export class Outbox {
  readonly #socket: UdpSocket;
  /** Octets of zero before each message. */
  readonly #skip: number;
  readonly #batch = {
    count: 0,
    arena: new Uint8Array(0),
    records: new Int32Array(UDP_BATCH * UDP_RECORD.size),
    addresses: new Uint8Array(UDP_BATCH * UDP_ADDRESSES.size),
  };
  #used = 0;

  constructor(socket: UdpSocket, skip: number) {
    this.#socket = socket;
    this.#skip = skip;
  }

  /** `bytes` are the caller's again. */
  add(bytes: Uint8Array, { address, port }: Endpoint): void {
    const octets = this.#skip + bytes.length;
    const batch = this.#batch;
    if (batch.count === UDP_BATCH || this.#used + octets > ROOM) this.flush();
    if (octets > ROOM) {
      const alone = new Uint8Array(octets);
      alone.set(bytes, this.#skip);
      this.#socket.send(alone, address.toBytes(), port);
      return;
    }
    if (batch.arena.length === 0) batch.arena = new Uint8Array(ROOM);
    const record = batch.count * UDP_RECORD.size;
    batch.arena.fill(0, this.#used, this.#used + this.#skip);
    batch.arena.set(bytes, this.#used + this.#skip);
    batch.records[record + UDP_RECORD.offset] = this.#used;
    batch.records[record + UDP_RECORD.length] = octets;
    batch.records[record + UDP_RECORD.dstPort] = port;
    batch.addresses.set(address.toBytes(), batch.count * UDP_ADDRESSES.size + UDP_ADDRESSES.dst);
    this.#used += octets;
    batch.count++;
  }

  flush(): void {
    if (this.#batch.count > 0) this.#socket.sendBatch(this.#batch);
    this.#batch.count = 0;
    this.#used = 0;
  }
}
