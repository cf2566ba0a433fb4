/** The report as lines for a terminal. */
import { type Finding, held, type Result, type Table } from '../concentrator/result.ts';
import { figure, verdict } from './words.ts';

export function terminal(result: Result): string {
  const { findings, tables = [], notes = [] } = result;
  const parts = [
    ...tables.map(aligned),
    ...(findings.length > 0 ? [aligned(bars(findings))] : []),
    ...notes.map((note) => `note: ${note}`),
  ];
  return parts.join('\n\n');
}

export function bars(findings: readonly Finding[]): Table {
  const head = ['bar', 'figures', 'value', 'at most', 'by', ''];
  const rows = findings.map((finding) => [
    finding.what,
    Object.entries(finding.figures)
      .map(([name, value]) => `${name} ${figure(value)}`)
      .join(', ')
      .concat(finding.unit === '' ? '' : ` ${finding.unit}`),
    finding.value === undefined ? '' : figure(finding.value),
    figure(finding.most),
    finding.by,
    verdict(held(finding)),
  ]);
  return { title: 'Bars', head, rows };
}

function aligned({ title, head, rows }: Table): string {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  // Figures stand to the right, unless the column has words.
  const isText = head.map((_, i) => rows.some((row) => typeof row[i] === 'string' && !/^-?[\d.]+$/.test(row[i])));
  const lines = all.map((row) =>
    row.map((cell, i) => (isText[i] ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  return [title, ...lines.map((line) => `  ${line.trimEnd()}`)].join('\n');
}
