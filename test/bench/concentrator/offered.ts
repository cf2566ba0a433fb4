/** What comes of it when so many knock each second, whatever the answers take: no bar, but the plots that an operator reads. */
import { attempted, type Bench, present, scaled, withGateways } from './bench.ts';
import type { Line, Result } from './result.ts';

const RATES = [200, 400, 800, 1_200, 1_600, 2_000];
/** s at each. */
const SECONDS = 2;
const WARMING = 5_000;
const WINDOW = 64;

export async function offered(bench: Bench): Promise<Result> {
  const wishes = present(bench).map((implementation) => ({ implementation, profile: 'psk' as const }));
  const rows: (string | number)[][] = [];
  const throughput = new Map<string, [number, number][]>();
  const latencies = new Map<string, [number, number][]>();
  const keep = (lines: typeof throughput, name: string, point: [number, number]) =>
    lines.set(name, [...(lines.get(name) ?? []), point]);
  await withGateways(bench, wishes, async (gateways) => {
    for (const gateway of gateways) {
      const order = { from: 0, count: scaled(WARMING, bench), window: WINDOW };
      await attempted(gateway, { act: 'up', ...order });
      await attempted(gateway, { act: 'down', ...order });
    }
    let from = scaled(WARMING, bench);
    for (const rate of RATES) {
      const count = scaled(rate * SECONDS, bench);
      for (const gateway of gateways) {
        const { name } = gateway;
        const outcome = await attempted(gateway, { act: 'up', from, count, rate });
        await attempted(gateway, { act: 'down', from, count, window: WINDOW });
        const { done, took, latency, micros, retransmitted, failed } = outcome;
        const times = [latency.p50, latency.p90, latency.p99].map((ms) => ms.toFixed(1));
        keep(throughput, name, [rate, (done / took) * 1000]);
        keep(latencies, `${name} p50`, [rate, latency.p50]);
        keep(latencies, `${name} p99`, [rate, latency.p99]);
        rows.push([rate, name, Math.round((done / took) * 1000), ...times, Math.round(micros), retransmitted, failed]);
        bench.say(`offered ${rate} a second to ${name}: ${((done / took) * 1000).toFixed(0)}, p99 ${times[2]} ms`);
      }
      from += count;
    }
  });
  const linesOf = (all: typeof throughput): Line[] => [...all].map(([name, points]) => ({ name, points }));
  const head = ['offered', 'daemon', 'a second', 'p50 ms', 'p90 ms', 'p99 ms', 'CPU µs', 'retransmitted', 'failed'];
  return {
    findings: [],
    tables: [{ title: 'PSK handshakes, open loop', head, rows }],
    plots: [
      { title: 'Throughput against offered load', x: 'offered a second', y: 'a second', lines: linesOf(throughput) },
      { title: 'Latency against offered load', x: 'offered a second', y: 'ms', lines: linesOf(latencies), log: true },
    ],
  };
}
