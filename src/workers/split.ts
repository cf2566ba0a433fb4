/** Threads for the jobs that take long, this thread for those that do not. */
import type { TrustShelf } from '../ike/auth/x509/trust-shelf.ts';
import type { Backend, Here } from './backend.ts';
import { isBrief } from './brief.ts';

/** `here` for brief jobs, `threads` for the others. */
export function split(threads: Backend, here: Here, trust?: TrustShelf): Backend {
  const both = [threads, here];
  return {
    threads: threads.threads,
    ready: threads.ready,
    run: (job, done, canWait) => (isBrief(job, here.keyring, trust) ? here : threads).run(job, done, canWait),
    helpers: () => threads.helpers(),
    async drain() {
      await Promise.all(both.map((backend) => backend.drain()));
    },
    async close() {
      await Promise.all(both.map((backend) => backend.close()));
    },
  };
}
