/** The part of an actor that is its mailbox: the ends of its list in the slab, and their number. */
export interface Mailbox {
  firstMail: number;
  lastMail: number;
  /** Messages waiting. */
  waiting: number;
}

/** `firstMail` and `lastMail` of an empty box. */
export const NO_MAIL = -1;

/**
 * The messages of all mailboxes, as linked lists in one slab: an idle actor holds no queue of its own, and a
 * message costs no allocation. The slab keeps the size of the largest backlog there has been.
 */
export class Mail {
  #message: unknown[] = [];
  /** 0, or what the sender wants the reader to know about the message. */
  #tag = new Float64Array(0);
  /** The box's list; also chains the free places. */
  #next = new Int32Array(0);
  #free = NO_MAIL;
  #count = 0;

  /** Messages waiting in all boxes. */
  get count(): number {
    return this.#count;
  }

  put(box: Mailbox, message: unknown, tag: number): void {
    if (this.#free === NO_MAIL) this.#grow();
    const place = this.#free;
    this.#free = this.#next[place]!;
    this.#count++;
    this.#message[place] = message;
    this.#tag[place] = tag;
    this.#next[place] = NO_MAIL;
    if (box.lastMail === NO_MAIL) box.firstMail = place;
    else this.#next[box.lastMail] = place;
    box.lastMail = place;
    box.waiting++;
  }

  /** The tag of the first message of a box that has one. */
  tag(box: Mailbox): number {
    return this.#tag[box.firstMail];
  }

  /** Takes the first message of a box that has one. */
  take(box: Mailbox): unknown {
    const place = box.firstMail;
    const message = this.#message[place];
    box.firstMail = this.#next[place]!;
    if (box.firstMail === NO_MAIL) box.lastMail = NO_MAIL;
    box.waiting--;
    // What was read must not be kept alive by a place that waits for reuse.
    this.#message[place] = undefined;
    this.#next[place] = this.#free;
    this.#free = place;
    this.#count--;
    return message;
  }

  #grow(): void {
    const old = this.#message.length;
    const capacity = Math.max(256, old * 2);
    const tag = new Float64Array(capacity);
    tag.set(this.#tag);
    this.#tag = tag;
    const next = new Int32Array(capacity);
    next.set(this.#next);
    this.#next = next;
    for (let place = old; place < capacity; place++) {
      this.#message.push(undefined);
      next[place] = place + 1 < capacity ? place + 1 : NO_MAIL;
    }
    this.#free = old;
  }
}
