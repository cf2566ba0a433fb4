/** The metrics in their thread: what they show, and that their death is nobody else's. */
import { afterEach, expect, test } from 'vitest';
import { FarMetrics } from '../../src/ops/far.ts';
import { Given } from './snapshots.ts';
import { parse } from './text.ts';

const opened: FarMetrics[] = [];
afterEach(async () => {
  for (const metrics of opened.splice(0)) await metrics.close();
});

function far(source: Given, thread?: URL) {
  const lines: string[] = [];
  const rings: (() => void)[] = [];
  let told: () => void = () => {};
  const metrics = new FarMetrics({
    ...{ host: '127.0.0.1', port: 0, source },
    log: (level, text) => void lines.push(`${level} ${text}`),
    after: (_, ring) => {
      rings.push(ring);
      told();
      return () => void rings.splice(0);
    },
    ...(thread && { thread }),
  });
  opened.push(metrics);
  /** When somebody wants to be woken. */
  const rung = () =>
    new Promise<void>((resolve) => {
      told = resolve;
      if (rings.length > 0) resolve();
    });
  return { metrics, lines, rings, rung };
}

test('figures of this thread, text of the other', { timeout: 20_000 }, async () => {
  const source = new Given();
  const { metrics, lines } = far(source);
  const port = await metrics.start();
  expect(lines).toEqual([`info metrics are at http://127.0.0.1:${port}/metrics`]);
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(200);
  const text = parse(await response.text());
  expect(text.value('pluto_ike_half_open')).toBe(6);
  expect(text.value('pluto_connection_up', { connection: 'b' })).toBe(1);
  expect(source.asked.length).toBe(1);
  await metrics.close();
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
});

test('a port that is taken: a line in the log, and no thread', { timeout: 20_000 }, async () => {
  const first = far(new Given());
  const port = await first.metrics.start();
  const lines: string[] = [];
  const second = new FarMetrics({
    ...{ host: '127.0.0.1', port: port!, source: new Given() },
    log: (level, text) => void lines.push(`${level} ${text}`),
    after: () => () => {},
  });
  opened.push(second);
  expect(await second.start()).toBeUndefined();
  expect(lines.join()).toMatch(/^warn no metrics at 127\.0\.0\.1:\d+: .*EADDRINUSE/);
});

test('a thread that dies is started again after a rest, and says so each time', { timeout: 20_000 }, async () => {
  const deadly = new URL('data:text/javascript,process.exit(1)');
  const { metrics, lines, rings, rung } = far(new Given(), deadly);
  void metrics.start();
  await rung();
  const [again] = rings.splice(0);
  again();
  await rung();
  expect(lines).toEqual(Array(2).fill('warn the thread of metrics has died: it will be started again'));
  await metrics.close();
  expect(rings).toEqual([]);
});
