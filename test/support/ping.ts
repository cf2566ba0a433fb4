/** ping(8), counted so that a late answer is not taken for a lost one. */
import type { Host } from './netns.ts';

export interface PingOptions {
  readonly times?: number;
  /** Seconds between two. */
  readonly interval?: number;
  /** Octets in each. */
  readonly size?: number;
}

export interface Pings {
  /** How many of the first `times` requests were answered. */
  readonly answered: number;
  /** ms on average; NaN without an answer. */
  readonly average: number;
}

/**
 * Pings `to` from the address `source` of a host. Asked for a count alone, ping gives up on the last answer after an
 * interval or two, which a busy machine exceeds; with a deadline it waits for as many answers as were asked for, and
 * goes on sending meanwhile. So the answers are told apart by their numbers.
 */
export async function ping(
  host: Host,
  source: string,
  to: string,
  { times = 5, interval = 0.02, size = 56 }: PingOptions = {},
): Promise<Pings> {
  const deadline = Math.ceil(times * interval) + 3;
  const options = ['-c', times, '-w', deadline, '-i', interval, '-s', size, '-I', source].map(String);
  const { stdout } = await host.run(['ping', ...options, to], { within: (deadline + 10) * 1000 });
  const numbers = [...stdout.matchAll(/icmp_seq=(\d+) ttl/g)].map((match) => Number(match[1]));
  return {
    answered: new Set(numbers.filter((number) => number <= times)).size,
    average: Number(/= [\d.]+\/([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN),
  };
}
