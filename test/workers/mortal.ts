/** A helper that dies of one job, and does the others as helpers do. */
import { unflattenJob } from '../../src/workers/flat.ts';
import { run as live } from '../../src/workers/worker.ts';

/** No group has this number. */
export const DEADLY = 666;

export function run(flat: Uint8Array): unknown {
  const job = unflattenJob(flat);
  if (job.op === 'ke.make' && job.group === DEADLY) process.exit(1);
  return live(flat);
}
