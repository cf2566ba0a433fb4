/** Resident memory of a daemon against the tunnels that it holds. A fresh daemon each time: what one has had stays with it. */
import { setTimeout } from 'node:timers/promises';
import { PROFILES } from '../crowd/profiles.ts';
import { residentOf } from '../gateways/account.ts';
import type { Gateway } from '../gateways/gateway.ts';
import { accounted, type Bench, present, scaled, settled, withGateways } from './bench.ts';
import { beside, type Line, median, type Result } from './result.ts';

const STEPS = [1_000, 2_500, 5_000, 7_500, 10_000];
/** Tunnels before the first look. */
const WARMING = 500;
/**
 * From here to the end is what counts: before, what is compiled, cached and opened once comes on top. Tunnels that have gone would not do
 * to warm up, for malloc keeps their room for those that follow.
 */
const COUNTED_FROM = 5_000;
const WINDOW = 64;
/** Each takes two and a half minutes. */
const MOST_ROUNDS = 3;
/** ms. What a daemon has no use for goes when it has been calm for a while (V8 took up to 48 s): what is left is its tunnels'. */
const CALM = 60_000;
const MOST = 0.3;

export async function memory(bench: Bench): Promise<Result> {
  const runs: Record<string, number[]> = {};
  const curves: Record<string, [number, number][][]> = {};
  const [profile = 'psk'] = bench.profiles;
  for (let round = 0; round < Math.min(bench.rounds, MOST_ROUNDS); round++)
    for (const implementation of present(bench))
      await withGateways(bench, [{ implementation, profile }], async ([gateway]) => {
        const curve = await fill(bench, gateway);
        const [first, last] = [
          curve.find(([up]) => up === scaled(COUNTED_FROM, bench)) ?? curve[0],
          curve.at(-1) ?? curve[0],
        ];
        const each = (last[1] - first[1]) / (last[0] - first[0]);
        runs[implementation] = [...(runs[implementation] ?? []), each / 1000];
        curves[implementation] = [...(curves[implementation] ?? []), curve];
        bench.say(`memory ${implementation} round ${round}: ${(each / 1000).toFixed(1)} kB a tunnel`);
      });
  const lines = Object.entries(curves).map(([name, all]) => ({ name, points: middle(all) }));
  return {
    findings: [beside(`resident memory per established tunnel, ${PROFILES[profile].title}`, 'kB', runs, MOST)],
    plots: [{ title: 'Resident memory against tunnels', x: 'tunnels', y: 'MB', lines }],
  };
}

/** Tunnels and octets, from the first look to the last. */
async function fill(bench: Bench, gateway: Gateway): Promise<[number, number][]> {
  let up = scaled(WARMING, bench);
  await accounted(gateway, { act: 'up', from: 0, count: up, window: WINDOW });
  const curve: [number, number][] = [[up, residentOf(gateway.pid)]];
  for (const step of STEPS.map((tunnels) => scaled(tunnels, bench))) {
    await accounted(gateway, { act: 'up', from: up, count: step - up, window: WINDOW });
    await settled(gateway);
    up = step;
    if (step === scaled(COUNTED_FROM, bench) || step === scaled(STEPS[STEPS.length - 1], bench)) await setTimeout(CALM);
    curve.push([up, residentOf(gateway.pid)]);
  }
  return curve;
}

/** Of several curves over the same steps, in MB. */
const middle = (curves: readonly (readonly [number, number][])[]): Line['points'] =>
  curves[0].map(([x], i) => [x, median(curves.map((curve) => curve[i][1])) / 1e6]);
