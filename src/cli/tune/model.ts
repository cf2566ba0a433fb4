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
 * What the daemon's main thread needs for each µs of the protocol: sockets, the data plane, the log, and a heap that is
 * larger. Where both were measured one after the other, by PSK on a quiet machine, they were 140 and 119 µs.
 */
const WHOLE = 1.2;
/** V8's own threads work along: collecting garbage, compiling. */
const COMPANY = 1.2;
/** A thread that is never idle answers late: this share of it can be had. */
const SHARE = 0.85;

/** From what the protocol needs for a handshake. */
export const mainWork = (protocol: number): number => protocol * WHOLE;

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
/** Of what the machine can do, for one address that never completes what it begins. */
const OF_ONE_SOURCE = 0.01;
/** ms: after as much, initiators send again; it is the least, and this many handshakes may always wait. */
const LEAST_DELAY = 500;
const QUEUE = 20;

/** Keywords of `config setup`, by what they are about. */
export interface Limits {
  /** `ddos-ike-threshold`. */
  readonly cookiesFrom: number;
  /** `max-halfopen-ike`. */
  readonly maxHalfOpen: number;
  /** `max-halfopen-per-source`. */
  readonly maxPerSource: number;
  /** `ddos-delay`, ms. */
  readonly delay: number;
}

/** For so many handshakes a second, of which one takes `longest` µs of a thread. */
export function limitsFor(rate: number, longest: number): Limits {
  const round = (n: number, to: number, least: number) => Math.max(least, Math.round(n / to) * to);
  return {
    cookiesFrom: round(rate * CALM, 100, 100),
    maxHalfOpen: round(rate * PATIENCE, 100, 100),
    maxPerSource: round(rate * PATIENCE * OF_ONE_SOURCE, 10, 32),
    delay: round((QUEUE * longest) / 1000, 100, LEAST_DELAY),
  };
}
