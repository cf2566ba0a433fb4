/**
 * 100,000 tunnels in one process: established, rekeyed once and torn down; and what one more handshake costs there,
 * beside a daemon that holds 1,000 and has been through as many handshakes as its compiler needs.
 *
 * Collecting the whole heap costs the more the larger it is, and comes the more seldom. So growth is of what all runs have cost
 * together, and not of their median: 30,000 handshakes beside each, in turns, are enough for some such collections on either side.
 */
import { residentOf } from '../gateways/account.ts';
import type { Gateway } from '../gateways/gateway.ts';
import type { Seen } from '../load-watch.ts';
import { accounted, type Bench, inTurns, scaled, withGateways } from './bench.ts';
import type { Finding, Result } from './result.ts';
import { seen, watched, watchFile } from './watching.ts';

const FEW = 1_000;
const MANY = 100_000;
const STEPS = 10;
const WINDOW = 64;
/** Handshakes beside each of the two, in as many runs as there are rounds; and to warm the small one up. */
const COUNT = 30_000;
const WARMING = 10_000;
const MOST_GROWTH = 1.15;
const MOST_MEMORY = 1_000;
const MOST_DELAY = 50;
/** ms; a stretch of 10,000 handshakes on a machine that has others to serve. */
const PATIENCE = 120_000;

export async function hundredThousand(bench: Bench): Promise<Result> {
  const [few, many] = [scaled(FEW, bench), scaled(MANY, bench)];
  const file = watchFile(bench.directory, 'many');
  const wish = { implementation: 'pluto', profile: 'psk' } as const;
  return withGateways(bench, [{ ...wish, tuning: watched(file) }, wish], async ([large, small]) => {
    const phases: Phase[] = [];
    const memory: [number, number][] = [];
    const cost: [number, number][] = [];
    const phase = async (name: string, act: 'up' | 'rekey' | 'down') => {
      let [micros, took, retransmitted] = [0, 0, 0];
      await seen(large, file);
      for (let step = 0; step < STEPS; step++) {
        const count = many / STEPS;
        const order = { act, from: step * count, count, window: WINDOW, within: PATIENCE };
        const outcome = await accounted(large, order);
        micros += outcome.micros / STEPS;
        took += outcome.took;
        retransmitted += outcome.retransmitted;
        if (act === 'up') {
          memory.push([(step + 1) * count, residentOf(large.pid) / 1e6]);
          cost.push([(step + 1) * count, outcome.micros]);
        }
        const megabytes = residentOf(large.pid) / 1e6;
        bench.say(`${name}: ${(step + 1) * count}, ${outcome.micros.toFixed(0)} µs each, ${megabytes.toFixed(0)} MB`);
      }
      const [resident, late] = [residentOf(large.pid), await seen(large, file)];
      phases.push({ name, micros, took, retransmitted, resident, late });
      bench.say(`${name}: late p99 ${late.p99.toFixed(1)}, at most ${late.longest.toFixed(0)} ms`);
    };
    await phase('established', 'up');
    const growth = await compare(bench, { large, small, few, many });
    await phase('rekeyed', 'rekey');
    await phase('torn down', 'down');
    const findings = [growth, ...judge(phases, many)];
    const rows = phases.map(({ name, micros, took, resident, late, retransmitted }) => [
      ...[name, Math.round(micros), (took / 1000).toFixed(1), Math.round(resident / 1e6)],
      ...[late.p99.toFixed(1), late.longest.toFixed(1), late.gc.toFixed(0), retransmitted],
    ]);
    const head = ['phase', 'CPU µs each', 's', 'MB', 'late p99 ms', 'late max ms', 'GC ms', 'retransmitted'];
    return {
      findings,
      tables: [{ title: `${many} tunnels in one process`, head, rows }],
      plots: [
        { title: 'Our memory against tunnels', x: 'tunnels', y: 'MB', lines: [{ name: 'pluto', points: memory }] },
        { title: 'CPU per handshake against tunnels', x: 'tunnels', y: 'µs', lines: [{ name: 'pluto', points: cost }] },
      ],
    };
  });
}

interface Phase {
  readonly name: string;
  readonly micros: number;
  readonly took: number;
  readonly retransmitted: number;
  readonly resident: number;
  readonly late: Seen;
}

interface Sizes {
  readonly large: Gateway;
  readonly small: Gateway;
  readonly few: number;
  readonly many: number;
}

async function compare(bench: Bench, { large, small, few, many }: Sizes): Promise<Finding> {
  const [count, warming] = [Math.ceil(scaled(COUNT, bench) / bench.rounds), scaled(WARMING, bench)];
  await accounted(small, { act: 'up', from: 0, count: warming, window: WINDOW });
  await accounted(small, { act: 'down', from: few, count: warming - few, window: WINDOW });
  const runs: Record<string, number[]> = {};
  const [at1, at2] = [`at ${few}`, `at ${many}`];
  await inTurns(bench.rounds, [small, large], async (gateway) => {
    const order = { from: many, count, window: WINDOW, within: PATIENCE };
    const { micros } = await accounted(gateway, { act: 'up', ...order });
    await accounted(gateway, { act: 'down', ...order });
    const name = gateway === small ? at1 : at2;
    runs[name] = [...(runs[name] ?? []), micros];
    bench.say(`growth, ${name}: ${micros.toFixed(0)} µs`);
  });
  const figures = { [at1]: mean(runs[at1]), [at2]: mean(runs[at2]) };
  const value = figures[at2] / figures[at1];
  const what = `growth: CPU per handshake with ${many} tunnels over that with ${few}`;
  return { what, unit: 'µs', figures, runs, value, most: MOST_GROWTH, by: `${at2} / ${at1}` };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function judge(phases: readonly Phase[], many: number): readonly Finding[] {
  const memory = Math.max(...phases.map(({ resident }) => resident / 1e6));
  const late = Math.max(...phases.map(({ late }) => late.p99));
  const finding = (what: string, unit: string, value: number, most: number): Finding => ({
    ...{ what: `${many} tunnels in one process: ${what}`, unit, value, most, by: 'pluto' },
    ...{ figures: { pluto: value }, runs: { pluto: [value] } },
  });
  return [
    finding('resident memory', 'MB', memory, MOST_MEMORY),
    finding('event loop late, p99 of the worst phase', 'ms', late, MOST_DELAY),
  ];
}
