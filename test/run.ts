/**
 * `npm test`: the rings of docs/testing.md one after another, each in a process of its own, and at the end one line
 * that sums them all up. `node dist/test/run.js [RING...]` runs only those. Exit status 1 when a test failed or a
 * ring had none.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';
import { sweep } from './support/netns.ts';
import { type RingResult, Tally } from './support/tally.ts';

const rings = ['unit', 'kernel', 'lab', 'interop'] as const;
type Ring = (typeof rings)[number];

/** ms; a ring that takes longer hangs. */
const patience = 15 * 60_000;

async function runAll(chosen: readonly Ring[]): Promise<void> {
  await sweep();
  const results: RingResult[] = [];
  for (const ring of chosen) {
    process.stdout.write(`\n=== ${ring}\n`);
    const result = await inProcess(ring);
    for (const { name, reason } of result.skipped) process.stdout.write(`skipped  ${name}: ${reason}\n`);
    results.push(result);
  }
  const sum = (pick: (result: RingResult) => number): number => results.reduce((total, r) => total + pick(r), 0);
  const failed = sum((r) => r.failed);
  const skipped = sum((r) => r.skipped.length);
  process.stdout.write(
    `\n${sum((r) => r.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
}

/** A ring that dies or hangs without a result has failed once. */
function inProcess(ring: Ring): Promise<RingResult> {
  return new Promise((resolve) => {
    let result: RingResult | undefined;
    const child = fork(fileURLToPath(import.meta.url), ['--ring', ring]);
    const alarm = setTimeout(() => child.kill('SIGKILL'), patience);
    child.on('message', (message) => {
      result = message as RingResult;
    });
    child.on('close', (status) => {
      clearTimeout(alarm);
      if (!result) process.stdout.write(`the ${ring} ring ended without a result, status ${status}\n`);
      resolve(result ?? { passed: 0, failed: 1, skipped: [] });
    });
  });
}

/** In the child: one ring under vitest, which prints as it goes. */
async function runRing(ring: string): Promise<void> {
  const tally = new Tally();
  const vitest = await startVitest('test', [], {
    watch: false,
    project: [ring],
    reporters: ['default', tally],
    passWithNoTests: true,
  });
  await vitest.close();
  process.send?.(tally.result(ring));
  process.disconnect();
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--ring') await runRing(rest[0] ?? '');
else await runAll(first === undefined ? rings : rings.filter((ring) => process.argv.includes(ring)));
