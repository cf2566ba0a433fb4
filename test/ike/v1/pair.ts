/**
 * West and east, both with IKEv1, on the wire, the clock and the dice of IKEv2's tests.
 *
 *     const { west, east, wire, clock } = pair();
 *     west.up();
 *     wire.expect('Main Mode { SA } -->');
 */
import { expect } from 'vitest';
import { type Proposal, parseProposals } from '../../../src/ike/crypto/proposal.ts';
import type { V1Policy } from '../../../src/ike/v1/policy.ts';
import { Dice } from '../v2/dice.ts';
import { EAST, type PolicyChange, policyFor, WEST } from '../v2/policies.ts';
import { VirtualClock } from '../v2/virtual-clock.ts';
import { NatBox, type Weather, Wire } from '../v2/wire.ts';
import { Host, type HostOptions } from './host.ts';

export type Change = Omit<PolicyChange, 'v1'> & { readonly v1?: Partial<V1Policy['v1']> };

export interface EndOptions extends Partial<HostOptions> {
  /** Changes to the one connection `w-e`; `policies` replaces it. */
  readonly policy?: Change;
}

export interface PairOptions {
  readonly seed?: number;
  readonly psk?: HostOptions['psk'];
  readonly policy?: Change;
  readonly west?: EndOptions;
  readonly east?: EndOptions;
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

export function proposals(protocol: 'ike' | 'esp' | 'ah', text?: string): readonly Proposal[] {
  const parsed = parseProposals(text, { protocol, version: 1 });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.proposals;
}

const IKE = proposals('ike', 'aes256-sha2_256-dh19');
const ESP = proposals('esp', 'aes128-sha1');

export function v1Policy(end: 'west' | 'east', change: Change = {}): V1Policy {
  const { v1, ...rest } = change;
  const policy = policyFor(end, {
    ...{ ike: IKE, ikeLifetime: 3_600_000, rekeyMargin: 540_000 },
    ...rest,
    child: { proposals: ESP, ...rest.child },
  });
  return Object.freeze({
    ...policy,
    v1: Object.freeze({
      ...{
        aggressive: false,
        nat: 'both',
        dpdTimeout: 120_000,
        dpdAction: undefined,
        isAlone: false,
        xauth: undefined,
        modeConfig: 'pull',
      },
      ...v1,
    } as const),
  });
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

const policyOf = (end: 'west' | 'east', both: Change = {}, own: Change = {}): V1Policy =>
  v1Policy(end, { ...both, ...own, v1: { ...both.v1, ...own.v1 }, child: { ...both.child, ...own.child } });

export const MAIN = [
  'Main Mode { SA }           -->',
  '                           <-- Main Mode { SA }',
  'Main Mode { KE, Nonce }    -->',
  '                           <-- Main Mode { KE, Nonce }',
  'Main Mode* { ID, HASH }    -->',
  '                           <-- Main Mode* { ID, HASH }',
];
export const AGGRESSIVE = [
  'Aggressive Mode { SA, KE, Nonce, ID }          -->',
  '                                               <-- Aggressive Mode { SA, KE, Nonce, ID, HASH }',
  'Aggressive Mode* { HASH }                      -->',
];
export const QUICK = [
  'Quick Mode* { HASH, SA, Nonce, KE, ID, ID }    -->',
  '                                               <-- Quick Mode* { HASH, SA, Nonce, KE, ID, ID }',
  'Quick Mode* { HASH }                           -->',
];

/** A pair with the connection up, its messages gone by as they should. */
export function upPair(options: PairOptions = {}): Pair {
  const made = pair(options);
  made.west.up();
  if (options.weather) made.clock.advance(2_000);
  else {
    for (const line of [...(options.policy?.v1?.aggressive ? AGGRESSIVE : MAIN), ...QUICK]) made.wire.expect(line);
    made.wire.expectSilence();
  }
  expectAgreement(made);
  expect(made.west.plane.size).toBe(1);
  return made;
}

/** Both ends have the same SAs under the same keys, and the protocol knows its children. */
export function expectAgreement({ west, east }: Pick<Pair, 'west' | 'east'>): void {
  expect(west.agreed()).toEqual(east.agreed(true));
  for (const host of [west, east]) {
    const known = [...host.sas.values()].flatMap((r) => r.sa.children.map((c) => c.serial));
    const installed = host.plane.all().map((c) => c.serial);
    expect(installed.toSorted(), `${host.name}'s data plane`).toEqual(known.toSorted());
    expect([...host.plane.reserved], `${host.name}'s SPIs`).toEqual([]);
  }
}

/** Nothing is left: no ISAKMP SA, no child, no reserved SPI. */
export function expectNothing(host: Host): void {
  expect(
    [...host.sas.values()].map((r) => `#${r.sa.serial} ${r.sa.state}`),
    host.name,
  ).toEqual([]);
  expect(host.plane.size, host.name).toBe(0);
  expect([...host.plane.reserved], host.name).toEqual([]);
}
