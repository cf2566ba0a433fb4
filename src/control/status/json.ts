/** Reports as JSON: one object with a member for each part, an array, or an object where there is only one row. */
import type { ReportKind } from '../protocol.ts';
import { ONE, REPORT_PARTS } from './parts.ts';
import type { Report } from './report.ts';
import type { ConnRow, ConnSettings, RowsOf } from './rows.ts';

/** What it prints is described by `statusSchema`. */
export function jsonReport(kind: ReportKind): Report {
  const owed = [...REPORT_PARTS[kind]];
  let current: RowsOf | undefined;
  let isFirst = true;
  const open = (of: RowsOf) => {
    const text = `${isFirst ? '{' : ','}\n  ${JSON.stringify(of)}: `;
    isFirst = false;
    return text;
  };
  const close = () => (current === undefined || ONE.has(current) ? '' : '\n  ]');
  const empty = (of: RowsOf) => `${open(of)}${ONE.has(of) ? 'null' : '[]'}`;
  /** Closes the part before, names the parts that had no rows. */
  const advance = (of?: RowsOf) => {
    const skipped = owed.splice(0, of === undefined ? owed.length : owed.indexOf(of) + 1).filter((part) => part !== of);
    const text = close() + skipped.map(empty).join('');
    current = of;
    return text;
  };
  return {
    slice: ({ of, rows }) => {
      const begins = of !== current;
      const head = begins ? advance(of) + open(of) : '';
      if (ONE.has(of)) return begins ? head + json(rows[0]) : '';
      const text = of === 'connections' ? (row: object) => connectionJson(row as ConnRow) : json;
      return head + rows.map((row, i) => `${begins && i === 0 ? '[' : ','}\n    ${text(row)}`).join('');
    },
    finish: () => `${advance()}\n}\n`,
  };
}

const known = new WeakMap<ConnSettings, string>();

/** Most connections share their settings, which are three quarters of the text. */
function connectionJson({ settings, ...own }: ConnRow): string {
  const text = known.get(settings) ?? json(settings);
  known.set(settings, text);
  return `${JSON.stringify(own).slice(0, -1)},"settings":${text}}`;
}

/** Counters are numbers as far as a number is exact, and text beyond. */
function json(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => {
    if (typeof value !== 'bigint') return value;
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`;
  });
}
