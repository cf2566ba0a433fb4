/** Every bound of the control socket. The server counts what each of them turned away (ControlCounters). */
export interface ControlLimits {
  /** Clients at once; one more is told so and closed. */
  readonly maxClients: number;
  /** Octets in one frame, either way. */
  readonly maxFrame: number;
  /** Requests that wait for the one being answered; reading from the client stops there. */
  readonly maxPending: number;
  /** Octets waiting for a client that does not read, from which on producers are asked to wait. */
  readonly congested: number;
  /** Octets waiting for a client that does not read, from which on it is dropped. */
  readonly maxQueued: number;
  /** A client that asks nothing for so long is closed; ms. */
  readonly idleTimeout: number;
  /** A client that takes nothing of what waits for it for so long is dropped; ms. */
  readonly stallTimeout: number;
}

export const CONTROL_LIMITS: ControlLimits = {
  maxClients: 64,
  maxFrame: 1 << 20,
  maxPending: 64,
  congested: 128 << 10,
  maxQueued: 4 << 20,
  idleTimeout: 60_000,
  stallTimeout: 30_000,
};
