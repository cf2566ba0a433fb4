/** One row of an option table; parsing, refusals and help all come from it. */
export interface OptionRow {
  /** Without the dashes. */
  readonly name: string;
  /** `optional`: only as `--name=value`. */
  readonly arg: 'none' | 'required' | 'optional';
  /** What stands for the argument in help. */
  readonly argName?: string;
  /** Another row that this one means exactly. */
  readonly sameAs?: string;
  readonly isObsolete?: true;
  /** Accepted words, where they are few. */
  readonly words?: readonly string[];
  readonly help?: string;
}

/** The row that `row` stands for, itself if none. */
export function canonical<R extends OptionRow>(table: ReadonlyMap<string, R>, row: R): R {
  return (row.sameAs !== undefined && table.get(row.sameAs)) || row;
}

/** A table by name; two rows of one name are our bug. */
export function byName<R extends OptionRow>(rows: readonly R[]): ReadonlyMap<string, R> {
  const table = new Map<string, R>();
  for (const row of rows) {
    if (table.has(row.name)) throw new Error(`option --${row.name} is listed twice`);
    table.set(row.name, row);
  }
  return table;
}

/** `--name`, `--name ARG`, `--name[=ARG]`. */
export function usageOf(row: OptionRow): string {
  const arg = row.argName ?? row.words?.join('|') ?? 'ARG';
  if (row.arg === 'none') return `--${row.name}`;
  return row.arg === 'required' ? `--${row.name} ${arg}` : `--${row.name}[=${arg}]`;
}
