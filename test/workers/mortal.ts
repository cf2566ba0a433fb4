/** A helper that dies of one job, and does the others as helpers do. */
import { unbundle, unflattenJob } from '../../src/workers/flat.ts';
import { run as live } from '../../src/workers/worker.ts';

/** No group has this number. */
export const DEADLY = 666;

export function run(jobs: Uint8Array): unknown {
  for (const job of unbundle(jobs).map(unflattenJob)) if (job.op === 'ke.make' && job.group === DEADLY) process.exit(1);
  return live(jobs);
}
