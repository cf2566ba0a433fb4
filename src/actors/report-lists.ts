/** Keys and secrets as listings show them: whose they are, never what they are. */
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

/** As whack has set it since. */
export function withStanding(info: DaemonInfo, { standing }: World): DaemonInfo {
  const { globalRedirect, globalRedirectTo } = standing;
  const to = globalRedirectTo.length === 0 ? undefined : { 'global-redirect-to': globalRedirectTo.join(', ') };
  const mode = globalRedirect === undefined ? undefined : { 'global-redirect': globalRedirect };
  return { ...info, setup: { ...info.setup, ...mode, ...to } };
}
