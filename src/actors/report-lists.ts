/** Secrets as listings show them, whose they are and never what they are; shunts; and the lines of policy groups. */
import { lineName } from '../conf/groups.ts';
import type { DaemonInfo } from '../control/status/rows.ts';
import { type Making, slices } from './reporter.ts';
import type { World } from './world.ts';

export function* secrets({ secretRows }: World, { setup }: DaemonInfo): Making {
  yield { of: 'secretsFile', rows: [{ file: setup.secretsfile ?? '' }] };
  for (const slice of slices(secretRows())) {
    const rows = slice.map(({ file, line, kind, indices }) => ({ file, line, kind, ids: indices }));
    yield { of: 'secrets', rows };
  }
}

export function* shunts(world: World): Making {
  for (const rows of slices(world.shunts.rows())) yield { of: 'shunts', rows };
}

/** The lines that are in use. */
export function* groups({ registry }: World, { setup }: DaemonInfo): Making {
  for (const entries of slices(registry.entries())) {
    yield undefined;
    for (const entry of entries) {
      const { name: conn } = entry.conn;
      const file = `${setup.ipsecdir ?? '/etc/ipsec.d'}/policies/${conn}`;
      for (const members of slices(registry.membersOf(entry).values()))
        yield {
          of: 'groups',
          rows: members.map(({ line }) => ({ conn, subnet: lineName(line), file, line: line.line })),
        };
    }
  }
}

/** As whack has set it since. */
export function withStanding(info: DaemonInfo, { standing }: World): DaemonInfo {
  const { globalRedirect, globalRedirectTo } = standing;
  const to = globalRedirectTo.length === 0 ? undefined : { 'global-redirect-to': globalRedirectTo.join(', ') };
  const mode = globalRedirect === undefined ? undefined : { 'global-redirect': globalRedirect };
  return { ...info, setup: { ...info.setup, ...mode, ...to } };
}
