/** The demo as a list of claims: each is tried, told while it runs, and shown in the report at the end. */

export interface Step {
  readonly claim: string;
  readonly holds: boolean;
  /** What was seen, or what went wrong. */
  readonly seen: string;
  /** ms */
  readonly took: number;
}

export interface Steps {
  /**
   * Tries a claim. `attempt` gives what it saw, or throws why it does not hold. After one that did not, the
   * others are not tried: they would only fail in its wake.
   */
  readonly try: (claim: string, attempt: () => Promise<string>) => Promise<void>;
  /** Tried even after a failure: clearing up. */
  readonly always: (claim: string, attempt: () => Promise<string>) => Promise<void>;
  readonly done: () => readonly Step[];
}

const isTerminal = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string): string => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
const mark = (step: Step): string => (step.holds ? paint(32, 'ok  ') : paint(31, 'FAIL'));

export function steps(): Steps {
  const done: Step[] = [];
  const always = async (claim: string, attempt: () => Promise<string>): Promise<void> => {
    const began = performance.now();
    const end = (holds: boolean, seen: string): Step => ({ claim, holds, seen, took: performance.now() - began });
    const step = await attempt().then(
      (seen) => end(true, seen),
      (error: unknown) => end(false, error instanceof Error ? error.message : String(error)),
    );
    done.push(step);
    process.stdout.write(`${mark(step)} ${claim} ${paint(2, `(${(step.took / 1000).toFixed(1)} s)`)}\n`);
  };
  return {
    always,
    try: (claim, attempt) => (done.every((step) => step.holds) ? always(claim, attempt) : Promise.resolve()),
    done: () => done,
  };
}

/** The report: a table, then one sentence. */
export function report(done: readonly Step[]): string {
  const width = Math.max(...done.map((step) => step.claim.length));
  const rows = done.map((step) => {
    const seen = step.seen.trim().split('\n');
    const indent = `\n     ${' '.repeat(width)}  `;
    return `${mark(step)} ${step.claim.padEnd(width)}  ${seen.join(indent)}`;
  });
  const failed = done.filter((step) => !step.holds).length;
  const sum = failed === 0 ? `All ${done.length} steps hold.` : `${failed} of ${done.length} steps failed.`;
  return `\n${rows.join('\n')}\n\n${paint(failed === 0 ? 32 : 31, sum)}\n`;
}
