import type { PlanRow } from './rows.ts';

/** `change  w-e  (esp, rightsubnet)`. */
export function planLine({ action, conn, keywords = [] }: PlanRow): string {
  return `${action.padEnd(6)}  ${conn}${keywords.length > 0 ? `  (${keywords.join(', ')})` : ''}`;
}
