/** UDP sockets for IKE, and what a data plane asks of them. */
import { addon, type RawUdpSocket } from './addon.ts';
import { attempt, type SystemFault, systemFault } from './fault.ts';

/**
 * Packets of one batch. The arrays belong to the addon and are overwritten by the next batch: what a listener keeps
 * beyond its call, it copies.
 */
export interface UdpBatch {
  readonly count: number;
  readonly arena: Uint8Array;
  /** Per packet UDP_RECORD words: see UDP_RECORD's fields. */
  readonly records: Int32Array;
  /** Per packet UDP_ADDRESSES octets: source at 0, destination at 16; IPv4 fills the first 4 of each. */
  readonly addresses: Uint8Array;
}

/** Words of a packet's record; `size` words each. */
export const UDP_RECORD = { offset: 0, length: 1, family: 2, srcPort: 3, dstPort: 4, ifindex: 5, size: 6 } as const;
/** Octets of a packet's addresses; `size` octets each. */
export const UDP_ADDRESSES = { src: 0, dst: 16, size: 32 } as const;

/** An ICMP error (or a local refusal) for a packet we sent. */
export interface UdpError {
  /** `ECONNREFUSED` */
  readonly fault: SystemFault;
  readonly origin: 'local' | 'icmp' | 'icmp6' | 'other';
  readonly type: number;
  readonly code: number;
  /** The next hop's MTU when it said that the packet was too big. */
  readonly info: number;
  /** Where the packet was going. */
  readonly destination: Uint8Array;
  readonly port: number;
  /** The start of that packet's UDP payload, as much as came back. */
  readonly quoted: Uint8Array;
  /** Who complained. */
  readonly offender?: Uint8Array;
}

export interface UdpOptions {
  /** 4 or 16 octets; all zero for any. */
  readonly address: Uint8Array;
  /** 0: the kernel's choice. */
  readonly port: number;
  /** Octets; 4 MiB unless told. The kernel may cap it without CAP_NET_ADMIN. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  /** SO_REUSEPORT: another socket of ours will bind the same. */
  readonly reusePort?: boolean;
  /** SO_MARK; needs CAP_NET_ADMIN. */
  readonly mark?: number;
  /** Have the kernel note when packets come. */
  readonly stamps?: boolean;
  /** `waited`: ms that the first of them, the oldest, has waited to be read; 0 unless `stamps`. */
  onPackets(batch: UdpBatch, waited: number): void;
  onError(error: UdpError): void;
}

/** Packets of one batch at most. */
export const UDP_BATCH = 64;
const BUFFER = 4 * 1024 * 1024;
const ORIGINS = ['other', 'local', 'icmp', 'icmp6'] as const;

/**
 * A bound, non-blocking socket on Node's loop, which it keeps alive until closed. It tells which of our addresses a
 * packet came to (IP_PKTINFO), hears of ICMP errors, and never blocks: what does not fit into a buffer is lost and
 * counted.
 */
export class UdpSocket {
  readonly #raw: RawUdpSocket;
  readonly port: number;

  private constructor(raw: RawUdpSocket) {
    this.#raw = raw;
    this.port = raw.port;
  }

  static open(options: UdpOptions): UdpSocket | SystemFault {
    const { address, port, receiveBuffer = BUFFER, sendBuffer = BUFFER } = options;
    const { reusePort = false, mark = 0, stamps = false } = options;
    const raw = attempt(
      () =>
        new (addon().UdpSocket)(
          address,
          port,
          receiveBuffer,
          sendBuffer,
          reusePort,
          mark,
          stamps,
          (count, arena, records, addresses, waited) => options.onPackets({ count, arena, records, addresses }, waited),
          (errno, origin, type, code, info, destination, toPort, quoted, offender) =>
            options.onError({
              fault: systemFault(errno, 'reported for a packet sent'),
              origin: ORIGINS[origin] ?? 'other',
              type,
              code,
              info,
              destination,
              port: toPort,
              quoted,
              ...(offender && { offender }),
            }),
        ),
      `UDP port ${port}`,
    );
    return 'errno' in raw ? raw : new UdpSocket(raw);
  }

  /** -1 once closed. */
  get fd(): number {
    return this.#raw.fd;
  }

  /** Sends one packet, from one of our addresses if named. Returns 0, or the errno (positive) it was lost to. */
  send(bytes: Uint8Array, to: Uint8Array, port: number, from?: Uint8Array): number {
    return this.#raw.sendOne(bytes, to, port, from);
  }

  /**
   * Sends `count` packets laid out as in UdpBatch, with destination for `dst` and `dstPort`, and our own address, or
   * zero, for `src`. Returns how many left.
   */
  sendBatch(batch: UdpBatch): number {
    return this.#raw.sendBatch(batch.arena, batch.records, batch.addresses, batch.count);
  }

  /** Packets lost so far: `unsent` by us, `overflowed` before we read them (as of the latest packet read). */
  counters(): { readonly unsent: number; readonly overflowed: number } {
    const [unsent, overflowed] = this.#raw.counters();
    return { unsent, overflowed };
  }

  /** What comes waits in the receive buffer until `resume`, errors likewise. */
  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  close(): void {
    this.#raw.close();
  }
}

/** The kernel takes ESP out of this socket's packets and leaves us the rest (RFC 3948). */
export const encapsulateEsp = (fd: number): SystemFault | undefined =>
  attempt(() => addon().encapsulateEsp(fd), 'UDP_ENCAP');

/** Of an open socket, both ways. The kernel may cap it without CAP_NET_ADMIN. */
export const setBuffers = (fd: number, octets: number): SystemFault | undefined =>
  attempt(() => addon().setBuffers(fd, octets), 'SO_RCVBUF');

/** From now on other sockets of ours can be bound where this one is (SO_REUSEPORT); before, nobody could. */
export const sharePort = (fd: number): SystemFault | undefined => attempt(() => addon().sharePort(fd), 'SO_REUSEPORT');

/** Sockets of one port by the order in which they were bound, the first being 0. */
export interface Steering {
  /** Datagrams have the non-ESP marker of RFC 3948 §2.2 or are ESP. */
  readonly isMarked: boolean;
  /** Gets what belongs to SAs that are there, by what it says of itself. */
  readonly known: number;
  /** Gets requests for new SAs (the responder's SPI is zero, RFC 7296 §3.1) and what is no IKE message at all. */
  readonly fresh: number;
  readonly esp: number;
}

/** Has the kernel choose among the sockets that share a port with this one, by a program that it runs for each packet. */
export const steer = (fd: number, { isMarked, known, fresh, esp }: Steering): SystemFault | undefined =>
  attempt(() => addon().steer(fd, isMarked, known, fresh, esp), 'SO_ATTACH_REUSEPORT_CBPF');

/** The machine's IPsec policies do not apply to this socket. Needs CAP_NET_ADMIN. */
export const bypassPolicies = (fd: number, family: 4 | 6): SystemFault | undefined =>
  attempt(() => addon().bypassPolicies(fd, family), 'IP_XFRM_POLICY');
