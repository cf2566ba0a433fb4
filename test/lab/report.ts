/**
 * What a program in the guest and the test file outside say to each other: one JSON line for each check, and one at
 * the end, so that a program that stopped half-way is not taken for one that had less to say.
 */

export type ReportLine =
  | { readonly name: string; readonly ok: boolean; readonly detail: string }
  | { readonly name: string; readonly skipped: string }
  | { readonly end: number };

export interface Check {
  readonly name: string;
  /** Throws when it does not hold; the text goes into the report. */
  readonly run: () => Promise<void>;
}

/** Runs the checks one after another, each whatever became of the one before; exit status 0 always. */
export async function report(checks: readonly Check[]): Promise<void> {
  for (const { name, run } of checks) {
    try {
      await run();
      say({ name, ok: true, detail: '' });
    } catch (error) {
      say({ name, ok: false, detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  say({ end: checks.length });
}

/** Lines that are not JSON are the program's own chatter, and ignored. */
export function readReport(text: string): readonly ReportLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ReportLine);
}

function say(line: ReportLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
