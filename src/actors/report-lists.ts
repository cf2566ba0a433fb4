/** Keys and secrets as listings show them: whose they are, never what they are. */
import type { DaemonInfo } from '../control/status/rows.ts';
import type { Entry } from './registry.ts';
import { type Making, slices } from './reporter.ts';
import type { World } from './world.ts';

export function* secrets({ secretRows }: World, { setup }: DaemonInfo): Making {
  yield { of: 'secretsFile', rows: [{ file: setup.secretsfile ?? '' }] };
  for (const slice of slices(secretRows())) {
    const rows = slice.map(({ file, line, kind, indices }) => ({ file, line, kind, ids: indices }));
    yield { of: 'secrets', rows };
  }
}

/** What connections lease from; a pool that several name is one. Nothing is leased yet. */
export function* pools(entries: Iterable<Entry>): Making {
  const sizes = new Map<string, bigint>();
  let seen = 0;
  for (const { conn } of entries) {
    for (const { start, end } of [...conn.left.addresspool, ...conn.right.addresspool])
      sizes.set(`${start}-${end}`, end.toBigInt() - start.toBigInt() + 1n);
    seen++;
    if (seen % MANY === 0) yield undefined;
  }
  for (const slice of slices(sizes)) {
    const rows = slice.map(([range, size]) => ({
      range,
      size,
      leases: 0,
      inUse: 0,
      free: size,
      reusable: 0,
      lease: [],
    }));
    yield { of: 'pools', rows };
  }
}

/** Connections that may be looked at in one go. */
const MANY = 2048;

/** As whack has set it since. */
export function withStanding(info: DaemonInfo, { standing }: World): DaemonInfo {
  const { globalRedirect, globalRedirectTo } = standing;
  const to = globalRedirectTo.length === 0 ? undefined : { 'global-redirect-to': globalRedirectTo.join(', ') };
  const mode = globalRedirect === undefined ? undefined : { 'global-redirect': globalRedirect };
  return { ...info, setup: { ...info.setup, ...mode, ...to } };
}
