/**
 * Lines that anybody can provoke with a packet: so many in a minute, then how many more there were. Whoever fills a
 * disk with log lines has won without a key.
 */
import type { About } from './lines.ts';
import type { LogLevel } from './world.ts';

/** Lines in a window, and its length in ms. */
const MOST = 100;
const WINDOW = 60_000;

export class Seldom {
  readonly #now: () => number;
  readonly #log: (level: LogLevel, text: string, about?: About) => void;
  /** Told of each line that is left out. */
  readonly #omitted: () => void;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(
    now: () => number,
    log: (level: LogLevel, text: string, about?: About) => void,
    omitted: () => void = () => {},
  ) {
    this.#now = now;
    this.#omitted = omitted;
    this.#log = log;
  }

  /** For whoever has lines of all kinds about strangers: those for debugging are asked for, and not counted. */
  tell(level: LogLevel, text: string): void {
    if (level === 'debug') this.#log(level, text);
    else this.say(level, text);
  }

  say(level: LogLevel, text: string, about?: About): void {
    const now = this.#now();
    if (now - this.#since >= WINDOW) {
      const untold = this.#lines - MOST;
      if (untold > 0) this.#log('warn', `${untold} lines about packets from strangers were left out`);
      this.#since = now;
      this.#lines = 0;
    }
    this.#lines++;
    if (this.#lines > MOST) this.#omitted();
    if (this.#lines <= MOST) this.#log(level, text, about);
    else if (this.#lines === MOST + 1)
      this.#log('warn', `more than ${MOST} lines about packets from strangers in a minute; the rest is left out`);
  }
}
