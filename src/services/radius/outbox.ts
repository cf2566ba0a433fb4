/**
 * Accounting-Requests on their way: a few at a time, and again later if no server takes them. Nobody waits for them but
 * the daemon's end, and that not for long.
 */
import { type Attribute, attribute } from './attributes.ts';
import type { RadiusClient } from './client.ts';
import type { Ports } from './ports.ts';

/** At the servers at a time. */
const MOST_UNDER_WAY = 256;
/** Notes that wait, for a turn or for a server. */
const MOST_WAITING = 20_000;
/** ms for one request, all servers together. */
const DEADLINE = 60_000;
/** ms until what nobody took is tried again: doubled every time it comes to nothing. */
const FIRST_PAUSE = 30_000;
const LONGEST_PAUSE = 600_000;

interface Note {
  readonly attributes: readonly Attribute[];
  /** An update is made up for by the next one. */
  readonly isUpdate: boolean;
  /** ms of the clock. */
  readonly since: number;
}

export class Outbox {
  readonly #client: RadiusClient;
  readonly #ports: Pick<Ports, 'clock' | 'log'>;
  #waiting: Note[] = [];
  /** What no server took. */
  #failed: Note[] = [];
  #underWay = 0;
  #isPumping = false;
  #hasComplained = false;
  #pause = FIRST_PAUSE;
  #retry: { cancel(): void } | undefined = undefined;
  #emptied: (() => void) | undefined = undefined;
  /** Notes that no server will ever see. */
  lost = 0;

  constructor(client: RadiusClient, ports: Pick<Ports, 'clock' | 'log'>) {
    this.#client = client;
    this.#ports = ports;
  }

  get size(): number {
    return this.#waiting.length + this.#failed.length + this.#underWay;
  }

  put(attributes: readonly Attribute[], isUpdate = false): void {
    this.#waiting.push({ attributes, isUpdate, since: this.#ports.clock.now() });
    if (this.#waiting.length + this.#failed.length > MOST_WAITING) this.#lose();
    this.#pump();
  }

  /** Once there is nothing left, or nothing that a server took when it was tried; at most after `within` ms. */
  emptied(within: number): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.#ports;
      const alarm = clock.alarm(clock.now() + within, () => this.#emptied?.());
      this.#emptied = () => {
        this.#emptied = undefined;
        alarm.cancel();
        this.lost += this.size;
        if (this.size > 0) this.#ports.log('warn', `RADIUS accounting: ${this.size} notes have not been delivered`);
        resolve();
      };
      this.#sayIfEmptied();
    });
  }

  close(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#waiting = [];
    this.#failed = [];
  }

  #pump(): void {
    // `ask` may say at once that there is nobody to ask.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#underWay < MOST_UNDER_WAY) {
      const note = this.#waiting.shift();
      if (!note) break;
      this.#underWay++;
      const { clock } = this.#ports;
      // Counted when it is sent: a server that is asked later is told of a longer delay.
      const attributes = () => [
        ...note.attributes,
        attribute('Acct-Delay-Time', Math.round((clock.now() - note.since) / 1000)),
      ];
      this.#client.ask({ service: 'acct', attributes, within: DEADLINE }, ({ t }) => this.#done(note, t === 'answer'));
    }
    this.#isPumping = false;
    this.#sayIfEmptied();
  }

  #done(note: Note, isTaken: boolean): void {
    this.#underWay--;
    if (isTaken) {
      this.#pause = FIRST_PAUSE;
      this.#hasComplained = false;
    } else if (note.isUpdate) this.lost++;
    else this.#failed.push(note);
    if (this.#failed.length > 0) this.#retryLater();
    this.#pump();
  }

  #retryLater(): void {
    if (this.#retry) return;
    const { clock } = this.#ports;
    this.#retry = clock.alarm(clock.now() + this.#pause, () => {
      this.#retry = undefined;
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
      this.#waiting = [...this.#failed, ...this.#waiting];
      this.#failed = [];
      this.#pump();
    });
  }

  #lose(): void {
    if (!this.#hasComplained)
      this.#ports.log('warn', `RADIUS accounting: more than ${MOST_WAITING} notes wait; the oldest are dropped`);
    this.#hasComplained = true;
    this.lost++;
    if (!this.#failed.shift()) this.#waiting.shift();
  }

  #sayIfEmptied(): void {
    if (this.#underWay === 0 && this.#waiting.length === 0) this.#emptied?.();
  }
}
