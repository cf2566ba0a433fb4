/**
 * The data-plane port: what the daemon asks of whatever carries ESP, and what it is told. Three planes stand
 * behind it (`xfrm`, `userspace`, `none`) and one compliance suite (test/kernel/compliance.ts) holds them to it.
 *
 * Calls are synchronous: a netlink round trip costs microseconds, less than a trip to a thread. A refusal is a
 * value that carries the kernel's errno and words. Events arrive on the main thread, never from inside a call.
 */
import type { Address } from '../net/address.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Selector } from '../net/selector.ts';
import type { Subnet } from '../net/subnet.ts';

/** Of `ipcomp` an SPI is a CPI: 16 bits, RFC 3173. */
export type SaProtocol = 'esp' | 'ah' | 'ipcomp';
export type Mode = 'tunnel' | 'transport';

/** What the plane refused: `errno` as a name (`EEXIST`), `why` in the plane's or kernel's own words. */
export interface PlaneFault {
  readonly kind: 'local';
  readonly what: 'kernel';
  readonly errno: string;
  readonly why: string;
}

/** An SA is found by where its packets go, its protocol and its SPI (RFC 4301 §4.1). */
export interface SaKey {
  readonly protocol: SaProtocol;
  readonly dst: Address;
  /** Unsigned 32 bits, host order. */
  readonly spi: number;
}

/** Limits of a lifetime; absent means none. `seconds` count from the SA's addition. */
export interface Limits {
  readonly bytes?: number;
  readonly packets?: number;
  readonly seconds?: number;
}

/** Names are the Linux crypto API's (`rfc4106(gcm(aes))`, `cbc(aes)`, `hmac(sha256)`); keys include the salt. */
export type SaAlgorithms =
  | { readonly aead: { readonly name: string; readonly key: Uint8Array; readonly icvBits: number } }
  | {
      readonly encryption?: { readonly name: string; readonly key: Uint8Array };
      readonly integrity?: { readonly name: string; readonly key: Uint8Array; readonly icvBits: number };
    }
  /** IPComp's. */
  | { readonly compression: { readonly name: 'deflate' } };

/** `original`: in transport mode, the peer's address before translation. RFC 3948 §3.1.2. */
export interface Encapsulation {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly original?: Address | undefined;
}

export interface SaSpec extends SaKey {
  readonly src: Address;
  readonly direction: 'in' | 'out';
  readonly mode: Mode;
  /** Ties SAs to the policies that use them. */
  readonly reqid: number;
  readonly algorithms: SaAlgorithms;
  readonly esn: boolean;
  /** Packets; 0 turns replay protection off. */
  readonly replayWindow: number;
  /** ESP in UDP (RFC 3948): our port and theirs in the direction of the packets. */
  readonly encapsulation?: Encapsulation | undefined;
  /**
   * What may travel inside: checked on the way in (RFC 4301 §5.2). Transport mode needs exactly one pair, but in what is
   * around another SA of a bundle: none, anything.
   */
  readonly selectors: readonly { readonly src: Selector; readonly dst: Selector }[];
  readonly soft?: Limits | undefined;
  readonly hard?: Limits | undefined;
}

/** New outer addresses or ports for an SA; NAT mappings change and MOBIKE moves. */
export interface SaMove {
  readonly src: Address;
  readonly dst: Address;
  readonly encapsulation?: Encapsulation | undefined;
}

export interface SaCounters {
  readonly bytes: number;
  readonly packets: number;
  /** Packets refused as replays, or that failed authentication. */
  readonly replayed: number;
  readonly unauthentic: number;
  /** Seconds since the epoch; 0 if never used. */
  readonly addedAt: number;
  readonly usedAt: number;
}

export interface PolicyKey {
  readonly direction: 'in' | 'out' | 'fwd';
  readonly src: Subnet;
  readonly dst: Subnet;
  /** 0: any. */
  readonly protocol: number;
  /** One port, or 0..65535 for any (a kernel knows port and mask, not ranges). */
  readonly srcPort?: number;
  readonly dstPort?: number;
}

export interface PolicySpec extends PolicyKey {
  /**
   * `protect`: only through an SA with this reqid; with no such SA an outgoing packet raises an acquire and is
   * held or dropped, never sent in the clear. `pass`: in the clear. `drop`: not at all.
   */
  readonly action: 'protect' | 'pass' | 'drop';
  /** Lower wins. */
  readonly priority: number;
  /** `protect` only: the outer addresses; `src` absent: any (a trap of a template). */
  readonly tunnel?: {
    readonly protocol: SaProtocol;
    readonly mode: Mode;
    readonly reqid: number;
    readonly src: Address;
    readonly dst: Address;
    /**
     * A bundle, from the inside out; else `protocol` alone. The first is in `mode`, what is around it in transport mode.
     * IPComp is passed over on the way in: what would not have got shorter comes without.
     */
    readonly layers?: readonly SaProtocol[] | undefined;
  };
}

export type PlaneEvent =
  /** A packet met a `protect` policy without an SA. `reqid` is the policy's. */
  | { readonly t: 'acquire'; readonly reqid: number; readonly src: Selector; readonly dst: Selector }
  | { readonly t: 'expire'; readonly key: SaKey; readonly hard: boolean }
  /** ESP in UDP came from elsewhere and was authentic. RFC 3948 §5, RFC 7296 §2.23. */
  | { readonly t: 'mapping'; readonly key: SaKey; readonly from: Endpoint };

export interface DataPlane {
  readonly name: 'xfrm' | 'userspace' | 'none';
  /** An SPI that no SA to `dst` uses; reserved until `addSa` with it, `deleteSa`, or 30 s have passed. */
  allocateSpi(request: { protocol: SaProtocol; src: Address; dst: Address; reqid: number }): number | PlaneFault;
  addSa(sa: SaSpec): PlaneFault | undefined;
  moveSa(key: SaKey, to: SaMove): PlaneFault | undefined;
  /** Deleting what is not there is a fault with errno ESRCH. */
  deleteSa(key: SaKey): PlaneFault | undefined;
  counters(key: SaKey): SaCounters | PlaneFault;
  /** Adds, or replaces the one with the same key. */
  putPolicy(policy: PolicySpec): PlaneFault | undefined;
  deletePolicy(key: PolicyKey): PlaneFault | undefined;
  /** Many at once; answers line up with the requests. */
  batch(operations: readonly PlaneOperation[]): readonly (PlaneFault | undefined)[];
  /** IKE itself must pass: called for each bound socket, before its first packet. */
  serve(socket: {
    readonly fd: number;
    readonly local: Endpoint;
    readonly encapsulates: boolean;
  }): PlaneFault | undefined;
  /** The socket is about to be closed. */
  unserve(local: Endpoint): void;
  /** Removes every SA and policy of ours. */
  flush(): void;
  close(): void;
}

export type PlaneOperation =
  | { readonly op: 'addSa'; readonly sa: SaSpec }
  | { readonly op: 'deleteSa'; readonly key: SaKey }
  | { readonly op: 'putPolicy'; readonly policy: PolicySpec }
  | { readonly op: 'deletePolicy'; readonly key: PolicyKey };

/** Every plane is opened so: a fault says why this machine cannot have it, in words for the log. */
export type OpenPlane = (onEvent: (event: PlaneEvent) => void, warn: (text: string) => void) => DataPlane | PlaneFault;
