/**
 * From the cost of the parts to what may be expected of the whole. A handshake is IKE_SA_INIT, IKE_AUTH and the first
 * child, as responder.
 */

/** µs each. */
export interface Costs {
  /** What the main thread does for a handshake besides cryptography that helpers may do. */
  readonly main: number;
  /** Key exchange and proof. */
  readonly crypto: number;
  /** What the main thread does to have a helper do a job, and how many jobs there are. */
  readonly offload: number;
  readonly jobs: number;
}

export interface Expected {
  readonly nhelpers: number;
  /** Handshakes a second. */
  readonly rate: number;
  /** µs of all threads. */
  readonly cpu: number;
}

/**
 * On the machine where the daemon was measured (docs/performance.md): µs of the main thread for a handshake by PSK, its
 * cryptography and the way to helpers left out, while sealing 300 octets took `SEAL`.
 */
export const MAIN_WORK = { handshake: 320, seal: 7 } as const;
/** V8's own threads work along: collecting garbage, compiling. */
const COMPANY = 1.2;
/** A thread that is never idle answers late: this share of it can be had. */
const SHARE = 0.85;

export const mainWork = (seal: number): number => (MAIN_WORK.handshake * seal) / MAIN_WORK.seal;

/** With so many helpers on so many processors that have nothing else to do. */
export function expected({ main, crypto, offload, jobs }: Costs, nhelpers: number, cpus: number): Expected {
  const onMain = nhelpers === 0 ? main + crypto : main + offload * jobs;
  const cpu = main * COMPANY + crypto + (nhelpers === 0 ? 0 : offload * jobs);
  const limits = [1 / onMain, cpus / cpu, ...(nhelpers === 0 ? [] : [nhelpers / crypto])];
  return { nhelpers, rate: Math.min(...limits) * SHARE * 1e6, cpu };
}

/** The fewest that are within a fiftieth of the best for these together, each as frequent as it is. */
export function bestHelpers(all: readonly (Costs & { readonly weight: number })[], cpus: number): number {
  const rates = Array.from({ length: cpus + 1 }, (_, n) => {
    const weights = all.reduce((sum, { weight }) => sum + weight, 0);
    const seconds = all.reduce((sum, costs) => sum + costs.weight / expected(costs, n, cpus).rate, 0);
    return weights / seconds;
  });
  const best = Math.max(...rates);
  return rates.findIndex((rate) => rate >= best / 1.02);
}

/** A packet of 400 octets takes so many of a socket's buffer: measured. */
const BUFFER_OF_PACKET = 1_280;

/** Octets of `ike-socket-bufsize` for a burst: the kernel doubles what it is told. */
export const bufferFor = (packets: number): number => Math.ceil((packets * BUFFER_OF_PACKET) / 2);

/** First packets that a buffer of so many octets, as the kernel counts them, holds. */
export const packetsIn = (octets: number): number => Math.floor(octets / BUFFER_OF_PACKET);

/** An initiator begins anew after half a minute: who waits longer waits in vain. s. */
const PATIENCE = 30;
/** s of half-open SAs above which those who come are asked whether they are there. */
const CALM = 2;

export interface Limits {
  readonly cookiesFrom: number;
  readonly maxHalfOpen: number;
}

/** Half-open SAs that can be served in time, at this rate. */
export function limitsFor(rate: number): Limits {
  const round = (n: number) => Math.max(100, Math.round(n / 100) * 100);
  return { cookiesFrom: round(rate * CALM), maxHalfOpen: round(rate * PATIENCE) };
}
