/** What `ipsec reload` says, for both ends of the socket. */
import type { PlanRow } from './rows.ts';

/** `change  w-e  (esp, rightsubnet)`. */
export function planLine({ action, conn, keywords = [] }: PlanRow): string {
  return `${action.padEnd(6)}  ${conn}${keywords.length > 0 ? `  (${keywords.join(', ')})` : ''}`;
}

/** A keyword of `config setup` that differs, and that a reload does not change. */
export const setupLine = (keyword: string): string => `config setup: ${keyword} changed, takes effect at restart`;

/** The keyword, if it is such a line. */
export const setupKeyword = (line: string): string | undefined =>
  /^config setup: (\S+) changed, takes effect at restart$/.exec(line)?.[1];
