/** The JSON Schema of what `--json` prints: one definition for each kind of row and each report. */
import type { ReportKind } from '../protocol.ts';
import { ONE, REPORT_PARTS } from './parts.ts';
import { ROWS, type RowsOf } from './rows.ts';
import { object, type Schema } from './shape.ts';

export interface StatusSchema {
  readonly $schema: string;
  readonly title: string;
  readonly $defs: Readonly<Record<string, Schema>>;
  readonly anyOf: readonly Schema[];
}

/** A report is `#/$defs/report.KIND`, a row of one `#/$defs/PART`. */
export function statusSchema(): StatusSchema {
  const kinds = Object.keys(REPORT_PARTS) as ReportKind[];
  const parts = kinds.flatMap((kind) => REPORT_PARTS[kind]);
  const rows = [...new Set(parts)].map((of): [string, Schema] => [of, object(ROWS[of]).schema]);
  const reports = kinds.map((kind): [string, Schema] => [`report.${kind}`, reportSchema(REPORT_PARTS[kind])]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Reports of pluto: ipsec status --json, whack --trafficstatus --json and the others',
    $defs: Object.fromEntries([...rows, ...reports]),
    anyOf: reports.map(([name]) => ({ $ref: `#/$defs/${name}` })),
  };
}

function reportSchema(parts: readonly RowsOf[]): Schema {
  const part = (of: RowsOf): Schema => {
    const row: Schema = { $ref: `#/$defs/${of}` };
    // Of what there is one there may be none: a report about one connection has no totals.
    return ONE.has(of) ? { anyOf: [row, { type: 'null' }] } : { type: 'array', items: row };
  };
  return {
    type: 'object',
    properties: Object.fromEntries(parts.map((of) => [of, part(of)])),
    required: parts,
    additionalProperties: false,
  };
}
