/**
 * The network between the hosts. By hand it holds every datagram until the test expects it, loses it or lets it
 * pass; with weather it delivers by itself, and loses, doubles, reorders and delays by the seed's dice.
 */
import { expect } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import type { Dice } from './dice.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Weather {
  /** 0 to 1. */
  readonly loss: number;
  readonly duplication: number;
  /** ms; each datagram draws its own, so that they overtake each other. */
  readonly minDelay: number;
  readonly maxDelay: number;
}

export const FAIR: Weather = { loss: 0, duplication: 0, minDelay: 1, maxDelay: 1 };

export interface InFlight {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
  /** `IKE_AUTH { IDi, AUTH, SA, TSi, TSr }`, as its sender could read it. */
  readonly text: string;
  readonly isFromWest: boolean;
}

type Receiver = (from: Endpoint, to: Endpoint, bytes: Uint8Array) => void;

/** Between west and the rest: outside it, west is at `outside` and at ports of the box's choosing. */
export class NatBox {
  readonly inside: Address;
  readonly outside: Address;
  #base = 40_000;

  constructor(inside: Address, outside: Address = Address.parse('198.51.100.9')!) {
    this.inside = inside;
    this.outside = outside;
  }

  /** The box forgets, and gives other ports from now on; what is sent to the old ones is lost. */
  rebind(): void {
    this.#base += 1_000;
  }

  outward(from: Endpoint): Endpoint {
    return from.address.equals(this.inside) ? new Endpoint(this.outside, this.#base + (from.port % 1_000)) : from;
  }

  inward(to: Endpoint): Endpoint | undefined {
    if (to.address.equals(this.inside)) return undefined;
    if (!to.address.equals(this.outside)) return to;
    return to.port >= this.#base && to.port < this.#base + 1_000
      ? new Endpoint(this.inside, to.port % 1_000 === 0 ? 4000 : 500)
      : undefined;
  }
}

export class Wire {
  weather: Weather | undefined;
  nat: NatBox | undefined = undefined;
  /** Nothing arrives while true. */
  isCut = false;
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #receivers = new Map<string, Receiver>();
  readonly #held: InFlight[] = [];
  /** Everything that was ever sent, in order. */
  readonly sent: InFlight[] = [];

  constructor(clock: VirtualClock, dice: Dice, weather: Weather | undefined) {
    this.#clock = clock;
    this.#dice = dice;
    this.weather = weather;
  }

  attach(address: Address, receiver: Receiver): void {
    this.#receivers.set(`${address}`, receiver);
  }

  send(datagram: InFlight): void {
    this.sent.push(datagram);
    const { weather } = this;
    if (!weather) {
      this.#held.push(datagram);
      return;
    }
    const copies = this.#dice.next() < weather.duplication ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delay = weather.minDelay + this.#dice.next() * (weather.maxDelay - weather.minDelay);
      if (this.#dice.next() >= weather.loss) this.#clock.after(delay, () => this.deliver(datagram));
    }
  }

  deliver(datagram: InFlight): void {
    if (this.isCut) return;
    const from = this.nat ? this.nat.outward(datagram.from) : datagram.from;
    const to = this.nat ? this.nat.inward(datagram.to) : datagram.to;
    if (to) this.#receivers.get(`${to.address}`)?.(from, to, Uint8Array.from(datagram.bytes));
  }

  /** The arrow's next datagram must read so; it arrives. Spaces are as the test likes them. */
  expect(line: string): InFlight {
    const datagram = this.hold(line);
    this.deliver(datagram);
    this.#clock.flush();
    return datagram;
  }

  /** As `expect`, and it never arrives. */
  lose(line: string): InFlight {
    return this.hold(line);
  }

  /** As `expect`, and it arrives when the test calls `deliver` with it. */
  hold(line: string): InFlight {
    const isFromWest = line.trim().endsWith('-->');
    const text = line.replace(/-->|<--/, '').trim();
    const next = this.#held.findIndex((d) => d.isFromWest === isFromWest);
    const all = this.#held.map((d) => (d.isFromWest ? `${d.text} -->` : `<-- ${d.text}`));
    expect(this.#held[next]?.text, `in flight: ${all.join(' | ') || 'nothing'}`).toBe(text);
    return this.#held.splice(next, 1)[0];
  }

  expectSilence(): void {
    expect(this.#held.map((d) => (d.isFromWest ? `${d.text} -->` : `<-- ${d.text}`))).toEqual([]);
  }

  /** From now on the wire delivers by itself, beginning with what it holds. */
  release(weather: Weather = FAIR): void {
    this.weather = weather;
    for (const datagram of this.#held.splice(0)) this.#clock.after(weather.minDelay, () => this.deliver(datagram));
  }
}
