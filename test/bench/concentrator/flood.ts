/**
 * Tunnels that are rekeyed on time while the gateway is flooded with IKE_SA_INITs from addresses that nobody has: as
 * it is configured by default, where half-open SAs come before cookies, and with `ddos-mode=busy`, where every packet
 * of the flood is worth one. The same rekeying without the flood is what the flood's cost is held against.
 */
import { cpuOf, overflows } from '../gateways/account.ts';
import type { Gateway } from '../gateways/gateway.ts';
import { accounted, type Bench, reasons, scaled, settled, withGateways } from './bench.ts';
import type { Finding, Result, Table } from './result.ts';
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
/** s of flood before the one that counts: what is compiled for it is compiled then. */
const BEFORE = 3;

const MODES = { 'by default': [], 'ddos-mode=busy': ['ddos-mode=busy'] } as const;

export async function flood(bench: Bench): Promise<Result> {
  const [findings, tables, notes]: [Finding[], Table[], string[]] = [[], [], []];
  for (const [mode, setup] of Object.entries(MODES)) {
    const file = watchFile(bench.directory, mode.replaceAll(' ', '-'));
    const wish = { implementation: 'pluto', profile: 'psk', tuning: { ...watched(file), setup } } as const;
    const result = await withGateways(bench, [wish], ([gateway]) => poured(bench, gateway, file, mode));
    findings.push(...result.findings);
    tables.push(result.table);
    notes.push(...result.notes.map((note) => `${mode}: ${note}`));
  }
  return { findings, tables, notes };
}

async function poured(bench: Bench, gateway: Gateway, file: string, mode: string) {
  const count = scaled(TUNNELS, bench);
  const seconds = Math.max(3, SECONDS * bench.scale);
  const { pid, generator } = gateway;
  const flooder = await gateway.another();
  await accounted(gateway, { act: 'up', from: 0, count, window: WINDOW });
  const rekey = { act: 'rekey', from: 0, count, rate: count / seconds } as const;
  await accounted(gateway, { ...rekey, rate: 1_000 });
  const calmBefore = cpuOf(pid);
  const calm = await generator.carryOut(rekey);
  const calmCpu = cpuOf(pid) - calmBefore;
  await flooder.flood({ rate: RATE, seconds: BEFORE, sources: SOURCES });
  await settled(gateway);
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
  bench.say(`flood ${mode}: ${flooded.answered} answers at ${micros.toFixed(1)} µs, slowest ${rekeyed.latency.max} ms`);
  const rows = [
    ['packets a second', Math.round(rate)],
    ['answered', flooded.answered],
    ['answered with a cookie', flooded.cookies],
    ['lost in our socket buffer', lost],
    ['CPU, share of one processor', (cpu / flooded.took).toFixed(2)],
    ['CPU for an answer, µs', micros.toFixed(1)],
    ['rekeying without the flood, ms p50, p99, max', three(calm)],
    ['rekeying through it, ms p50, p99, max', three(rekeyed)],
    ['requests sent again', rekeyed.retransmitted],
    ['event loop late, ms p99, max', `${late.p99.toFixed(1)}, ${late.longest.toFixed(1)}`],
  ];
  const finding = (what: string, unit: string, value: number, most: number): Finding => ({
    ...{ what: `${count} tunnels in a flood, ${mode}: ${what}`, unit, value, most, by: 'pluto' },
    ...{ figures: { pluto: value }, runs: { pluto: [value] } },
  });
  const [wanted, cookies] = [Math.round(RATE * 0.9), flooded.cookies > flooded.answered * 0.9];
  return {
    findings: [
      finding('tunnels lost', '', count - probed.done, 0),
      finding('rekeyings that failed', '', rekeyed.failed, 0),
      finding('the slowest rekeying', 'ms', rekeyed.latency.max, LATE),
      ...(cookies ? [finding('CPU for a cookie', 'µs', micros, MOST_MICROS)] : []),
    ],
    table: { title: `${RATE} packets a second, ${mode}`, head: ['what', ''], rows },
    notes: [
      ...[rekeyed, probed].filter(({ failed }) => failed > 0).map(reasons),
      ...(rate < wanted ? [`the flood came to no more than ${Math.round(rate)} packets a second`] : []),
      ...(cookies ? [] : [`${flooded.answered - flooded.cookies} half-open SAs were made in place of cookies`]),
    ],
  };
}

const three = ({ latency: { p50, p99, max } }: { latency: { p50: number; p99: number; max: number } }): string =>
  [p50, p99, max].map((ms) => ms.toFixed(1)).join(', ');
