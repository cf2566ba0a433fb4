import { expect, test } from 'vitest';
import { METRICS, type MetricName } from '../../src/ops/metrics.ts';
import { MOST_SERIES, Registry } from '../../src/ops/registry.ts';

test('series are where the layout says, whenever they came', () => {
  const registry = new Registry();
  const sent = registry.family('packets', [['in'], ['out']]);
  const plain = registry.family('retransmits');
  const reasons = registry.family('drops');
  sent.count('out', 3);
  plain.inc();
  for (let i = 0; i < 9; i++) reasons.count(`why ${i}`, i);
  expect([...registry.values()]).toEqual([0, 3, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(registry.layout().map(({ metric, series }) => [metric, series.length])).toEqual([
    ['packets', 2],
    ['retransmits', 1],
    ['drops', 9],
  ]);
  expect([sent.of('out'), sent.of('nowhere'), plain.value()]).toEqual([3, 0, 1]);
});

test('the version is another when there are more series, and only then', () => {
  const registry = new Registry();
  const drops = registry.family('drops', [['a']]);
  const before = registry.version;
  drops.count('a');
  expect(registry.version).toBe(before);
  drops.count('b');
  expect(registry.version).not.toBe(before);
});

test('whoever makes up labels gets no more than so many series', () => {
  const registry = new Registry();
  const notifies = registry.family('notifies');
  for (let i = 0; i < 10 * MOST_SERIES; i++) notifies.inc(notifies.place('in', `N${i}`));
  expect(notifies.series.length).toBe(MOST_SERIES);
  expect(notifies.of('other', 'other')).toBe(10 * MOST_SERIES - (MOST_SERIES - 1));
});

test('counters begin anew, gauges stay', () => {
  const registry = new Registry();
  const counter = registry.family('retransmits');
  const gauge = registry.family('established');
  counter.inc(0, 5);
  gauge.inc(0, 7);
  registry.clear();
  expect([counter.value(), gauge.value()]).toEqual([0, 7]);
});

test('names follow the conventions of Prometheus', () => {
  const rows = Object.values(METRICS);
  for (const { name, kind, help, labels } of rows) {
    expect(name).toMatch(/^pluto_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
  }
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  expect(Object.keys(METRICS).every((key: string) => METRICS[key as MetricName])).toBe(true);
});
