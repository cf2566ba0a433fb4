/**
 * Tunnels that are rekeyed on time while the gateway is flooded with IKE_SA_INITs from addresses that nobody has: as
 * it is configured by default, where half-open SAs come before cookies, and with `ddos-mode=busy`, where every packet
 * of the flood is worth one. The same rekeying without the flood is what the flood's cost is held against. And with
 * first messages of IKEv1, which have no cookies: as `ikev1-policy` drops them, and as each mode comes in.
 */
import { ISAKMP_IKE, type IsakmpMode } from '../crowd/isakmp-first.ts';
import { GATEWAY_ID } from '../crowd/profiles.ts';
import { cpuOf, overflows, residentOf } from '../gateways/account.ts';
import type { Gateway } from '../gateways/gateway.ts';
import { GATEWAY, PROTECTED } from '../gateways/place.ts';
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
/** What half of max-halfopen-ike may take at most: half-open SAs of IKEv1. */
const MOST_MIB = 400;
const MIB = 1024 * 1024;
/** s of flood before the one that counts: what is compiled for it is compiled then. */
const BEFORE = 3;

interface Kind {
  readonly setup?: readonly string[];
  readonly also?: string;
  readonly begins?: IsakmpMode;
}

const KINDS: Readonly<Record<string, Kind>> = { 'by default': {}, 'ddos-mode=busy': { setup: ['ddos-mode=busy'] } };

const accepting = (begins: IsakmpMode): Kind => ({ begins, setup: ['ikev1-policy=accept'], also: isakmpConn(begins) });
const KINDS_V1: Readonly<Record<string, Kind>> = {
  'ikev1-policy=drop': { begins: 'main' },
  'Main Mode': accepting('main'),
  'Aggressive Mode': accepting('aggressive'),
};

export const flood = (bench: Bench): Promise<Result> => each(bench, KINDS);
export const floodV1 = (bench: Bench): Promise<Result> => each(bench, KINDS_V1);

/** For whoever comes, beside the road warriors of IKEv2. */
function isakmpConn(mode: IsakmpMode): string {
  return [
    'conn isakmp',
    ...[`left=${GATEWAY}`, `leftid=@${GATEWAY_ID}`, `leftsubnet=${PROTECTED}`, 'right=%any', 'authby=secret'],
    ...['keyexchange=ikev1', `aggressive=${mode === 'aggressive' ? 'yes' : 'no'}`, `ike=${ISAKMP_IKE}`, 'auto=add'],
  ].join('\n\t');
}

async function each(bench: Bench, kinds: Readonly<Record<string, Kind>>): Promise<Result> {
  const [findings, tables, notes]: [Finding[], Table[], string[]] = [[], [], []];
  for (const [mode, { setup = [], also = '', begins }] of Object.entries(kinds)) {
    const file = watchFile(bench.directory, mode.replaceAll(' ', '-'));
    const wish = { implementation: 'pluto', profile: 'psk', tuning: { ...watched(file), setup, also } } as const;
    const result = await withGateways(bench, [wish], ([gateway]) => poured(bench, gateway, file, mode, begins));
    findings.push(...result.findings);
    tables.push(result.table);
    notes.push(...result.notes.map((note) => `${mode}: ${note}`));
  }
  return { findings, tables, notes };
}

async function poured(bench: Bench, gateway: Gateway, file: string, mode: string, begins: IsakmpMode | undefined) {
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
  const resident = residentOf(pid);
  const pouring = { rate: RATE, sources: SOURCES, ...(begins && { begins }) };
  await flooder.flood({ ...pouring, seconds: BEFORE });
  await settled(gateway);
  await seen(gateway, file);
  const before = { cpu: cpuOf(pid), lost: overflows(pid) };
  const [flooded, rekeyed] = await Promise.all([flooder.flood({ ...pouring, seconds }), generator.carryOut(rekey)]);
  const cpu = cpuOf(pid) - before.cpu;
  const lost = overflows(pid) - before.lost;
  const grown = (residentOf(pid) - resident) / MIB;
  const late = await seen(gateway, file);
  await settled(gateway);
  const probed = await generator.carryOut({ act: 'probe', from: 0, count, window: WINDOW });
  const micros = ((cpu - calmCpu) / Math.max(1, flooded.answered)) * 1000;
  const rate = flooded.sent / (flooded.took / 1000);
  bench.say(`flood ${mode}: ${flooded.answered} answers, slowest ${rekeyed.latency.max} ms`);
  const rows = [
    ['packets a second', Math.round(rate)],
    ['answered', flooded.answered],
    ['answered with a cookie', flooded.cookies],
    ['lost in our socket buffer', lost],
    ['CPU, share of one processor', (cpu / flooded.took).toFixed(2)],
    ...(flooded.answered > 0 ? [['CPU for an answer, µs', micros.toFixed(1)]] : []),
    ['rekeying without the flood, ms p50, p99, max', three(calm)],
    ['rekeying through it, ms p50, p99, max', three(rekeyed)],
    ['requests sent again', rekeyed.retransmitted],
    ['CPU for a packet, µs', (((cpu - calmCpu) / Math.max(1, flooded.sent)) * 1000).toFixed(1)],
    ['memory grown by, MiB', grown.toFixed(0)],
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
      ...(begins ? [finding('memory grown', 'MiB', grown, MOST_MIB)] : []),
      ...(cookies ? [finding('CPU for a cookie', 'µs', micros, MOST_MICROS)] : []),
    ],
    table: { title: `${RATE} packets a second, ${mode}`, head: ['what', ''], rows },
    notes: [
      ...[rekeyed, probed].filter(({ failed }) => failed > 0).map(reasons),
      ...(rate < wanted ? [`the flood came to no more than ${Math.round(rate)} packets a second`] : []),
      ...(cookies || begins
        ? []
        : [`${flooded.answered - flooded.cookies} half-open SAs were made in place of cookies`]),
    ],
  };
}

const three = ({ latency: { p50, p99, max } }: { latency: { p50: number; p99: number; max: number } }): string =>
  [p50, p99, max].map((ms) => ms.toFixed(1)).join(', ');
