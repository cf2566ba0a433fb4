/** What the scenarios have in common: gateways to be measured side by side, and how a stretch of work is accounted for. */
import { setTimeout as pause } from 'node:timers/promises';
import { lacksPeer, type PeerName } from '../../interop/peers/prefix.ts';
import type { Network } from '../../support/netns.ts';
import type { Order, Outcome } from '../crowd/crowd.ts';
import type { ProfileName } from '../crowd/profiles.ts';
import { cpuOf } from '../gateways/account.ts';
import { type Gateway, type GatewayWish, startGateway } from '../gateways/gateway.ts';
import type { Implementation } from '../gateways/place.ts';

export interface Bench {
  readonly network: Network;
  /** For everybody's files. */
  readonly directory: string;
  /** 1 for the figures that count; less for a quick look. */
  readonly scale: number;
  readonly rounds: number;
  /** None: all. */
  readonly only: readonly Implementation[];
  readonly profiles: readonly ProfileName[];
  readonly say: (line: string) => void;
}

/** ms in which a daemon that has nothing to do any more uses no more than `IDLE_CPU` ms. */
const IDLE = 150;
const IDLE_CPU = 3;

export const scaled = (count: number, { scale }: Bench): number => Math.max(10, Math.round(count * scale));

/** Those of all three that are here and wanted. */
export function present({ only, say }: Bench): Implementation[] {
  const peers = (['strongSwan', 'libreswan'] as const).filter((name) => {
    const lacking = lacksPeer(name.toLowerCase() as PeerName);
    if (lacking) say(`without ${name}: ${lacking}`);
    return !lacking;
  });
  return (['pluto', ...peers] as const).filter((name) => only.length === 0 || only.includes(name));
}

export const isWanted = (profile: ProfileName, { profiles }: Bench): boolean =>
  profiles.length === 0 || profiles.includes(profile);

/** Runs `work` with the gateways and ends them, also when it fails. */
export async function withGateways<T>(
  bench: Bench,
  wishes: readonly GatewayWish[],
  work: (gateways: readonly Gateway[]) => Promise<T>,
): Promise<T> {
  const gateways: Gateway[] = [];
  try {
    for (const wish of wishes) gateways.push(await startGateway(bench.network, bench.directory, wish));
    return await work(gateways);
  } finally {
    for (const gateway of gateways) await gateway.stop();
  }
}

export interface Accounted extends Outcome {
  /** µs of the daemon's processor time for each that was done. */
  readonly micros: number;
}

/** Carries an order out and waits until the daemon is through with what follows; throws unless all was done. */
export async function accounted(gateway: Gateway, order: Order): Promise<Accounted> {
  const outcome = await attempted(gateway, order);
  if (outcome.done === order.count) return outcome;
  throw new Error(`${gateway.name}: ${outcome.done} of ${order.count} ${order.act}: ${reasons(outcome)}`);
}

export const reasons = ({ why }: Outcome): string =>
  Object.entries(why)
    .map(([what, count]) => `${count} × ${what}`)
    .join('; ');

/** The same, whatever came of it. */
export async function attempted(gateway: Gateway, order: Order): Promise<Accounted> {
  await settled(gateway);
  const before = cpuOf(gateway.pid);
  const outcome = await gateway.generator.carryOut(order);
  await settled(gateway);
  return { ...outcome, micros: ((cpuOf(gateway.pid) - before) / Math.max(1, outcome.done)) * 1000 };
}

export async function settled({ pid }: Gateway): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    const before = cpuOf(pid);
    await pause(IDLE);
    if (cpuOf(pid) - before <= IDLE_CPU) return;
  }
}

/** In turns, and each turn beginning with another: what else the machine has to do falls on all alike. */
export async function inTurns(
  rounds: number,
  gateways: readonly Gateway[],
  work: (gateway: Gateway, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < gateways.length; i++) await work(gateways[(i + round) % gateways.length], round);
}
