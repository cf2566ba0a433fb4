/** What RADIUS wants of the world: time, dice, sockets, the log and the secrets. Tests bring their own. */
import type { Address } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';

/** The daemon's, as far as it is needed here. */
export interface Clock {
  /** ms, monotonic. */
  now(): number;
  /** ms since 1970. */
  wall(): number;
  alarm(at: number, ring: () => void): { cancel(): void };
}

export interface Ports {
  readonly clock: Clock;
  random(octets: number): Uint8Array;
  log(level: 'info' | 'warn' | 'debug', text: string): void;
  /** What we share with the host at this address. Belongs to the store: used within one step, not kept, not wiped. */
  secret(address: Address): Uint8Array | undefined;
  /** A socket that speaks with `remote` alone, from a port that nobody can guess. */
  connect(remote: Endpoint, hear: (octets: Uint8Array) => void, failed: (why: string) => void): Socket;
}

export interface Socket {
  /** Never throws; what cannot be sent is lost, and `failed` says why. */
  send(octets: Uint8Array): void;
  close(): void;
}
