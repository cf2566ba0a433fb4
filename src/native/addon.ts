/** The addon's raw surface, and where it is found. Only the files of this folder use it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface RawUdpSocket {
  /** -1 once closed. */
  readonly fd: number;
  readonly port: number;
  sendOne(bytes: Uint8Array, to: Uint8Array, port: number, from?: Uint8Array): number;
  sendBatch(arena: Uint8Array, records: Int32Array, addresses: Uint8Array, count: number): number;
  counters(): [unsent: number, overflowed: number];
  pause(): void;
  resume(): void;
  close(): void;
}

export interface RawNetlinkSocket {
  transact(length: number, requests: Uint8Array, errnos: Int32Array): [Uint8Array, (string | undefined)[]] | undefined;
  close(): void;
}

export interface Addon {
  peerCredentials(fd: number): { pid: number; uid: number; gid: number };
  openTun(name: string, vnetHeader: boolean, offloads: number): { fd: number; name: string; ifindex: number };
  encapsulateEsp(fd: number): undefined;
  bypassPolicies(fd: number, family: number): undefined;
  setBuffers(fd: number, octets: number): undefined;
  sharePort(fd: number): undefined;
  steer(fd: number, isMarked: boolean, known: number, fresh: number, esp: number): undefined;
  readonly UdpSocket: new (
    address: Uint8Array,
    port: number,
    receiveBuffer: number,
    sendBuffer: number,
    reusePort: boolean,
    mark: number,
    stamps: boolean,
    onPackets: (count: number, arena: Uint8Array, records: Int32Array, addresses: Uint8Array, waited: number) => void,
    onError: (
      errno: number,
      origin: number,
      type: number,
      code: number,
      info: number,
      destination: Uint8Array,
      port: number,
      quoted: Uint8Array,
      offender: Uint8Array | undefined,
    ) => void,
  ) => RawUdpSocket;
  readonly NetlinkSocket: new (protocol: number) => RawNetlinkSocket;
  readonly NetlinkEvents: new (
    protocol: number,
    groups: readonly number[],
    receiveBuffer: number,
    onMessages: (messages: Uint8Array, lost: boolean) => void,
  ) => { close(): void };
}

let loaded: Addon | undefined;

/** Loads at first use. Throws, saying how to build it, if it is not there. */
export function addon<T = Addon>(): T {
  loaded ??= load();
  return loaded as T;
}

function load(): Addon {
  const path = process.env.PLUTO_NATIVE ?? find(import.meta.dirname);
  if (path === undefined) throw new Error('the native addon is not built: run scripts/build-native');
  return createRequire(import.meta.url)(path) as Addon;
}

/** This file runs from src/native and from dist/src/native; the addon is built below the former. */
function find(from: string): string | undefined {
  const path = join(from, 'src/native/build/Release/pluto_native.node');
  if (existsSync(path)) return path;
  const parent = dirname(from);
  return parent === from ? undefined : find(parent);
}
