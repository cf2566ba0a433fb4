/** A queue whose members can leave from the midst of it: what a member needs for that is in the member itself. */
export interface Link<T> {
  before: T | undefined;
  after: T | undefined;
}

export class Queue<T extends Link<T>> {
  #first: T | undefined = undefined;
  #last: T | undefined = undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#first;
  }

  /** `member` must be in no queue. */
  push(member: T): void {
    member.before = this.#last;
    member.after = undefined;
    if (this.#last) this.#last.after = member;
    else this.#first = member;
    this.#last = member;
    this.#length++;
  }

  /** `member` must be in this queue. */
  remove(member: T): void {
    const { before, after } = member;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    member.before = undefined;
    member.after = undefined;
    this.#length--;
  }
}
