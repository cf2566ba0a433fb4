/** What is not counted as it happens but looked up when somebody asks: a few dozen figures, in some microseconds. */
import { version } from '../control/version.ts';
import type { MetricName } from '../ops/metrics.ts';
import type { Sample, Spread } from '../ops/snapshot.ts';
import type { Durations } from '../workers/durations.ts';
import type { HelperView } from '../workers/figures.ts';
import type { ActorSystem } from './runtime/index.ts';
import type { Vital } from './vitals.ts';
import type { World } from './world.ts';

/** What only a process has; none in a simulation. */
export interface Body {
  vital(): Vital;
  /** ms. */
  loop(): { readonly active: number; readonly idle: number };
  helpers(): readonly HelperView[];
  /** ms, monotonic. */
  now(): number;
  /** Octets. */
  memory(): { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number; readonly external: number };
  /** µs. */
  cpu(): { readonly user: number; readonly system: number };
  /** ms since 1970. */
  readonly startedAt: number;
}

export const OBSERVED: readonly MetricName[] = [
  ...([
    'info',
    'halfOpen',
    'childSas',
    'packets',
    'octets',
    'drops',
    'cookies',
    'cookiesReturned',
    'redirects',
    'instances',
    'services',
  ] as const),
  ...(['helpers', 'helperBusy', 'jobs', 'jobsQueued', 'busy', 'idle', 'loopDelay', 'longestStep', 'actors'] as const),
  ...(['messages', 'waiting', 'mailboxDrops', 'deadLetters', 'crashes', 'timers', 'heap', 'resident', 'cpu'] as const),
  ...(['started', 'connections'] as const),
];

export function observe(world: World, system: ActorSystem, body: Body | undefined): Sample[] {
  const samples: Sample[] = [];
  const say = (metric: MetricName, value: number, ...labels: readonly string[]) =>
    void samples.push({ metric, value, labels });
  say('info', 1, version());
  protocol(world, say);
  jobs(world, say);
  runtime(system, say);
  for (const [figure, value] of world.services.figures()) say('services', value, figure);
  for (const [figure, value] of world.accounting.figures()) say('services', value, figure);
  if (body) threads(body, say);
  return samples;
}

export function spreads({ stats, helpers }: World): Spread[] {
  const all: Spread[] = [];
  for (const [version, byRole] of Object.entries(stats.handshakes))
    for (const [role, durations] of Object.entries(byRole)) all.push(spread('handshakes', durations, version, role));
  for (const [family, { waits, runs }] of helpers.stats())
    all.push(spread('jobWaits', waits, family), spread('jobRuns', runs, family));
  return all;
}

type Say = (metric: MetricName, value: number, ...labels: readonly string[]) => void;

function protocol({ switchboard, sas, stats: { redirects } }: World, say: Say): void {
  const { counters } = switchboard;
  say('halfOpen', switchboard.halfOpen);
  say('childSas', sas.size);
  say('packets', counters.received, 'in');
  say('packets', counters.sent, 'out');
  say('octets', counters.octetsIn, 'in');
  say('octets', counters.octetsOut, 'out');
  say('drops', counters.malformed, 'malformed');
  say('drops', counters.unknownSpi, 'unknown-spi');
  say('drops', counters.dropped, 'mailbox-full');
  say('drops', counters.refused, 'half-open-limit');
  say('drops', counters.crowded, 'source-limit');
  say('drops', counters.shed, 'overload');
  say('drops', counters.late, 'late-copy');
  say('drops', counters.v1Refused, 'ikev1-policy');
  say('drops', counters.v1Aggressive, 'ikev1-aggressive');
  say('drops', counters.v1Full, 'ikev1-limit');
  say('drops', counters.unsendable, 'unsendable');
  say('cookies', counters.cookies);
  say('cookiesReturned', counters.returned);
  say('redirects', counters.redirected + redirects.sent, 'sent');
  say('redirects', redirects.obeyed, 'obeyed');
  say('redirects', redirects.refused, 'refused');
}

function jobs({ helpers }: World, say: Say): void {
  for (const [family, stats] of helpers.stats()) {
    say('jobs', stats.count - stats.failed, family, 'ok');
    say('jobs', stats.failed, family, 'failed');
    say('jobs', stats.refused, family, 'refused');
    say('jobsQueued', stats.queued, family);
  }
}

function runtime(system: ActorSystem, say: Say): void {
  const { actors, messages, waiting, dropped, deadLetters, crashes, timers, longestStepMs } = system.counters();
  say('actors', actors);
  say('messages', messages);
  say('waiting', waiting);
  say('mailboxDrops', dropped);
  say('deadLetters', deadLetters);
  say('crashes', crashes);
  say('timers', timers);
  say('longestStep', longestStepMs / 1000);
}

function threads(body: Body, say: Say): void {
  const helpers = body.helpers();
  const now = body.now();
  say('helpers', helpers.length);
  helpers.forEach(({ stats }, i) => void say('helperBusy', stats.busy(now), `${i + 1}`));
  const { active, idle } = body.loop();
  say('busy', active / 1000);
  say('idle', idle / 1000);
  const { p50, p90, p99, max } = body.vital();
  for (const [quantile, ms] of [
    ['0.5', p50],
    ['0.9', p90],
    ['0.99', p99],
    ['1', max],
  ] as const)
    say('loopDelay', ms / 1000, quantile);
  const memory = body.memory();
  say('heap', memory.heapUsed, 'used');
  say('heap', memory.heapTotal, 'reserved');
  say('heap', memory.external, 'external');
  say('resident', memory.rss);
  const cpu = body.cpu();
  say('cpu', cpu.user / 1e6, 'user');
  say('cpu', cpu.system / 1e6, 'system');
  say('started', body.startedAt / 1000);
}

/** From 16 µs to 67 s: 23 buckets. */
const FROM = 4;
const TO = 26;

const spread = (metric: MetricName, durations: Durations, ...labels: readonly string[]): Spread => ({
  metric,
  labels,
  from: FROM,
  counts: durations.octaves(FROM, TO),
  count: durations.count,
  sumSeconds: durations.sumMs / 1000,
});
