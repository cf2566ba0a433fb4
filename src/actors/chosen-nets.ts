/** What peers have chosen to be behind them (`vnet:`), by Child SA: no two peers are to have the same. */
import type { Selector } from '../net/selector.ts';
import { type Ranged, RangeIndex } from './range-index.ts';

interface Chosen {
  readonly who: string;
  readonly net: Selector;
}

export class ChosenNets {
  readonly #bySerial = new Map<number, readonly Ranged<Chosen>[]>();
  readonly #byRange = new RangeIndex<Chosen>();

  /** Of the child `serial`. */
  add(serial: number, who: string, nets: readonly Selector[]): void {
    this.remove(serial);
    this.#bySerial.set(
      serial,
      nets.map((net) => this.#byRange.add(net, { who, net })),
    );
  }

  remove(serial: number): void {
    for (const ranged of this.#bySerial.get(serial) ?? []) this.#byRange.remove(ranged);
    this.#bySerial.delete(serial);
  }

  /** Another than `who` that has part of `nets`. */
  holder(nets: readonly Selector[], who: string): string | undefined {
    for (const net of nets) {
      const chosen = this.#byRange.find(net, (taken) => taken.who !== who && taken.net.intersect(net) !== undefined);
      if (chosen) return chosen.who;
    }
    return undefined;
  }
}
