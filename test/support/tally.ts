/** Counts what a vitest run came to, and keeps the reason of every test that was skipped. */
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

export interface RingResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export class Tally implements Reporter {
  #passed = 0;
  #failed = 0;
  readonly #skipped: { name: string; reason: string }[] = [];

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state === 'passed') this.#passed++;
    if (result.state === 'failed') this.#failed++;
    if (result.state === 'skipped')
      this.#skipped.push({ name: test.fullName, reason: result.note ?? 'the test gives no reason' });
  }

  /** A file that could not be loaded and an error outside any test are failures too. */
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#failed += unhandled.length + modules.filter((module) => module.errors().length > 0).length;
  }

  /** A ring without a single test has failed: somebody moved its files. */
  result(ring: string): RingResult {
    const isEmpty = this.#passed + this.#failed + this.#skipped.length === 0;
    if (isEmpty) process.stdout.write(`the ${ring} ring found no test\n`);
    return { passed: this.#passed, failed: this.#failed + (isEmpty ? 1 : 0), skipped: this.#skipped };
  }
}
