/** Metrics on loopback, by `metrics-listen=` or `--metrics-listen`, in a thread of their own. */
import { OPEN_METRICS, parseMetricsListen } from '../conf/metrics-listen.ts';
import { FarMetrics } from '../ops/far.ts';
import { realClock } from './runtime/index.ts';
import { Scrape, type ScrapeOptions } from './scrape.ts';

/** Undefined, and a line in the log, if nobody can listen there. */
export function serveMetrics(where: string, options: ScrapeOptions): FarMetrics | undefined {
  const { log } = options.world;
  const listen = parseMetricsListen(where);
  if ('fault' in listen) {
    log('warn', `--metrics-listen ${where}: ${listen.fault}`);
    return undefined;
  }
  if (listen.isOpen) log('warn', `WARNING: metrics-listen=${listen.host}:${listen.port}: ${OPEN_METRICS}`);
  const clock = realClock();
  const metrics = new FarMetrics({
    ...listen,
    source: new Scrape(options),
    log: (level, text) => void log(level, text),
    after: (ms, ring) => {
      const alarm = clock.alarm(clock.now() + ms, ring);
      return () => alarm.cancel();
    },
  });
  void metrics.start();
  return metrics;
}
