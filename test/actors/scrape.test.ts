/** What the metrics say of a town: each thing that happens is counted once, and seen under its name. */
import { expect, test } from 'vitest';
import { OBSERVED } from '../../src/actors/observed.ts';
import { LIMIT_METRICS } from '../../src/actors/observed-limits.ts';
import { POOL_METRICS } from '../../src/actors/pools.ts';
import { Scrape } from '../../src/actors/scrape.ts';
import { Exposition } from '../../src/ops/exposition.ts';
import { METRICS, type MetricName } from '../../src/ops/metrics.ts';
import { NOTHING_KNOWN, type Snapshot } from '../../src/ops/snapshot.ts';
import { HelperStats } from '../../src/workers/figures.ts';
import { type Parsed, parse } from '../ops/text.ts';
import { conn, type House, town } from './town.ts';

const BODY = {
  vital: () => ({ busy: 0.5, p50: 0, p90: 1, p99: 2, max: 3 }),
  loop: () => ({ active: 1500, idle: 2500 }),
  helpers: () => [{ stats: new HelperStats(7, 0), inHand: 0 }],
  now: () => 1,
  memory: () => ({ rss: 4, heapUsed: 1, heapTotal: 2, external: 3 }),
  cpu: () => ({ user: 2_000_000, system: 1_000_000 }),
  startedAt: 5_000,
};

async function snapshotOf(house: House, scrape: Scrape, known = NOTHING_KNOWN): Promise<Snapshot> {
  const promise = scrape.snapshot(known);
  for (let turn = 0; turn < 100; turn++) house.clock.settle();
  return promise;
}

const scrapeOf = ({ world, system }: House, mostConnections = 100) =>
  new Scrape({ world, system, mostConnections, body: BODY });

async function metricsOf(house: House, mostConnections = 100): Promise<Parsed> {
  return parse(await new Exposition().text(await snapshotOf(house, scrapeOf(house, mostConnections))));
}

test('every row of the table is filled by somebody', () => {
  const { west } = town();
  const series: readonly MetricName[] = ['connectionUp', 'connectionSas', 'connectionsOmitted'];
  const spreads: readonly MetricName[] = ['handshakes', 'jobWaits', 'jobRuns'];
  const observed = [...OBSERVED, ...LIMIT_METRICS, ...POOL_METRICS];
  const filled = [...west.world.stats.registry.metrics, ...observed, ...series, ...spreads, 'scrapes'];
  expect(filled.toSorted()).toEqual(Object.keys(METRICS).toSorted());
});

test('a tunnel that comes and goes', async () => {
  const { west, east, clock } = town();
  const before = await metricsOf(east);
  expect(before.value('pluto_connection_up', { connection: 'w-e' })).toBe(0);
  expect(before.value('pluto_connections', { state: 'down' })).toBe(1);
  expect(before.value('pluto_ike_sas_established_total', { version: '2', by: 'handshake' })).toBe(0);

  // At 0, nothing is established: that is what 0 says.
  clock.advance(1_000);
  west.whack({ kind: 'initiate', name: 'w-e' });
  const up = await metricsOf(east);
  expect(up.value('pluto_connection_up', { connection: 'w-e' })).toBe(1);
  expect(up.value('pluto_connection_child_sas', { connection: 'w-e' })).toBe(1);
  expect(up.value('pluto_connections', { state: 'up' })).toBe(1);
  expect(up.value('pluto_ike_sas', { version: '2', state: 'established' })).toBe(1);
  expect(up.value('pluto_ike_established', { version: '2' })).toBe(1);
  expect(up.value('pluto_ike_sas_started_total', { version: '2', role: 'responder' })).toBe(1);
  expect(up.value('pluto_ike_sas_established_total', { version: '2', by: 'handshake' })).toBe(1);
  expect(up.value('pluto_ike_handshake_seconds_count', { version: '2', role: 'responder' })).toBe(1);
  expect(up.value('pluto_ike_key_exchange_total', { version: '2', method: 'DH31' })).toBe(1);
  expect(up.value('pluto_child_sas_established_total', { version: '2', protocol: 'esp' })).toBe(1);
  expect(up.value('pluto_ike_notifies_total', { version: '2', direction: 'in', type: 'NAT_DETECTION_SOURCE_IP' })).toBe(
    1,
  );
  expect(
    up.value('pluto_ike_notifies_total', { version: '2', direction: 'out', type: 'NAT_DETECTION_SOURCE_IP' }),
  ).toBe(1);
  expect(up.value('pluto_ike_packets_total', { direction: 'in' })).toBe(2);
  expect(up.value('pluto_helper_busy_ratio', { helper: '1' })).toBe(0);
  expect(up.value('pluto_main_thread_busy_seconds_total')).toBe(1.5);

  // The IKE SA and its child are rekeyed in eight hours, both more than once.
  clock.advance(8 * 3600_000);
  const rekeyed = await metricsOf(east);
  expect(rekeyed.value('pluto_connection_child_sas', { connection: 'w-e' })).toBe(1);
  expect(rekeyed.value('pluto_ike_sas', { version: '2', state: 'established' })).toBe(1);
  expect(rekeyed.value('pluto_ike_sas_established_total', { version: '2', by: 'rekey' })).toBeGreaterThan(0);
  expect(rekeyed.value('pluto_child_sas_rekeyed_total', { version: '2' })).toBeGreaterThan(0);

  west.whack({ kind: 'terminate', name: 'w-e' });
  clock.advance(60_000);
  const down = await metricsOf(east);
  expect(down.value('pluto_connection_up', { connection: 'w-e' })).toBe(0);
  expect(down.value('pluto_child_sas')).toBe(0);
  expect(down.lines.filter(({ name, value }) => name === 'pluto_ike_sas' && value !== 0)).toEqual([]);
  expect(down.value('pluto_ike_established', { version: '2' })).toBe(0);
  expect(
    down.value('pluto_ike_sas_ended_total', { version: '2', stage: 'established', reason: 'peer' }),
  ).toBeGreaterThan(0);
  expect(down.value('pluto_child_sas_ended_total', { version: '2', reason: 'peer' })).toBe(1);
  expect(down.value('pluto_ike_deletes_total', { version: '2', direction: 'in' })).toBeGreaterThan(0);
});

test('libreswan reads the same counts: there is one of each', async () => {
  const { west } = town();
  west.whack({ kind: 'initiate', name: 'w-e' });
  const metrics = await metricsOf(west);
  const rows = (await west.report({ kind: 'globalstatus' })).rowsOf('globals');
  const global = new Map(rows.map(({ key, value }) => [key, value]));
  const sent = metrics.value('pluto_ike_notifies_total', {
    version: '2',
    direction: 'out',
    type: 'NAT_DETECTION_SOURCE_IP',
  });
  expect(sent).toBe(1);
  expect(global.get('total.ikev2.sent.notifies.status.NAT_DETECTION_SOURCE_IP')).toBe(sent);
  expect(global.get('total.ikev2.ike.established')).toBe(1);
  expect(global.get('current.states.enumerate.ESTABLISHED_IKE_SA')).toBe(1);
  expect(global.get('total.ikev2.group.DH31')).toBe(1);
});

test('a handshake that fails is counted by why, at both ends', async () => {
  const { west, east } = town({ east: { conf: conn('w-e', { ike: 'aes_gcm256-sha2_512-dh19' }) } });
  west.whack({ kind: 'initiate', name: 'w-e' });
  const metrics = await metricsOf(east);
  const refused = metrics.value('pluto_ike_sas_ended_total', { version: '2', stage: 'handshake', reason: 'refused' });
  expect(refused).toBeGreaterThan(0);
  const told = metrics.lines.filter(
    ({ name, labels }) => name === 'pluto_ike_notifies_total' && labels.direction === 'out',
  );
  expect(told.map(({ labels }) => labels.type)).toContain('NO_PROPOSAL_CHOSEN');
  expect(metrics.value('pluto_connection_up', { connection: 'w-e' })).toBe(0);
});

test('connections beyond the limit are counted, and have no series', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `c${i}`);
  const { west } = town({ west: { conf: names.map((name) => conn(name)).join('') } });
  const metrics = await metricsOf(west, 10);
  const series = metrics.lines.filter(({ name }) => name === 'pluto_connection_up');
  expect(series.map(({ labels }) => labels.connection)).toEqual(names.slice(0, 10));
  expect(metrics.value('pluto_connections_omitted')).toBe(290);
  expect(metrics.value('pluto_connections', { state: 'down' })).toBe(300);
});

test('names travel again when they are others, and only then', async () => {
  const { west } = town();
  const scrape = scrapeOf(west);
  const first = await snapshotOf(west, scrape);
  const known = { layout: first.version, names: first.connections.version };
  const second = await snapshotOf(west, scrape, known);
  expect([second.layout, second.connections.names]).toEqual([undefined, undefined]);
  west.load(conn('another'));
  const third = await snapshotOf(west, scrape, known);
  expect(third.connections.names).toEqual(['w-e', 'another']);
  west.whack({ kind: 'delete', name: 'w-e' });
  expect((await snapshotOf(west, scrape, known)).connections.names).toEqual(['another']);
});

test('what the data plane refuses is counted by operation', async () => {
  const { west } = town();
  west.plane.refuses = (what) => (what === 'sa' ? 'no room' : undefined);
  west.whack({ kind: 'initiate', name: 'w-e' });
  const metrics = await metricsOf(west);
  expect(metrics.value('pluto_kernel_errors_total', { operation: 'addSa' })).toBeGreaterThan(0);
  expect(metrics.value('pluto_connection_up', { connection: 'w-e' })).toBe(0);
});
