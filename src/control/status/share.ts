/**
 * Rows on the wire. The rows of a slice have most of their members in common: the first goes whole, and of each that follows
 * only what it has otherwise, within its objects as well. A member that it has not is `undefined`.
 *
 *     { conn: 'a', local: { host: '192.0.2.1', id: '@a' }, settings: {…} }   { conn: 'b', local: { id: '@b' } }   …
 */
import type { Rows } from './rows.ts';

type Reply = Rows & { readonly t: 'rows' };
type Members = Readonly<Record<string, unknown>>;

/** What to send instead. */
export function share(reply: Reply): object {
  if (reply.rows.length < 2) return reply;
  const [first, ...others] = reply.rows as readonly Members[];
  return { ...reply, rows: [first, ...others.map((row) => difference(first, row))] };
}

/** The inverse; undefined if what has come are no rows. */
export function unshare(reply: Reply): Reply | undefined {
  const rows: unknown = reply.rows;
  if (!Array.isArray(rows) || !rows.every(isMembers)) return undefined;
  if (rows.length < 2) return reply;
  const [first, ...others] = rows;
  return { ...reply, rows: [first, ...others.map((row) => together(first, row))] } as unknown as Reply;
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function difference(first: Members, row: Members): Members {
  const other: Record<string, unknown> = {};
  for (const name in row) {
    const [theirs, own] = [first[name], row[name]];
    if (theirs === own) continue;
    if (isMembers(theirs) && isMembers(own)) {
      const within = difference(theirs, own);
      for (const _ in within) {
        other[name] = within;
        break;
      }
    } else if (!areEqualLists(theirs, own)) other[name] = own;
  }
  for (const name in first) if (first[name] !== undefined && !(name in row)) other[name] = undefined;
  return other;
}

/** Lists of words; others are sent again. */
function areEqualLists(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function together(first: Members, row: Members): Members {
  const whole: Record<string, unknown> = { ...first };
  for (const name in row) {
    const [theirs, own] = [first[name], row[name]];
    whole[name] = isMembers(theirs) && isMembers(own) ? together(theirs, own) : own;
  }
  return whole;
}
