import { describe, expect, test } from 'vitest';
import type { ReportKind } from '../../../src/control/protocol.ts';
import { jsonReport } from '../../../src/control/status/json.ts';
import { REPORT_PARTS } from '../../../src/control/status/parts.ts';
import type { Rows } from '../../../src/control/status/rows.ts';
import { statusSchema } from '../../../src/control/status/schema.ts';
import { SLICES } from './fixtures.ts';
import { statusPage } from './page.ts';
import { faults } from './validator.ts';

const schema = statusSchema();
const KINDS = Object.keys(REPORT_PARTS) as ReportKind[];

function json(kind: ReportKind, slices: readonly Rows[]): unknown {
  const report = jsonReport(kind);
  return JSON.parse(slices.map((slice) => report.slice(slice)).join('') + report.finish());
}

const faultsOf = (kind: ReportKind, value: unknown) => faults(value, schema.$defs[`report.${kind}`], schema.$defs);

describe('every report', () => {
  test.each(KINDS)('%s is what the schema says', (kind) => {
    const slices = REPORT_PARTS[kind].map((of) => SLICES[of]);
    expect(faultsOf(kind, json(kind, slices))).toEqual([]);
    expect(faultsOf(kind, json(kind, []))).toEqual([]);
  });

  test.each(KINDS)('%s is described by no other definition with other parts', (kind) => {
    const value = json(kind, []);
    const fitting = KINDS.filter((other) => faultsOf(other, value).length === 0);
    expect(fitting.every((other) => REPORT_PARTS[other].join() === REPORT_PARTS[kind].join())).toBe(true);
  });
});

describe('the schema refuses', () => {
  const [row] = SLICES.connections.rows;
  const refused = (value: unknown) => faults(value, schema.$defs.connections, schema.$defs);
  const plain = JSON.parse(JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v))) as object;

  test.each<[string, object, string]>([
    ['a member it does not know', { ...plain, colour: 'red' }, '$.colour: not in the schema'],
    ['a missing member', { ...plain, conn: undefined }, '$.conn: no string'],
    ['another type', { ...plain, serial: '1' }, '$.serial: no integer'],
    [
      'a word it does not know',
      { ...plain, kind: 'odd' },
      '$.kind: odd is none of permanent, template, instance, group',
    ],
  ])('%s', (_, value, fault) => {
    expect(refused(plain)).toEqual([]);
    expect(refused(value)).toEqual([fault]);
  });

  test('a counter that is no number', () => {
    const large = { ...schema.$defs.traffic.properties?.inBytes };
    expect(faults('12345678901234567890', large, {})).toEqual([]);
    expect(faults('many', large, {})).toHaveLength(1);
    expect(faults(-1, large, {})).toHaveLength(1);
  });
});

test('docs/status.schema.json is this schema', async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../../docs/status.schema.json');
});

test('docs/status.md describes it', async () => {
  await expect(statusPage()).toMatchFileSnapshot('../../../docs/status.md');
});
