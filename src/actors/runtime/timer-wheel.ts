/**
 * Hierarchical timer wheel: 4 levels of 256 slots over ticks of 1 ms, so 49.7 days; what is due later waits in
 * one overflow list and is placed anew every 49.7 days. Arm and cancel are O(1) and allocate nothing.
 *
 *   level 0   the 256 ticks of the block that `now` lies in             slot = 1 ms
 *   level 1   the rest of the 2^16 ticks around it                      slot = 256 ms
 *   level 2   the rest of the 2^24                                      slot = 65.5 s
 *   level 3   the rest of the 2^32                                      slot = 4.7 h
 *   overflow  everything after
 *
 * A timer lives on the lowest level whose block holds both `now` and the timer. So every occupied slot lies ahead
 * of `now`, and the lowest level that has one holds the earliest: looking for it needs no ticking through empty slots.
 * The wheel knows timers by small integers that the caller chooses, and no clock.
 */
export class TimerWheel {
  #now: number;
  /** First tick after the block around `now`, per level. */
  readonly #end = new Float64Array(LEVELS);
  readonly #head = new Int32Array(LEVELS * SLOTS + 1).fill(NONE);
  readonly #tail = new Int32Array(LEVELS * SLOTS + 1).fill(NONE);
  /** One bit per slot that is occupied, 8 words a level. */
  readonly #occupied = new Uint32Array((LEVELS * SLOTS) / 32);
  #due = new Float64Array(0);
  #slot = new Int16Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);

  /** `now` in ms, as everywhere here. */
  constructor(now: number) {
    this.#now = Math.floor(now);
    this.#moveTo(this.#now);
  }

  /** Makes room for the timers 0 … `capacity` − 1. */
  grow(capacity: number): void {
    const old = this.#slot.length;
    this.#due = enlarged(this.#due, new Float64Array(capacity));
    this.#slot = enlarged(this.#slot, new Int16Array(capacity)).fill(NONE, old);
    this.#next = enlarged(this.#next, new Int32Array(capacity));
    this.#previous = enlarged(this.#previous, new Int32Array(capacity));
  }

  /** Never early, and never within the `advance` that is going on: at the first tick from `deadline` on. */
  arm(timer: number, deadline: number): void {
    this.#due[timer] = Math.max(Math.ceil(deadline), this.#now + 1);
    this.#place(timer);
  }

  /** Harmless if the timer is not armed. */
  cancel(timer: number): void {
    if (this.#slot[timer] !== NONE) this.#unlink(timer);
  }

  /** Its tick: when it was or will be fired. */
  due(timer: number): number {
    return this.#due[timer];
  }

  isArmed(timer: number): boolean {
    return this.#slot[timer] !== NONE;
  }

  /** When `advance` next has something to do: a timer or the emptying of a coarser slot. Infinity if no timer is armed. */
  next(): number {
    for (let level = 0; level < LEVELS; level++) {
      const slot = this.#firstOccupied(level);
      if (slot !== NONE) return this.#end[level] - (SLOTS - slot) * WIDTH[level];
    }
    return this.#head[OVERFLOW] === NONE ? Number.POSITIVE_INFINITY : this.#end[LEVELS - 1];
  }

  /** Moves to `now` and fires what is due on the way, tick by tick; within one tick in no promised order. */
  advance(now: number, fire: (timer: number) => void): void {
    const to = Math.floor(now);
    for (let tick = this.next(); tick <= to; tick = this.next()) {
      this.#moveTo(tick);
      if (tick % WINDOW === 0) this.#replaceAll(OVERFLOW);
      for (let level = LEVELS - 1; level > 0; level--) {
        if (tick % WIDTH[level] === 0) this.#replaceAll(slotOf(tick, level));
      }
      const slot = slotOf(tick, 0);
      for (let timer = this.#head[slot]; timer !== NONE; timer = this.#head[slot]!) {
        this.#unlink(timer);
        fire(timer);
      }
    }
    if (to > this.#now) this.#moveTo(to);
  }

  #moveTo(tick: number): void {
    this.#now = tick;
    for (let level = 0; level < LEVELS; level++) {
      const block = WIDTH[level] * SLOTS;
      this.#end[level] = (Math.floor(tick / block) + 1) * block;
    }
  }

  #place(timer: number): void {
    const due = this.#due[timer];
    let level = 0;
    while (level < LEVELS && due >= this.#end[level]) level++;
    this.#link(timer, level === LEVELS ? OVERFLOW : slotOf(due, level));
  }

  /** Empties a slot whose time has come into finer ones. */
  #replaceAll(slot: number): void {
    const first = this.#head[slot];
    if (first === NONE) return;
    this.#clear(slot);
    for (let timer = first; timer !== NONE; ) {
      const next = this.#next[timer];
      this.#place(timer);
      timer = next;
    }
  }

  #link(timer: number, slot: number): void {
    const last = this.#tail[slot];
    this.#slot[timer] = slot;
    this.#previous[timer] = last;
    this.#next[timer] = NONE;
    this.#tail[slot] = timer;
    if (last !== NONE) this.#next[last] = timer;
    else {
      this.#head[slot] = timer;
      if (slot !== OVERFLOW) this.#occupied[slot >>> 5] |= 1 << (slot & 31);
    }
  }

  #unlink(timer: number): void {
    const slot = this.#slot[timer];
    const next = this.#next[timer];
    const previous = this.#previous[timer];
    this.#slot[timer] = NONE;
    if (next === NONE) this.#tail[slot] = previous;
    else this.#previous[next] = previous;
    if (previous !== NONE) this.#next[previous] = next;
    else if (next !== NONE) this.#head[slot] = next;
    else this.#clear(slot);
  }

  #clear(slot: number): void {
    this.#head[slot] = NONE;
    this.#tail[slot] = NONE;
    if (slot !== OVERFLOW) this.#occupied[slot >>> 5] &= ~(1 << (slot & 31));
  }

  #firstOccupied(level: number): number {
    for (let word = 0; word < SLOTS / 32; word++) {
      const bits = this.#occupied[level * (SLOTS / 32) + word];
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return NONE;
  }
}

const LEVELS = 4;
const SLOTS = 256;
const OVERFLOW = LEVELS * SLOTS;
const NONE = -1;
/** Ticks per slot, by level; and of the whole wheel. */
const WIDTH = [1, 2 ** 8, 2 ** 16, 2 ** 24];
const WINDOW = 2 ** 32;

/** `>>>` takes the tick modulo 2^32 first, which is just what a place on the wheel is. */
function slotOf(tick: number, level: number): number {
  return level * SLOTS + ((tick >>> (8 * level)) & (SLOTS - 1));
}

function enlarged<T extends Float64Array | Int32Array | Int16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
