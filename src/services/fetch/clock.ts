/** Time for what runs in the services' thread, where no actor lives. The only place there that touches real time. */
export interface Clock {
  /** ms, monotonic. */
  now(): number;
  /** Calls `ring` once, after `ms`; the returned function takes that back. */
  after(ms: number, ring: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after(ms, ring) {
    const timeout = setTimeout(ring, Math.max(0, ms));
    return () => clearTimeout(timeout);
  },
};
