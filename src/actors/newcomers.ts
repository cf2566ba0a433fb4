/**
 * A port's second socket. Whoever floods us with first messages fills its buffer, and not the one in which the packets of
 * established peers arrive.
 *
 *     port ─ kernel ─┬─ names an SA, or answers us ──────► first socket ──────────────────► switchboard.receive
 *                    └─ asks for a new SA, or is no IKE ─► this one, while there is room ─┬► switchboard.receive
 *                                                              cookies are demanded: ─────┴► switchboard.greet
 */
import { COOKIE_ANSWER_OCTETS, type Knock } from '../ike/v2/cookies.ts';
import type { DataPlane } from '../kernel/port.ts';
import {
  isFault,
  type SystemFault,
  setBuffers,
  sharePort,
  steer,
  UDP_ADDRESSES,
  UDP_BATCH,
  UDP_RECORD,
  type UdpBatch,
  type UdpError,
  UdpSocket,
} from '../native/index.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Switchboard } from './switchboard.ts';

/** Octets: a burst of 5,000 first messages, and each of them once more, until we have come to them. */
const BUFFER = 8 * 1024 * 1024;

export interface NewcomersOptions {
  readonly local: Endpoint;
  /** Octets before each IKE message. */
  readonly skip: number;
  /** Octets of its buffers; 0: ours. */
  readonly bufferOctets: number;
  readonly plane: DataPlane;
  readonly switchboard: Switchboard;
  /** Takes those of the batch that are to be received as any other. */
  readonly receive: (batch: UdpBatch, isWanted: (i: number) => boolean) => void;
  readonly onError: (error: UdpError) => void;
}

export class Newcomers {
  readonly #options: NewcomersOptions;
  readonly #answers: Answers;
  #socket: UdpSocket | undefined = undefined;

  private constructor(options: NewcomersOptions) {
    this.#options = options;
    this.#answers = new Answers(options.skip, options.local.address.family);
  }

  /** Where `first` is bound, and has been since before anybody else could be; otherwise why not. */
  static open(first: UdpSocket, options: NewcomersOptions): Newcomers | SystemFault {
    const self = new Newcomers(options);
    const { local, skip, bufferOctets, plane } = options;
    const refused = sharePort(first.fd);
    if (refused) return refused;
    const socket = UdpSocket.open({
      address: local.address.toBytes(),
      port: first.port,
      reusePort: true,
      stamps: true,
      receiveBuffer: bufferOctets > 0 ? bufferOctets : BUFFER,
      ...(bufferOctets > 0 ? { sendBuffer: bufferOctets } : {}),
      onPackets: (batch, waited) => self.#read(batch, waited),
      onError: options.onError,
    });
    if (isFault(socket)) return socket;
    // The userspace data plane has bound a socket for ESP between the two; elsewhere the kernel takes ESP from the first.
    const hasEsp = skip > 0 && plane.name === 'userspace';
    const fault =
      (plane.name === 'xfrm' ? plane.serve({ fd: socket.fd, local, encapsulates: skip > 0 }) : undefined) ??
      steer(first.fd, { isMarked: skip > 0, known: 0, fresh: hasEsp ? 2 : 1, esp: hasEsp ? 1 : 0 });
    if (fault) {
      socket.close();
      return fault;
    }
    self.#socket = socket;
    return self;
  }

  resize(octets: number): SystemFault | undefined {
    return this.#socket && setBuffers(this.#socket.fd, octets);
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #read(batch: UdpBatch, waited: number): void {
    const { switchboard } = this.#options;
    switchboard.afterWaiting(waited, () => this.#take(batch));
    const socket = this.#socket;
    if (!socket || switchboard.hasRoom) return;
    socket.pause();
    switchboard.whenRoom(() => socket.resume());
  }

  #take(batch: UdpBatch): void {
    const { switchboard, receive } = this.#options;
    if (!switchboard.greets) return receive(batch, () => true);
    const answers = this.#answers.of(batch);
    receive(batch, (i) => answers.greet(i, switchboard));
    if (this.#socket && answers.batch.count > 0) this.#socket.sendBatch(answers.batch);
  }
}

/** Cookies for one batch of first messages: they are made where they are sent from, and leave together. */
class Answers {
  readonly #skip: number;
  readonly #octets: number;
  readonly #knock: { -readonly [K in keyof Knock]: Knock[K] };
  #from: UdpBatch | undefined = undefined;
  readonly batch = {
    count: 0,
    arena: new Uint8Array(0),
    records: new Int32Array(UDP_BATCH * UDP_RECORD.size),
    addresses: new Uint8Array(UDP_BATCH * UDP_ADDRESSES.size),
  };

  constructor(skip: number, family: 4 | 6) {
    this.#skip = skip;
    this.#octets = skip + COOKIE_ANSWER_OCTETS;
    this.batch.arena = new Uint8Array(UDP_BATCH * this.#octets);
    for (let i = 0; i < UDP_BATCH; i++) {
      this.batch.records[i * UDP_RECORD.size + UDP_RECORD.offset] = i * this.#octets;
      this.batch.records[i * UDP_RECORD.size + UDP_RECORD.length] = this.#octets;
    }
    const nothing = new Uint8Array(0);
    this.#knock = { bytes: nothing, at: 0, octets: 0, addresses: nothing, from: 0, family };
  }

  /** None yet, for the messages of this one. */
  of(batch: UdpBatch): this {
    this.#from = batch;
    this.batch.count = 0;
    this.#knock.bytes = batch.arena;
    this.#knock.addresses = batch.addresses;
    return this;
  }

  /** False if there is nothing left to do about the message. */
  greet(i: number, switchboard: Switchboard): boolean {
    const from = this.#from;
    if (!from) return true;
    const { batch } = this;
    const knock = this.#knock;
    const record = i * UDP_RECORD.size;
    knock.at = from.records[record + UDP_RECORD.offset] + this.#skip;
    knock.octets = from.records[record + UDP_RECORD.length] - this.#skip;
    knock.from = i * UDP_ADDRESSES.size + UDP_ADDRESSES.src;
    const done = switchboard.greet(knock, batch.arena, batch.count * this.#octets + this.#skip);
    if (done === 'answered') {
      const to = batch.count * UDP_ADDRESSES.size + UDP_ADDRESSES.dst;
      const octets = knock.family === 4 ? 4 : 16;
      for (let j = 0; j < octets; j++) batch.addresses[to + j] = from.addresses[knock.from + j];
      batch.records[batch.count * UDP_RECORD.size + UDP_RECORD.dstPort] = from.records[record + UDP_RECORD.srcPort];
      batch.count++;
    }
    return done === 'receive';
  }
}
