/**
 * Settings on the wire. Most connections of a slice have theirs in common, and they are three quarters of a row: a
 * frame has each once, in `shared`, and rows have its place there.
 */
import type { ConnRow, ConnSettings, Rows } from './rows.ts';

type Reply = Rows & { readonly t: 'rows' };

/** What to send instead; rows that share nothing are sent as they are. */
export function share(reply: Reply): object {
  if (reply.of !== 'connections') return reply;
  const shared: ConnSettings[] = [];
  const rows = reply.rows.map((row) => {
    let place = shared.indexOf(row.settings);
    if (place < 0) place = shared.push(row.settings) - 1;
    return { ...row, settings: place };
  });
  return { ...reply, rows, shared };
}

/** The inverse; undefined if a row points to nothing. */
export function unshare(reply: Reply & { readonly shared?: unknown }): Reply | undefined {
  if (reply.of !== 'connections' || reply.shared === undefined) return reply;
  const { shared, ...rest } = reply;
  if (!Array.isArray(shared)) return undefined;
  const rows: ConnRow[] = [];
  for (const row of reply.rows) {
    const settings: unknown = shared[row.settings as unknown as number];
    if (typeof settings !== 'object' || settings === null) return undefined;
    rows.push({ ...row, settings: settings as ConnSettings });
  }
  return { ...rest, rows };
}
