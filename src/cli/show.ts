/** The whack command that says the same, ready to paste. */
import type { ConnText } from '../control/protocol.ts';
import { WHACK_OPTIONS, type WhackOption } from './whack-options.ts';

export function whackCommand(argv: readonly string[]): string {
  return `ipsec whack ${argv.map(quoted).join(' ')}`;
}

/** Keywords that whack has no option for are left out: `auto=` and the like are not of the connection. */
export function whackAdd({ name, keywords }: ConnText, kind: 'add' | 'replace'): string[] {
  const end = (side: 'left' | 'right') =>
    Object.entries(keywords)
      .filter(([key]) => key.startsWith(side))
      .flatMap(([key, value]) => said('end', key.slice(side.length), value));
  const conn = Object.entries(keywords)
    .filter(([key]) => !key.startsWith('left') && !key.startsWith('right'))
    .flatMap(([key, value]) =>
      key === 'authby' ? value.split(/[,|\s]+/).flatMap((v) => said('auth', key, v)) : said('conn', key, value),
    );
  const replacing = kind === 'replace' ? ['--delete'] : [];
  return ['--name', name, ...replacing, ...end('left'), '--to', ...end('right'), ...conn];
}

function said(group: WhackOption['group'], key: string, value: string): string[] {
  const rows = [...WHACK_OPTIONS.values()].filter(
    (row) => row.group === group && row.keyword === key && !row.isObsolete,
  );
  const exact = rows.find((row) => row.arg === 'none' && row.value === value);
  if (exact) return [`--${exact.name}`];
  const row = rows.find(({ arg }) => arg !== 'none');
  if (!row) return [];
  const given = row.suffix && value.endsWith(row.suffix) ? value.slice(0, -row.suffix.length) : value;
  return row.arg === 'required' ? [`--${row.name}`, given] : [`--${row.name}=${given}`];
}

function quoted(word: string): string {
  return /^[\w@%+=:,./#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
