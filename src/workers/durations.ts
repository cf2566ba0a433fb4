/**
 * How long things took, in one flat array: eight buckets to a doubling, so that a percentile is right to an eighth,
 * whatever the magnitude. Taking one note of a duration costs some nanoseconds, reading percentiles a microsecond.
 *
 *     µs   0 1 2 … 15 │ 16–17 18–19 … 30–31 │ 32–35 36–39 … │ … │ 2^26 and more
 *     bucket  16 of 1 │        8 of 2       │     8 of 4    │ … │  the last
 */

/** 2^26 µs are 67 s: nobody waits that long for a helper. */
const TOP = 26;
const BUCKETS = 16 + (TOP - 4) * 8 + 1;

export class Durations {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sumMs = 0;

  get count(): number {
    return this.#count;
  }

  /** ms. */
  get sumMs(): number {
    return this.#sumMs;
  }

  /** Less than nothing, which clocks of two threads may come to, is nothing. */
  note(ms: number): void {
    this.#counts[bucketOf(ms)]++;
    this.#count++;
    if (ms > 0) this.#sumMs += ms;
  }

  /** ms that `share` of all, 0 to 1, did not exceed, up to an eighth too much; 0 if there were none. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS && this.#count > 0; bucket++) {
      seen += this.#counts[bucket];
      if (seen >= rank) return endOf(bucket) / 1000;
    }
    return 0;
  }

  /** How many there were below 2^`from` µs, below 2^(`from`+1), … below 2^`to`. From 4 to 26. */
  octaves(from: number, to: number): number[] {
    const sums: number[] = [];
    let seen = 0;
    for (let bucket = 0, octave = from; octave <= to; octave++) {
      for (const end = 16 + (octave - 4) * 8; bucket < end; bucket++) seen += this.#counts[bucket];
      sums.push(seen);
    }
    return sums;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
  }
}

function bucketOf(ms: number): number {
  const micros = ms * 1000;
  if (!(micros >= 1)) return 0;
  if (micros >= 2 ** TOP) return BUCKETS - 1;
  const whole = micros | 0;
  if (whole < 16) return whole;
  const octave = 31 - Math.clz32(whole);
  return 16 + (octave - 4) * 8 + ((whole >>> (octave - 3)) & 7);
}

/** µs, where the bucket ends. */
function endOf(bucket: number): number {
  if (bucket < 16) return bucket + 1;
  if (bucket === BUCKETS - 1) return 2 ** TOP;
  const octave = 4 + ((bucket - 16) >>> 3);
  return 2 ** octave + (((bucket - 16) & 7) + 1) * 2 ** (octave - 3);
}
