/**
 * The way to one port of a server: sockets with a port of their own each, because an identifier has only 8 bits. Of
 * those a socket has 256 requests under way, and there are as many sockets as it takes. RFC 2865 §2.5.
 */
import type { Endpoint } from '../../net/endpoint.ts';
import type { Ports, Socket } from './ports.ts';

/** Who waits for the answer to one identifier; true once it is answered. */
export type Hear = (octets: Uint8Array) => void;

export interface Place {
  readonly identifier: number;
  send(octets: Uint8Array): void;
  /** What comes later comes to nobody. */
  release(): void;
}

/** To one port of one server: 16,384 requests under way. */
export const MOST_SOCKETS = 64;
const IDENTIFIERS = 256;

export class Channel {
  /** The last thing that the system had to say of our packets. */
  lastError: string | undefined = undefined;
  /** Answers that nobody waits for: late, twice, or guessed. */
  unexpected = 0;
  readonly #remote: Endpoint;
  readonly #ports: Pick<Ports, 'connect'>;
  #lanes: Lane[] = [];

  constructor(remote: Endpoint, ports: Pick<Ports, 'connect'>) {
    this.#remote = remote;
    this.#ports = ports;
  }

  get outstanding(): number {
    return this.#lanes.reduce((sum, { used }) => sum + used, 0);
  }

  /** Undefined if as many requests are under way as there may be. */
  claim(hear: Hear): Place | undefined {
    const lane = this.#lanes.find(({ used }) => used < IDENTIFIERS) ?? this.#open();
    if (!lane) return undefined;
    const identifier = lane.claim(hear);
    return {
      identifier,
      send: (octets) => lane.socket.send(octets),
      release: () => {
        lane.release(identifier);
        this.#tidy();
      },
    };
  }

  close(): void {
    for (const { socket } of this.#lanes) socket.close();
    this.#lanes = [];
  }

  #open(): Lane | undefined {
    if (this.#lanes.length === MOST_SOCKETS) return undefined;
    const lane: Lane = new Lane(
      this.#ports.connect(
        this.#remote,
        (octets) => {
          if (!lane.hear(octets)) this.unexpected++;
        },
        (why) => {
          this.lastError = why;
        },
      ),
    );
    this.#lanes.push(lane);
    return lane;
  }

  /** One that is not needed goes once another has room enough: a burst ends, and the next may come at once. */
  #tidy(): void {
    const idle = this.#lanes.findLast(({ used }) => used === 0);
    if (!idle || !this.#lanes.some((lane) => lane !== idle && lane.used < IDENTIFIERS / 2)) return;
    this.#lanes = this.#lanes.filter((lane) => lane !== idle);
    idle.socket.close();
  }
}

class Lane {
  readonly socket: Socket;
  used = 0;
  readonly #waiting: (Hear | undefined)[] = new Array<undefined>(IDENTIFIERS).fill(undefined);
  /** Each is used again as late as possible: the answer to its last request may still be on the way. */
  #next = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** There must be a free one. */
  claim(hear: Hear): number {
    while (this.#waiting[this.#next]) this.#next = (this.#next + 1) % IDENTIFIERS;
    const identifier = this.#next;
    this.#waiting[identifier] = hear;
    this.#next = (identifier + 1) % IDENTIFIERS;
    this.used++;
    return identifier;
  }

  release(identifier: number): void {
    if (!this.#waiting[identifier]) return;
    this.#waiting[identifier] = undefined;
    this.used--;
  }

  hear(octets: Uint8Array): boolean {
    const hear = this.#waiting[octets[1]];
    hear?.(octets);
    return hear !== undefined;
  }
}
