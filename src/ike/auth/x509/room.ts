/** The octets of shared memory behind its head: what is taken, first fit, and what is free. */

export class Room {
  readonly #shared: GrowableMemory;
  readonly #most: number;
  /** Free runs by offset, no two of which touch. */
  readonly #free: { offset: number; length: number }[] = [];

  /** From `start` on, up to `most` octets in all. */
  constructor(shared: SharedArrayBuffer, start: number, most: number) {
    this.#shared = shared as GrowableMemory;
    this.#most = most;
    this.#free.push({ offset: start, length: shared.byteLength - start });
  }

  /** Where a copy of `octets` is now; undefined if there is no room for it. */
  take(octets: Uint8Array): number | undefined {
    const run = this.#free.find(({ length }) => length >= octets.length) ?? this.#grow(octets.length);
    if (run === undefined) return undefined;
    const { offset } = run;
    run.offset += octets.length;
    run.length -= octets.length;
    if (run.length === 0) this.#free.splice(this.#free.indexOf(run), 1);
    new Uint8Array(this.#shared, offset, octets.length).set(octets);
    return offset;
  }

  /** A copy. */
  read(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#shared, offset, length).slice();
  }

  /** What `take` has given. */
  free(offset: number, length: number): void {
    let at = this.#free.findIndex((run) => run.offset > offset);
    if (at < 0) at = this.#free.length;
    const [before, after] = [this.#free[at - 1], this.#free[at]];
    const touches = before !== undefined && before.offset + before.length === offset;
    if (touches) before.length += length;
    else this.#free.splice(at, 0, { offset, length });
    const run = touches ? before : this.#free[at];
    if (after === undefined || run.offset + run.length !== after.offset) return;
    run.length += after.length;
    this.#free.splice(this.#free.indexOf(after), 1);
  }

  /** By half at least; the last run, then long enough. */
  #grow(octets: number): { offset: number; length: number } | undefined {
    const old = this.#shared.byteLength;
    const last = this.#free.at(-1);
    const reachesEnd = last !== undefined && last.offset + last.length === old;
    const needed = old + octets - (reachesEnd ? last.length : 0);
    if (needed > this.#most) return undefined;
    this.#shared.grow(Math.min(this.#most, Math.max(needed, old + (old >> 1))));
    this.free(old, this.#shared.byteLength - old);
    return this.#free.at(-1);
  }
}

/** ECMAScript 2024, which Node 20 has and the language level of this project has not. */
interface GrowableMemory extends SharedArrayBuffer {
  grow(octets: number): void;
}

/** Grows up to `most` octets where it is; addresses are all that is set aside for them. */
export function growableMemory(octets: number, most: number): SharedArrayBuffer {
  const make = SharedArrayBuffer as unknown as new (
    octets: number,
    options: { maxByteLength: number },
  ) => SharedArrayBuffer;
  return new make(octets, { maxByteLength: most });
}
