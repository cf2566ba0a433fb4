/** The door as metrics have it: what is set, and how near to it we are. What each limit turned away is counted elsewhere. */
import type { MetricName } from '../ops/metrics.ts';
import type { Sample } from '../ops/snapshot.ts';
import type { GateLimits } from './switchboard.ts';
import type { World } from './world.ts';

export const LIMIT_METRICS: readonly MetricName[] = ['limits', 'ddosMode', 'cookiesDemanded', 'accepting', 'behind'];

const MODES: readonly GateLimits['mode'][] = ['auto', 'busy', 'unlimited'];

export function limitSamples({ switchboard, helpers }: World, lagMs: number): Sample[] {
  const { limits, halfOpen, wantsCookies } = switchboard;
  const { cookiesFrom, maxHalfOpen, maxPerSource, delay, mode } = limits;
  const byKeyword = {
    'ddos-ike-threshold': cookiesFrom,
    'max-halfopen-ike': maxHalfOpen,
    'max-halfopen-per-source': maxPerSource,
    'ddos-delay': delay / 1000,
  };
  return [
    ...Object.entries(byKeyword).map(([limit, value]): Sample => ({ metric: 'limits', labels: [limit], value })),
    ...MODES.map((each): Sample => ({ metric: 'ddosMode', labels: [each], value: each === mode ? 1 : 0 })),
    { metric: 'cookiesDemanded', labels: [], value: wantsCookies ? 1 : 0 },
    { metric: 'accepting', labels: [], value: halfOpen < maxHalfOpen ? 1 : 0 },
    { metric: 'behind', labels: [], value: Math.max(lagMs, helpers.behind) / 1000 },
  ];
}
