/** `whack --help`: every option under its heading, what it means in a word. */
import { usageOf } from './options.ts';
import type { WhackOption } from './whack-option.ts';
import { WHACK_OPTIONS } from './whack-options.ts';

const USAGE = `Usage: whack OPTION...
       whack --name CONN END --to END CONNECTION-OPTION...

An option may be cut short as long as it is clear which one is meant.
`;

export function whackHelp(): string {
  const topics = new Map<string, string[]>();
  const rows = [...WHACK_OPTIONS.values()];
  for (const row of rows) {
    if (row.isObsolete || row.sameAs !== undefined) continue;
    const others = rows.filter(({ sameAs, isObsolete }) => sameAs === row.name && !isObsolete);
    const lines = topics.get(row.topic) ?? [];
    topics.set(row.topic, [...lines, helpLine(row, others)]);
  }
  const sections = [...topics].map(([topic, lines]) => `${topic}:\n${lines.join('\n')}\n`);
  return `${USAGE}\n${sections.join('\n')}`;
}

const COLUMN = 38;

function helpLine(row: WhackOption, others: readonly WhackOption[]): string {
  const also = others.map(({ name }) => `--${name}`).join(', ');
  const help = [row.help, also && `(also ${also})`].filter(Boolean).join(' ');
  return `  ${usageOf(row).padEnd(COLUMN)} ${help}`.trimEnd();
}
