/** The userspace data plane's engine (engine.h), as the addon gives it: flat values in, flat values out. */
import { addon } from '../addon.ts';
import { attempt, type SystemFault } from '../fault.ts';

/** Inclusive, addresses of 4 or 16 octets. */
export interface EngineRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
}

export interface EngineLimits {
  readonly bytes?: number;
  readonly packets?: number;
  readonly seconds?: number;
}

export interface EngineSa {
  readonly spi: number;
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly isOutbound: boolean;
  readonly isTransport: boolean;
  readonly esn: boolean;
  readonly encapsulates: boolean;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly reqid: number;
  readonly replayWindow: number;
  readonly selectors: readonly { readonly src: EngineRange; readonly dst: EngineRange }[];
  readonly soft?: EngineLimits | undefined;
  readonly hard?: EngineLimits | undefined;
  readonly aead?: string;
  readonly aeadKey?: Uint8Array;
  readonly encryption?: string;
  readonly encryptionKey?: Uint8Array;
  readonly integrity?: string;
  readonly integrityKey?: Uint8Array;
  readonly icvBits: number;
}

export type EngineEvent =
  | {
      readonly t: 'acquire';
      readonly reqid: number;
      readonly src: Uint8Array;
      readonly dst: Uint8Array;
      readonly protocol: number;
      readonly hasPorts: boolean;
      readonly srcPort: number;
      readonly dstPort: number;
    }
  | { readonly t: 'expire'; readonly spi: number; readonly dst: Uint8Array; readonly hard: boolean }
  | {
      readonly t: 'mapping';
      readonly spi: number;
      readonly dst: Uint8Array;
      readonly from: Uint8Array;
      readonly fromPort: number;
    };

/** Packets that no SA counts, by what became of them. */
export interface EngineTotals {
  readonly noSa: number;
  readonly malformed: number;
  readonly notSelected: number;
  readonly held: number;
  readonly overheld: number;
  readonly dropped: number;
  readonly noSocket: number;
  readonly passed: number;
  readonly unsent: number;
  readonly unheard: number;
}

/** Numbers that calls return are errnos, 0 for success. */
export interface UserspaceEngine {
  /** What this machine did not let the engine have, in words; usually empty. */
  readonly warnings: string;
  addSa(sa: EngineSa): [errno: number, why: string] | undefined;
  moveSa(
    spi: number,
    dst: Uint8Array,
    newSrc: Uint8Array,
    newDst: Uint8Array,
    encapsulates: boolean,
    srcPort: number,
    dstPort: number,
  ): number;
  deleteSa(spi: number, dst: Uint8Array): number;
  /** bytes, packets, replayed, unauthentic, added at, used at (seconds since the epoch); or an errno. */
  counters(spi: number, dst: Uint8Array): [number, number, number, number, number, number] | number;
  putPolicy(id: number, action: string, priority: number, reqid: number, src: EngineRange, dst: EngineRange): void;
  deletePolicy(id: number): number;
  serve(fd: number, address: Uint8Array, port: number, encapsulates: boolean): number;
  unserve(address: Uint8Array, port: number): void;
  flush(): void;
  totals(): EngineTotals;
  /** Ends the thread and closes the TUN device. */
  close(): void;
}

interface Addon {
  nfnetlinkBatch(messages: Uint8Array): number | number[];
  readonly UserspaceEngine?: new (
    tun: number,
    mark: number,
    onEvents: (events: readonly EngineEvent[]) => void,
  ) => UserspaceEngine;
}

/** Starts the engine on a TUN device opened with a vnet header; the descriptor is the engine's from then on. */
export function startEngine(
  tun: number,
  mark: number,
  onEvents: (events: readonly EngineEvent[]) => void,
): UserspaceEngine | SystemFault {
  const { UserspaceEngine } = addon<Addon>();
  if (!UserspaceEngine) throw new Error('the native addon was built without the userspace data plane');
  return attempt(() => new UserspaceEngine(tun, mark, onEvents), 'userspace engine');
}

/**
 * Carries out a batch of nfnetlink messages, whole or not at all. The handles of new rules that were to be echoed, in
 * order; or the errno of the first refusal.
 */
export const nfnetlinkBatch = (messages: Uint8Array): readonly number[] | number =>
  addon<Addon>().nfnetlinkBatch(messages);
