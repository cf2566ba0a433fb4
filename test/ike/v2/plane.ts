/**
 * A data plane in memory: which SAs a host has, under which keys, and whether a packet sent now would meet its
 * other half at the peer. What the protocol may never do (install twice, remove what is not there) throws.
 */
import type { ChildInstall } from '../../../src/ike/effects.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How long the inbound half of a replaced SA takes what is still on the way. */
const LINGER = 5_000;

interface Association {
  readonly install: ChildInstall;
  /** When its outbound half was opened; undefined while it waits. The newest one carries the traffic. */
  outboundOrder: number | undefined;
  encapsulatedTo: string;
}

export interface Sent {
  readonly spi: number;
  readonly key: string;
}

export class Plane {
  readonly #clock: VirtualClock;
  readonly #live = new Map<number, Association>();
  readonly #lingering = new Map<number, { readonly install: ChildInstall; readonly until: number }>();
  /** SPIs that no SA has come of yet. */
  readonly reserved = new Set<number>();
  #order = 0;
  /** Every serial ever installed. */
  installed = 0;
  removed = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  reserve(spi: number): number {
    this.reserved.add(spi);
    return spi;
  }

  release(spi: number): void {
    if (!this.reserved.delete(spi)) throw new Error(`SPI ${spi} was not reserved`);
  }

  install(install: ChildInstall, halves: 'both' | 'inbound'): void {
    if (this.#live.has(install.serial)) throw new Error(`#${install.serial} installed twice`);
    this.release(install.spiIn);
    if (install.ah) this.release(install.ah.spiIn);
    if (install.ipcomp) this.release(install.ipcomp.cpiIn);
    this.installed++;
    this.#live.set(install.serial, {
      install,
      outboundOrder: halves === 'both' ? this.#order++ : undefined,
      encapsulatedTo: `${install.peer}`,
    });
  }

  installOutbound(serial: number): void {
    const association = this.#get(serial);
    if (association.outboundOrder !== undefined) throw new Error(`#${serial} has an outbound half already`);
    association.outboundOrder = this.#order++;
  }

  remove(serial: number, lingers: boolean): void {
    const { install } = this.#get(serial);
    this.#live.delete(serial);
    this.removed++;
    if (lingers) this.#lingering.set(install.spiIn, { install, until: this.#clock.now + LINGER });
  }

  move(serials: readonly number[], to: string): void {
    for (const serial of serials) this.#get(serial).encapsulatedTo = to;
  }

  #get(serial: number): Association {
    const association = this.#live.get(serial);
    if (!association) throw new Error(`#${serial} is not in the data plane`);
    return association;
  }

  get size(): number {
    return this.#live.size;
  }

  all(): readonly ChildInstall[] {
    return [...this.#live.values()].map((a) => a.install);
  }

  destinationOf(serial: number): string {
    return this.#get(serial).encapsulatedTo;
  }

  awaitsOutbound(serial: number): boolean {
    return this.#get(serial).outboundOrder === undefined;
  }

  /** The SA that a packet of connection `name` leaves by; undefined if it has nowhere to go. */
  send(name: string): Sent | undefined {
    const usable = [...this.#live.values()].filter(
      (a) => a.install.policy.name === name && a.outboundOrder !== undefined,
    );
    const newest = usable.toSorted((a, b) => (b.outboundOrder ?? 0) - (a.outboundOrder ?? 0))[0];
    return newest && { spi: newest.install.spiOut, key: keyText(newest.install.keysOut) };
  }

  /** Whether a packet arriving now can be read. */
  accepts({ spi, key }: Sent): boolean {
    const live = [...this.#live.values()].find((a) => a.install.spiIn === spi)?.install;
    const late = this.#lingering.get(spi);
    const install = live ?? (late && late.until >= this.#clock.now ? late.install : undefined);
    return install !== undefined && keyText(install.keysIn) === key;
  }
}

export const keyText = (keys: { readonly encr: Uint8Array; readonly integ: Uint8Array }): string =>
  `${Buffer.from(keys.encr).toString('hex')}/${Buffer.from(keys.integ).toString('hex')}`;
