/**
 * Profiles a daemon from within, main thread only: `NODE_OPTIONS=--import=…/profile/hook.js`. SIGUSR2 begins, and the next one
 * ends it and writes $BENCH_PROFILE, in the form that DevTools and `read.ts` know.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';

const file = process.env.BENCH_PROFILE;
/** µs between samples. */
const INTERVAL = 250;

if (isMainThread && file !== undefined) listen(file);

function listen(path: string): void {
  let session: Session | undefined;
  process.on('SIGUSR2', () => {
    if (!session) {
      session = new Session();
      session.connect();
      session.post('Profiler.enable');
      session.post('Profiler.setSamplingInterval', { interval: INTERVAL });
      session.post('Profiler.start');
      return;
    }
    const ending = session;
    session = undefined;
    ending.post('Profiler.stop', (error, result) => {
      if (error) throw error;
      writeFileSync(`${path}.new`, JSON.stringify(result.profile));
      renameSync(`${path}.new`, path);
      ending.disconnect();
    });
  });
}
