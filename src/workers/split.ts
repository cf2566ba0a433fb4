/** Threads for the jobs that take long, this thread for those that do not. */
import type { Job } from '../ike/crypto/job.ts';
import type { Backend } from './backend.ts';

/** `here` for brief jobs, `threads` for the others. */
export function split(threads: Backend, here: Backend): Backend {
  const both = [threads, here];
  return {
    threads: threads.threads,
    ready: threads.ready,
    run: (job, done, canWait) => (isBrief(job) ? here : threads).run(job, done, canWait),
    helpers: () => threads.helpers(),
    async drain() {
      await Promise.all(both.map((backend) => backend.drain()));
    },
    async close() {
      await Promise.all(both.map((backend) => backend.close()));
    },
  };
}

/**
 * Whether the way to a helper and back costs about as much as the work: 60 to 100 µs of processor time, both threads
 * together and most of it for waking them, against 80 to 120 for one of these key exchanges.
 */
export const isBrief = (job: Job): boolean => 'group' in job && BRIEF.has(job.group);

/** P-256 and X25519; the next dearer one, MODP2048, takes 550 µs. */
const BRIEF: ReadonlySet<number> = new Set([19, 31]);
