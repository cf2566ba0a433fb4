/** `whack --help`: every option in its group, what it means in a word. */
import { usageOf } from './options.ts';
import { WHACK_GROUPS, WHACK_OPTIONS, type WhackGroup, type WhackOption } from './whack-options.ts';

export function whackHelp(): string {
  const groups = (Object.keys(WHACK_GROUPS) as WhackGroup[]).map((group) => {
    const rows = [...WHACK_OPTIONS.values()].filter((row) => row.group === group && !row.isObsolete);
    return `${WHACK_GROUPS[group]}:\n${rows.map((row) => helpLine(row)).join('\n')}\n`;
  });
  return `Usage: whack OPTION...\n       whack --name CONN END --to END CONNECTION-OPTION...\n\n${groups.join('\n')}`;
}

const COLUMN = 38;

function helpLine(row: WhackOption): string {
  const means = row.sameAs === undefined ? (row.help ?? keywordSet(row)) : `--${row.sameAs}`;
  return `  ${usageOf(row).padEnd(COLUMN)} ${means}`.trimEnd();
}

function keywordSet({ keyword, value, arg, group }: WhackOption): string {
  if (keyword === undefined) return '';
  const side = group === 'end' ? '{left,right}' : '';
  return `${side}${keyword}=${arg === 'none' ? (value ?? '') : ''}`;
}
