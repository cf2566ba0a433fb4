/** Loads many connections without holding up anybody: a few to a step, and then it is somebody else's turn. */
import type { Conn } from '../conf/conn.ts';
import type { Connections } from './connections.ts';
import type { Behavior, Context } from './runtime/index.ts';

/** A step of some 2 ms. */
const AT_ONCE = 50;

export class Loader implements Behavior<'more'> {
  readonly #conns: readonly Conn[];
  readonly #connections: Connections;
  readonly #refused: (why: string) => void;
  #next = 0;

  constructor(conns: readonly Conn[], connections: Connections, refused: (why: string) => void) {
    this.#conns = conns;
    this.#connections = connections;
    this.#refused = refused;
  }

  started(self: Context<'more'>): void {
    this.receive('more', self);
  }

  receive(_: 'more', self: Context<'more'>): void {
    const until = this.#next + AT_ONCE;
    for (const conn of this.#conns.slice(this.#next, until)) {
      const added = this.#connections.add(conn);
      if ('why' in added) this.#refused(added.why);
      else this.#connections.begin(added.entry);
    }
    this.#next = until;
    if (this.#next < this.#conns.length) self.tell('more');
    else self.stop();
  }
}
