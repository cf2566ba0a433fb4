/** What peers have chosen to be behind them (`vnet:`), by Child SA: no two peers are to have the same. */
import type { Selector } from '../net/selector.ts';

interface Chosen {
  readonly who: string;
  readonly nets: readonly Selector[];
}

export class ChosenNets {
  readonly #bySerial = new Map<number, Chosen>();

  /** Of the child `serial`. */
  add(serial: number, who: string, nets: readonly Selector[]): void {
    this.#bySerial.set(serial, { who, nets });
  }

  remove(serial: number): void {
    this.#bySerial.delete(serial);
  }

  /** Another than `who` that has part of `nets`. */
  holder(nets: readonly Selector[], who: string): string | undefined {
    for (const chosen of this.#bySerial.values()) {
      if (chosen.who === who) continue;
      if (chosen.nets.some((taken) => nets.some((net) => taken.intersect(net)))) return chosen.who;
    }
    return undefined;
  }
}
