/** The report as one page that needs nothing else. */
import { held, type Result, type Table } from '../concentrator/result.ts';
import type { Environment } from './environment.ts';
import { escaped, svg } from './plot.ts';
import { bars } from './terminal.ts';

export interface Report {
  readonly environment: Environment;
  /** By the scenario's name. */
  readonly results: Readonly<Record<string, Result>>;
}

export function html({ environment, results }: Report): string {
  const all = Object.values(results);
  const findings = all.flatMap((result) => result.findings);
  const missed = findings.filter((finding) => held(finding) === false).length;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>pluto: the bench</title><style>${STYLE}</style></head><body>
<h1>pluto: the bench</h1>
<p>${findings.length} bars, ${missed === 0 ? 'all held or not judged' : `${missed} missed`}.</p>
${table({ title: '', head: ['where', ''], rows: Object.entries(environment) })}
${findings.length > 0 ? table(bars(findings)) : ''}
${Object.entries(results)
  .map(([name, result]) => section(name, result))
  .join('\n')}
</body></html>
`;
}

function section(name: string, { tables = [], plots = [], notes = [] }: Result): string {
  return [
    `<h2>${escaped(name)}</h2>`,
    `<div class="plots">${plots.map(svg).join('\n')}</div>`,
    ...tables.map(table),
    ...notes.map((note) => `<p class="note">${escaped(note)}</p>`),
  ].join('\n');
}

function table({ title, head, rows }: Table): string {
  const cells = (row: readonly (string | number)[], tag: 'th' | 'td') =>
    row.map((cell) => `<${tag}${classOf(cell)}>${escaped(String(cell))}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
  return `${title === '' ? '' : `<h3>${escaped(title)}</h3>`}
<table><tr>${cells(head, 'th')}</tr>
${body}</table>`;
}

function classOf(cell: string | number): string {
  if (cell === 'MISSED') return ' class="missed"';
  if (cell === 'held') return ' class="held"';
  return /^-?[\d.]+$/.test(String(cell)) ? ' class="figure"' : '';
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; color: #1c2024 }
table { border-collapse: collapse; margin: 0 0 1.5rem } th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #e4e7ea }
.figure { text-align: right; font-variant-numeric: tabular-nums } .missed { color: #c92a2a; font-weight: 600 } .held { color: #2b8a3e }
.plots { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0 } svg { width: 560px; max-width: 100% }
svg text { font-size: 11px; fill: #495057 } svg .title { font-size: 14px; fill: #1c2024 } .grid { stroke: #e4e7ea }
.note { color: #862e9c }
`;
