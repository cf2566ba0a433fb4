/** What becomes of packets while their peer is asked for an SA, and for a while after it would not have one. */
import type { ShuntRow } from '../control/status/rows.ts';
import type { Address } from '../net/address.ts';

export interface BareShunt {
  readonly source: Address;
  readonly destination: Address;
  /** 0: any. */
  readonly protocol: number;
  readonly destinationPort: number;
  readonly policy: '%hold' | '%pass' | '%drop' | '%reject';
  readonly why: 'oe-negotiating' | 'oe-failing';
  /** Of its connection. */
  readonly connSerial: number;
}

/** For `ipsec shuntstatus`. */
export class BareShunts {
  readonly #all = new Set<BareShunt>();

  get size(): number {
    return this.#all.size;
  }

  add(shunt: BareShunt): void {
    this.#all.add(shunt);
  }

  remove(shunt: BareShunt): void {
    this.#all.delete(shunt);
  }

  *rows(): Generator<ShuntRow> {
    for (const { source, destination, ...more } of this.#all)
      yield { source: `${source}`, sourcePort: 0, destination: `${destination}`, ...more };
  }
}
