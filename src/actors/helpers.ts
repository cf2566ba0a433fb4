/** The helper pool behind the port that actors see: who asked is told, and nobody else. */
import type { Job } from '../ike/crypto/job.ts';
import type { In } from '../ike/effects.ts';
import { type FamilyStats, HelperPool, type HelperPoolOptions } from '../workers/pool.ts';
import type { ActorRef } from './runtime/index.ts';
import type { Helpers } from './world.ts';

export class PoolHelpers implements Helpers {
  readonly pool: HelperPool;
  readonly #owners = new Map<number, ActorRef<In>>();
  #lastId = 0;

  constructor(
    nhelpers: number,
    shelves: Required<Pick<HelperPoolOptions, 'keys' | 'trust'>>,
    warn: (text: string) => void,
  ) {
    this.pool = new HelperPool({
      nhelpers,
      ...shelves,
      onDone: (id, result) => {
        this.#owners.get(id)?.tell({ t: 'job', id, result });
        this.#owners.delete(id);
      },
      onError: warn,
    });
  }

  stats(): ReadonlyMap<string, FamilyStats> {
    return this.pool.stats();
  }

  nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  submit(id: number, job: Job, owner: ActorRef<In>): void {
    this.#owners.set(id, owner);
    if (this.pool.submit(id, job)) return;
    this.#owners.delete(id);
    owner.tell({ t: 'job', id, result: { ok: false, why: 'failed', detail: 'too many jobs are waiting for helpers' } });
  }
}
