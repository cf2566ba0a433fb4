import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Exposition } from '../../src/ops/exposition.ts';
import { METRICS } from '../../src/ops/metrics.ts';
import { snapshot } from './snapshots.ts';
import { parse } from './text.ts';

test('every figure is where Prometheus looks for it', async () => {
  const text = parse(await new Exposition().text(snapshot()));
  expect(text.value('pluto_ike_sas_started_total', { version: '2', role: 'responder' })).toBe(4);
  expect(text.value('pluto_ike_retransmits_total')).toBe(5);
  expect(text.value('pluto_ike_half_open')).toBe(6);
  expect(text.value('pluto_connection_up', { connection: 'a' })).toBe(0);
  expect(text.value('pluto_connection_up', { connection: 'b' })).toBe(1);
  expect(text.value('pluto_connection_child_sas', { connection: 'b' })).toBe(2);
  expect(text.types.size).toBe(Object.keys(METRICS).length);
});

test('a histogram has its buckets, its sum and its count', async () => {
  const { lines, types } = parse(await new Exposition().text(snapshot()));
  expect(types.get('pluto_helper_job_run_seconds')).toBe('histogram');
  const own = lines.filter(({ name }) => name.startsWith('pluto_helper_job_run_seconds'));
  expect(own.map(({ name, labels, value }) => [name.replace(/^.*_/, ''), labels.le, value])).toEqual([
    ['bucket', '0.000016', 1],
    ['bucket', '0.000032', 1],
    ['bucket', '0.000064', 3],
    ['bucket', '+Inf', 4],
    ['sum', undefined, 0.5],
    ['count', undefined, 4],
  ]);
  expect(own.every(({ labels }) => labels.family === 'ike.keys')).toBe(true);
});

test('whatever a connection is called, it is one label of one line', async () => {
  const hostile = fc.uniqueArray(fc.string({ unit: 'grapheme' }), { maxLength: 8 });
  const evil = ['a"} 1\npluto_fake{x="', '\\', 'new\nline', '__proto__', 'constructor', '', 'ü€😀', '\u0000'];
  await fc.assert(
    fc.asyncProperty(hostile, async (more) => {
      const names = [...new Set([...evil, ...more])];
      const sas = Uint32Array.from(names, (_, i) => i);
      const text = parse(await new Exposition().text(snapshot({ connections: { version: 1, names, sas } })));
      const ups = text.lines.filter(({ name }) => name === 'pluto_connection_child_sas');
      expect(ups.map(({ labels, value }) => [labels.connection, value])).toEqual(names.map((name, i) => [name, i]));
      expect(text.value('pluto_fake', { x: '' })).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test('what is known does not have to come again', async () => {
  const exposition = new Exposition();
  expect(exposition.known).toEqual({ layout: -1, names: -1 });
  await exposition.text(snapshot());
  expect(exposition.known).toEqual({ layout: 1, names: 1 });
  const { layout, ...rest } = snapshot({ values: Float64Array.of(30, 40, 50) });
  const connections = { version: 1, sas: Uint32Array.of(1, 0) };
  const text = parse(await exposition.text({ ...rest, connections }));
  expect(layout).toBeDefined();
  expect(text.value('pluto_ike_sas_started_total', { version: '2', role: 'initiator' })).toBe(30);
  expect(text.value('pluto_connection_up', { connection: 'a' })).toBe(1);
});
