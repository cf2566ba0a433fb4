/**
 * Counters and gauges of the main thread. A series is a place in a flat array, so that counting costs some
 * nanoseconds, and taking them all down is copying the arrays.
 */
import { METRICS, type MetricName } from './metrics.ts';
import type { Block, Labels } from './snapshot.ts';

export class Registry {
  readonly #families: Family[] = [];

  /** `known`: label values to begin at 0, so that they are there before anything happens. */
  family(metric: MetricName, known: readonly Labels[] = METRICS[metric].labels.length === 0 ? [[]] : []): Family {
    const family = new Family(metric, known);
    this.#families.push(family);
    return family;
  }

  /** Changes whenever there are more series. */
  get version(): number {
    let series = 0;
    for (const family of this.#families) series += family.series.length;
    return series;
  }

  layout(): readonly Block[] {
    return this.#families.map(({ metric, series }) => ({ metric, series: [...series] }));
  }

  /** In the order of `layout`. */
  values(): Float64Array {
    const values = new Float64Array(this.version);
    let at = 0;
    for (const family of this.#families) {
      family.copyTo(values, at);
      at += family.series.length;
    }
    return values;
  }

  /** Counters begin anew; what is there now stays. */
  clear(): void {
    for (const family of this.#families) if (METRICS[family.metric].kind === 'counter') family.zero();
  }

  get metrics(): readonly MetricName[] {
    return this.#families.map(({ metric }) => metric);
  }
}

/** Series of one metric, whatever its labels say; beyond so many they are counted together. */
export const MOST_SERIES = 512;
const OTHERS = 'other';

export class Family {
  readonly metric: MetricName;
  readonly series: Labels[] = [];
  #values = new Float64Array(4);
  readonly #places = new Map<string, number>();

  constructor(metric: MetricName, known: readonly Labels[]) {
    this.metric = metric;
    for (const labels of known) this.place(...labels);
  }

  /** Where the series is; asked for once by whoever counts often. */
  place(...labels: readonly string[]): number {
    const key = labels.length === 1 ? labels[0] : labels.join('\n');
    return this.#places.get(key) ?? this.#newPlace(key, labels);
  }

  inc(place = 0, by = 1): void {
    this.#values[place] += by;
  }

  count(label: string, by = 1): void {
    // Apart: a new place may come with a larger array.
    const place = this.#places.get(label) ?? this.#newPlace(label, [label]);
    this.#values[place] += by;
  }

  value(place = 0): number {
    return this.#values[place];
  }

  /** 0 where there is no such series. */
  of(...labels: readonly string[]): number {
    const place = this.#places.get(labels.join('\n'));
    return place === undefined ? 0 : this.#values[place];
  }

  copyTo(into: Float64Array, at: number): void {
    into.set(this.#values.subarray(0, this.series.length), at);
  }

  zero(): void {
    this.#values.fill(0);
  }

  #newPlace(key: string, labels: Labels): number {
    if (this.series.length >= MOST_SERIES - 1) {
      const others = labels.map(() => OTHERS).join('\n');
      const known = this.#places.get(others);
      if (known !== undefined) return known;
      return this.#add(
        others,
        labels.map(() => OTHERS),
      );
    }
    return this.#add(key, labels);
  }

  #add(key: string, labels: Labels): number {
    const place = this.series.push(labels) - 1;
    this.#places.set(key, place);
    if (place < this.#values.length) return place;
    const larger = new Float64Array(2 * this.#values.length);
    larger.set(this.#values);
    this.#values = larger;
    return place;
  }
}
