/** The helper pool behind the port that actors see: who asked is told, and nobody else. */
import type { Answer } from '../control/answer.ts';
import { RC } from '../control/reply-codes.ts';
import type { Job } from '../ike/crypto/job.ts';
import type { In } from '../ike/effects.ts';
import type { FamilyStats } from '../workers/figures.ts';
import { HelperPool, type HelperPoolOptions, MOST_HELPERS } from '../workers/pool.ts';
import type { ActorRef } from './runtime/index.ts';
import type { Helpers, World } from './world.ts';

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

  get behind(): number {
    return this.pool.behind;
  }

  get queued(): number {
    return this.pool.queued;
  }

  submit(id: number, job: Job, owner: ActorRef<In>, canWait: boolean): void {
    this.#owners.set(id, owner);
    if (this.pool.submit(id, job, canWait)) return;
    this.#owners.delete(id);
    owner.tell({ t: 'job', id, result: { ok: false, why: 'failed', detail: 'too many jobs are waiting for helpers' } });
  }
}

/** What the log says of them at the start, and after each change. */
export const helpersLine = (threads: number): string =>
  threads === 0
    ? 'no helpers will be started, all cryptographic operations will be done inline'
    : `started ${threads} helper thread${threads === 1 ? '' : 's'}`;

/** `whack --nhelpers`: the answer ends when all jobs of the former helpers are done. */
export function resizeHelpers(pool: HelperPool, nhelpers: number, { log }: Pick<World, 'log'>, answer: Answer): void {
  const end = (code: typeof RC.LOG | typeof RC.WHACK_PROBLEM, text: string) => {
    answer.line(code, text);
    answer.end();
  };
  if (nhelpers < -1 || nhelpers > MOST_HELPERS)
    return end(RC.WHACK_PROBLEM, `--nhelpers ${nhelpers}: expected -1 to ${MOST_HELPERS}`);
  const before = pool.threads;
  const change = pool.resize(nhelpers);
  if (!change)
    return end(RC.WHACK_PROBLEM, `--nhelpers ${nhelpers}: the number of helpers is being changed already, try again`);
  void change.then(() => {
    log('info', helpersLine(pool.threads));
    end(RC.LOG, `${countOf(pool.threads)} in place of ${countOf(before)}`);
  });
}

const countOf = (threads: number): string =>
  threads === 0 ? 'no helpers' : threads === 1 ? '1 helper' : `${threads} helpers`;
