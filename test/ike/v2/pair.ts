/**
 * West and east, a wire between them, a clock that stands still until the test moves it, and dice with a seed.
 *
 *     const { west, east, wire, clock } = pair({ seed: 7, psk: 'swordfish' });
 *     west.up();
 *     wire.expect('IKE_SA_INIT { SA, KE, Ni } -->');
 */
import { expect } from 'vitest';
import type { Policy } from '../../../src/ike/policy.ts';
import { Dice } from './dice.ts';
import { Host, type HostOptions } from './host.ts';
import { EAST, type PolicyChange, policyFor, WEST } from './policies.ts';
import { VirtualClock } from './virtual-clock.ts';
import { NatBox, type Weather, Wire } from './wire.ts';

export interface EndOptions extends Partial<HostOptions> {
  /** Changes to the one connection `w-e`; `policies` replaces it. */
  readonly policy?: PolicyChange;
}

export interface PairOptions {
  readonly seed?: number;
  readonly psk?: string;
  /** Of both ends' connection. */
  readonly policy?: PolicyChange;
  readonly west?: EndOptions;
  readonly east?: EndOptions;
  /** Absent: the test moves every datagram by hand. */
  readonly weather?: Weather;
  /** West is behind a NAT. */
  readonly nat?: boolean;
}

export interface Pair {
  readonly west: Host;
  readonly east: Host;
  readonly wire: Wire;
  readonly clock: VirtualClock;
  readonly dice: Dice;
}

export function pair(options: PairOptions = {}): Pair {
  const clock = new VirtualClock();
  const dice = new Dice(options.seed ?? 1);
  const wire = new Wire(clock, dice, options.weather);
  if (options.nat) wire.nat = new NatBox(WEST);
  const host = (name: 'west' | 'east') => {
    const end = options[name] ?? {};
    return new Host(name, name === 'west' ? WEST : EAST, clock, wire, dice, {
      psk: options.psk ?? 'swordfish',
      ...end,
      policies: end.policies ?? [policyOf(name, options.policy, end.policy)],
    });
  };
  return { west: host('west'), east: host('east'), wire, clock, dice };
}

function policyOf(end: 'west' | 'east', both: PolicyChange = {}, own: PolicyChange = {}): Policy {
  return policyFor(end, { ...both, ...own, child: { ...both.child, ...own.child } });
}

/** A pair with the connection up, its messages gone by as they should. */
export function upPair(options: PairOptions = {}): Pair {
  const made = pair(options);
  made.west.up();
  if (options.weather) {
    made.clock.advance(1_000);
  } else {
    for (const line of HANDSHAKE) made.wire.expect(line);
    made.wire.expectSilence();
  }
  expectAgreement(made);
  expect(made.west.plane.size).toBe(1);
  return made;
}

export const HANDSHAKE = [
  'IKE_SA_INIT { SA, KE, Ni }                 -->',
  '                                           <-- IKE_SA_INIT { SA, KE, Nr }',
  'IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr }  -->',
  '                                           <-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }',
];

/** Both ends have the same IKE SAs and the same Child SAs under the same keys, and the protocol knows its children. */
export function expectAgreement({ west, east }: Pick<Pair, 'west' | 'east'>): void {
  expect(west.agreed()).toEqual(east.agreed(true));
  for (const host of [west, east]) {
    const known = [...host.sas.values()].flatMap((r) => r.sa.children.map((c) => c.serial)).toSorted((a, b) => a - b);
    const installed = host.plane.all().map((c) => c.serial);
    expect(
      installed.toSorted((a, b) => a - b),
      `${host.name}'s data plane`,
    ).toEqual(known);
  }
}

/** Nothing is left: no IKE SA, no Child SA, no key. */
export function expectNothing(host: Host): void {
  expect(
    [...host.sas.values()].map((r) => `#${r.sa.serial} ${r.sa.state}`),
    host.name,
  ).toEqual([]);
  expect(host.plane.size, host.name).toBe(0);
}
