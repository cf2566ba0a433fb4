/** 5,000 initiations at once: when is the last of them up, and what did a full socket buffer lose? */
import { overflows } from '../gateways/account.ts';
import { attempted, type Bench, inTurns, present, reasons, scaled, withGateways } from './bench.ts';
import { beside, type Finding, type Result } from './result.ts';

const COUNT = 5_000;
const WARMING = 5_000;
const WINDOW = 64;
const MOST = 0.5;
const PATIENCE = 120_000;

export async function burst(bench: Bench): Promise<Result> {
  const count = scaled(COUNT, bench);
  const wishes = present(bench).map((implementation) => ({ implementation, profile: 'psk' as const }));
  const [runs, lost, failed]: Record<string, number[]>[] = [{}, {}, {}];
  const rows: (string | number)[][] = [];
  const notes: string[] = [];
  await withGateways(bench, wishes, async (gateways) => {
    for (const gateway of gateways) {
      const order = { from: 0, count: scaled(WARMING, bench), window: WINDOW };
      await attempted(gateway, { act: 'up', ...order });
      await attempted(gateway, { act: 'down', ...order });
    }
    await inTurns(bench.rounds, gateways, async (gateway, round) => {
      const { name, pid } = gateway;
      const order = { from: round * count, count, window: count, within: PATIENCE };
      const before = overflows(pid);
      const outcome = await attempted(gateway, { act: 'up', ...order });
      const overflowed = overflows(pid) - before;
      await attempted(gateway, { act: 'down', ...order, window: WINDOW });
      runs[name] = [...(runs[name] ?? []), outcome.took / 1000];
      lost[name] = [...(lost[name] ?? []), overflowed];
      failed[name] = [...(failed[name] ?? []), outcome.failed];
      if (outcome.failed > 0) notes.push(`${name}: ${outcome.failed} failed: ${reasons(outcome)}`);
      const { took, micros, latency, retransmitted } = outcome;
      const figures = [took, latency.p50, latency.p99].map((ms) => (ms / 1000).toFixed(2));
      rows.push([name, ...figures, Math.round(micros), retransmitted, overflowed, outcome.failed]);
      bench.say(`burst ${name} round ${round}: ${figures[0]} s, ${overflowed} lost, ${outcome.failed} failed`);
    });
  });
  const head = ['daemon', 'last s', 'p50 s', 'p99 s', 'CPU µs', 'retransmitted', 'lost in buffer', 'failed'];
  return {
    findings: [
      beside(`a burst of ${count} initiations: all up after`, 's', runs, MOST),
      none(`a burst of ${count}: packets that our socket buffer lost`, lost),
      none(`a burst of ${count}: initiations that failed`, failed),
    ],
    tables: [{ title: `${count} initiations at once`, head, rows }],
    notes,
  };
}

/** Of ours there are to be none at all, in any run. */
function none(what: string, runs: Readonly<Record<string, readonly number[]>>): Finding {
  const figures = Object.fromEntries(Object.entries(runs).map(([name, values]) => [name, Math.max(...values)]));
  return { what, unit: '', figures, runs, value: figures.pluto, most: 0, by: 'the worst run of pluto' };
}
