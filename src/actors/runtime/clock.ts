/** The one place that touches real time. Everything else is handed a `Clock`; tests hand in a `TestClock`. */
export interface Clock {
  /** Monotonic, ms, fractions allowed; its zero means nothing. */
  now(): number;
  /** Time of day: ms since the epoch. It may jump; never measure with it. */
  wall(): number;
  /** Runs `task` once, after what the event loop already has to do (sockets are served in between). */
  soon(task: () => void): void;
  /** Runs `ring` once when `now()` is about `at`: the caller looks at the clock again, it may be a little early. */
  alarm(at: number, ring: () => void): Alarm;
}

export interface Alarm {
  /** Harmless after it has rung. */
  cancel(): void;
}

export function realClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    soon: (task) => void setImmediate(task),
    alarm(at, ring) {
      const delay = Math.min(Math.max(1, Math.ceil(at - performance.now())), LONGEST_TIMEOUT);
      const timeout = setTimeout(ring, delay);
      return { cancel: () => clearTimeout(timeout) };
    },
  };
}

/** setTimeout treats anything longer as 1 ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;
