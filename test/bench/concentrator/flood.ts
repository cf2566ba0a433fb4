/**
 * Tunnels that are rekeyed on time while the gateway is flooded with IKE_SA_INITs from addresses that nobody has.
 * The same rekeying without the flood is what the flood's cost is held against.
 */
import { cpuOf, overflows } from '../gateways/account.ts';
import { accounted, type Bench, reasons, scaled, settled, withGateways } from './bench.ts';
import type { Finding, Result } from './result.ts';
import { seen, watched, watchFile } from './watching.ts';

const TUNNELS = 1_000;
/** s; every tunnel is rekeyed once in this time, one after the other. */
const SECONDS = 20;
const RATE = 50_000;
const SOURCES = 1 << 20;
const WINDOW = 64;
/** ms: an initiator sends its request again after this. */
const LATE = 1_000;
const MOST_MICROS = 15;
/** s of flood before the one that counts: the daemon has half-open SAs to fill up before it asks for cookies. */
const BEFORE = 5;

export async function flood(bench: Bench): Promise<Result> {
  const count = scaled(TUNNELS, bench);
  const seconds = Math.max(3, SECONDS * bench.scale);
  const file = watchFile(bench.directory, 'flooded');
  const wish = { implementation: 'pluto', profile: 'psk', tuning: watched(file) } as const;
  return withGateways(bench, [wish], async ([gateway]) => {
    const { pid, generator } = gateway;
    const flooder = await gateway.another();
    await accounted(gateway, { act: 'up', from: 0, count, window: WINDOW });
    const rekey = { act: 'rekey', from: 0, count, rate: count / seconds } as const;
    // Compiled before it is measured.
    await accounted(gateway, { ...rekey, rate: 1_000 });
    await flooder.flood({ rate: RATE, seconds: BEFORE, sources: SOURCES });
    await settled(gateway);
    const calmBefore = cpuOf(pid);
    const calm = await generator.carryOut(rekey);
    const calmCpu = cpuOf(pid) - calmBefore;
    await seen(gateway, file);
    const before = { cpu: cpuOf(pid), lost: overflows(pid) };
    const [flooded, rekeyed] = await Promise.all([
      flooder.flood({ rate: RATE, seconds, sources: SOURCES }),
      generator.carryOut(rekey),
    ]);
    const cpu = cpuOf(pid) - before.cpu;
    const lost = overflows(pid) - before.lost;
    const late = await seen(gateway, file);
    await settled(gateway);
    const probed = await generator.carryOut({ act: 'probe', from: 0, count, window: WINDOW });
    const micros = ((cpu - calmCpu) / Math.max(1, flooded.answered)) * 1000;
    const rate = flooded.sent / (flooded.took / 1000);
    const rows = [
      ['packets a second', Math.round(rate)],
      ['answered with a cookie', flooded.answered],
      ['lost in our socket buffer', lost],
      ['CPU, share of one processor', (cpu / flooded.took).toFixed(2)],
      ['rekeying without the flood, ms p50, p99, max', three(calm)],
      ['rekeying through it, ms p50, p99, max', three(rekeyed)],
      ['requests sent again', rekeyed.retransmitted],
      ['event loop late, ms p99, max', `${late.p99.toFixed(1)}, ${late.longest.toFixed(1)}`],
    ];
    const finding = (what: string, unit: string, value: number, most: number): Finding => ({
      ...{ what: `${count} tunnels in a flood of ${RATE} a second: ${what}`, unit, value, most, by: 'pluto' },
      ...{ figures: { pluto: value }, runs: { pluto: [value] } },
    });
    return {
      findings: [
        finding('tunnels lost', '', count - probed.done, 0),
        finding('rekeyings that failed', '', rekeyed.failed, 0),
        finding('the slowest rekeying', 'ms', rekeyed.latency.max, LATE),
        finding('CPU for a cookie', 'µs', micros, MOST_MICROS),
        finding('the flood fell short by', 'packets a second', Math.max(0, Math.round(RATE - rate)), RATE / 10),
      ],
      tables: [{ title: 'The flood', head: ['what', ''], rows }],
      notes: [rekeyed, probed].filter(({ failed }) => failed > 0).map(reasons),
    };
  });
}

const three = ({ latency: { p50, p99, max } }: { latency: { p50: number; p99: number; max: number } }): string =>
  [p50, p99, max].map((ms) => ms.toFixed(1)).join(', ');
