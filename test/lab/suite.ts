/** Turns a program's report from the guest into tests: each line one, and one for having come to its end. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { inGuest, lacksGuest } from './guest.ts';
import { type ReportLine, readReport } from './report.ts';

/**
 * Boots one guest for `program`, a compiled file under dist/ (`test/lab/scenario-bed.js`), and registers its checks.
 * Awaited at the top of a test file: the names of the tests are known only when the guest has spoken.
 */
export async function guestSuite(title: string, program: string, within?: number): Promise<void> {
  const compiled = fileURLToPath(new URL(`../../dist/${program}`, import.meta.url));
  const reason = existsSync(compiled) ? lacksGuest() : 'not compiled: npm run build';
  const answer =
    reason === undefined
      ? await inGuest([process.execPath, compiled], within === undefined ? {} : { within })
      : { booted: false as const, why: reason };
  describe(title, () => {
    if (!answer.booted) {
      test('in the guest', (context) => context.skip(`no guest: ${answer.why}`));
      return;
    }
    const lines = readReport(answer.stdout);
    for (const line of lines) if ('name' in line) asTest(line);
    test('the program in the guest came to its end', () => {
      expect(lines.at(-1), `status ${answer.status}\n${answer.stderr}`).toEqual({ end: lines.length - 1 });
    });
  });
}

function asTest(line: Exclude<ReportLine, { end: number }>): void {
  test(line.name, (context) => {
    if ('skipped' in line) context.skip(line.skipped);
    else expect(line.ok, line.detail).toBe(true);
  });
}
