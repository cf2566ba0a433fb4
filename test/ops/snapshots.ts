/** Snapshots as a small daemon would give them. */
import type { Known, Snapshot, Source } from '../../src/ops/snapshot.ts';

export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 1,
    layout: [
      {
        metric: 'ikeStarted',
        series: [
          ['2', 'initiator'],
          ['2', 'responder'],
        ],
      },
      { metric: 'retransmits', series: [[]] },
    ],
    values: Float64Array.of(3, 4, 5),
    samples: [{ metric: 'halfOpen', labels: [], value: 6 }],
    spreads: [
      {
        ...{ metric: 'jobRuns', labels: ['ike.keys'], from: 4, counts: [1, 1, 3], count: 4, sumSeconds: 0.5 },
      },
    ],
    connections: { version: 1, names: ['a', 'b'], sas: Uint32Array.of(0, 2) },
    ...changes,
  };
}

/** Counts who asks, and remembers what they said to know. */
export class Given implements Source {
  readonly asked: Known[] = [];
  next: () => Promise<Snapshot> = async () => snapshot();

  snapshot(known: Known): Promise<Snapshot> {
    this.asked.push(known);
    return this.next();
  }
}
