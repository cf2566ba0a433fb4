/**
 * The endpoints: for each of our addresses and ports one UDP socket, and one beside it for who wants a new SA
 * (newcomers.ts). A packet is copied once, out of the batch that it came in, and goes to the switchboard.
 */
import type { DataPlane } from '../kernel/port.ts';
import {
  isFault,
  setBuffers,
  UDP_ADDRESSES,
  UDP_RECORD,
  type UdpBatch,
  type UdpError,
  UdpSocket,
} from '../native/index.ts';
import { Address } from '../net/address.ts';
import { Endpoint } from '../net/endpoint.ts';
import { Newcomers } from './newcomers.ts';
import { Outbox } from './outbox.ts';
import type { Sender, Switchboard } from './switchboard.ts';

/** Octets of zero that tell IKE from ESP on a port that carries both. RFC 3948 §2.2. */
const MARKER = 4;
const KEEPALIVE = Uint8Array.of(0xff);

export interface SocketOptions {
  readonly switchboard: Switchboard;
  readonly plane: DataPlane;
  readonly settings: SocketSettings;
}

/** Of all sockets, those of later included. */
export interface SocketSettings {
  /** Say what ICMP says of our packets. */
  hearsErrors: boolean;
  /** Octets; 0: ours. */
  bufferOctets: number;
}

export class IkeSocket implements Sender {
  readonly local: Endpoint;
  /** Carries ESP too. */
  readonly encapsulates: boolean;
  readonly #options: SocketOptions;
  #socket: UdpSocket | undefined = undefined;
  #outbox: Outbox | undefined = undefined;
  #newcomers: Newcomers | undefined = undefined;
  /** Why a flood of first messages takes room from established peers. */
  lacks: string | undefined = undefined;

  private constructor(local: Endpoint, encapsulates: boolean, options: SocketOptions) {
    this.local = local;
    this.encapsulates = encapsulates;
    this.#options = options;
  }

  /** Binds, tells the data plane, and begins to receive; otherwise why not. */
  static open(local: Endpoint, encapsulates: boolean, options: SocketOptions): IkeSocket | { readonly why: string } {
    const self = new IkeSocket(local, encapsulates, options);
    const { settings, plane } = options;
    const { bufferOctets } = settings;
    const socket = UdpSocket.open({
      address: local.address.toBytes(),
      port: local.port,
      ...(bufferOctets > 0 ? { receiveBuffer: bufferOctets, sendBuffer: bufferOctets } : {}),
      onPackets: (batch) => self.#receive(batch, ANY),
      onError: (error) => (settings.hearsErrors ? self.#failed(error) : undefined),
    });
    if (isFault(socket)) return { why: `${socket.why} (${socket.errno})` };
    const fault = plane.serve({ fd: socket.fd, local, encapsulates });
    if (fault) {
      socket.close();
      return { why: `${fault.why} (${fault.errno})` };
    }
    self.#socket = socket;
    self.#outbox = new Outbox(socket, self.#skip);
    self.#openNewcomers(socket);
    options.switchboard.attach(local, self);
    return self;
  }

  #openNewcomers(socket: UdpSocket): void {
    const { settings, plane, switchboard } = this.#options;
    const newcomers = Newcomers.open(socket, {
      local: this.local,
      skip: this.#skip,
      bufferOctets: settings.bufferOctets,
      plane,
      switchboard,
      receive: (batch, isWanted) => this.#receive(batch, isWanted),
      onError: (error) => (settings.hearsErrors ? this.#failed(error) : undefined),
    });
    if (isFault(newcomers)) this.lacks = `${newcomers.why} (${newcomers.errno})`;
    else this.#newcomers = newcomers;
  }

  send(peer: Endpoint, bytes: Uint8Array): void {
    this.#outbox?.add(bytes, peer);
  }

  flush(): void {
    this.#outbox?.flush();
  }

  sendKeepalive(peer: Endpoint): void {
    this.#socket?.send(KEEPALIVE, peer.address.toBytes(), peer.port);
  }

  /** To what the settings say now; otherwise why not. */
  resize(): string | undefined {
    const { bufferOctets } = this.#options.settings;
    const fault = (this.#socket && setBuffers(this.#socket.fd, bufferOctets)) ?? this.#newcomers?.resize(bufferOctets);
    return fault && `${fault.why} (${fault.errno})`;
  }

  close(): void {
    if (!this.#socket) return;
    this.#options.switchboard.detach(this.local);
    this.#options.plane.unserve(this.local);
    this.flush();
    this.#newcomers?.close();
    this.#socket.close();
    this.#socket = undefined;
  }

  /** Anybody can send an ICMP error: it is said, and changes nothing. RFC 7296 §2.4. */
  #failed({ fault, origin, type, code, quoted, offender }: UdpError): void {
    const from = offender ? `, complainant ${addressText(offender)}` : '';
    const how = origin === 'icmp' || origin === 'icmp6' ? `ICMP type ${type} code ${code} (not authenticated)` : origin;
    const text = `ERROR: asynchronous network error report on ${this.local}${from}: ${fault.errno} [origin ${how}]`;
    this.#options.switchboard.networkError(quoted.subarray(this.#skip), text);
  }

  get #skip(): number {
    return this.encapsulates ? MARKER : 0;
  }

  #receive({ count, arena, records, addresses }: UdpBatch, isWanted: (i: number) => boolean): void {
    const skip = this.#skip;
    const { switchboard } = this.#options;
    for (let i = 0; i < count; i++) {
      const record = i * UDP_RECORD.size;
      const start = records[record + UDP_RECORD.offset];
      const length = records[record + UDP_RECORD.length];
      // ESP that the data plane did not want, and keepalives.
      if (length <= skip || (skip > 0 && !isMarked(arena, start)) || !isWanted(i)) continue;
      if (switchboard.isStray(arena, start + skip, length - skip)) continue;
      const from = i * UDP_ADDRESSES.size + UDP_ADDRESSES.src;
      const octets = this.local.address.family === 4 ? 4 : 16;
      const peer = new Endpoint(Address.fromBytes(addresses, from, octets), records[record + UDP_RECORD.srcPort]);
      switchboard.receive({ local: this.local, peer, bytes: arena.slice(start + skip, start + length) });
    }
    switchboard.flush();
  }
}

const ANY = () => true;
const isMarked = (bytes: Uint8Array, at: number) => (bytes[at] | bytes[at + 1] | bytes[at + 2] | bytes[at + 3]) === 0;

const addressText = (octets: Uint8Array) =>
  octets.length === 4 || octets.length === 16 ? Address.fromBytes(octets) : '?';
