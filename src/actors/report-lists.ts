/** Keys and secrets as listings show them: whose they are, never what they are. */
import type { DaemonInfo } from '../control/status/rows.ts';
import { type Making, slices } from './reporter.ts';
import type { World } from './world.ts';

export function* publicKeys({ publicKeys }: World): Making {
  for (const slice of slices(publicKeys.list())) {
    const rows = slice.map(({ id, algorithm, bits, keyId, installed }) => ({
      algorithm,
      bits,
      keyId,
      hasPrivate: false,
      installed: Math.floor(installed / 1000),
      idType: id.typeName,
      id: `${id}`,
    }));
    yield { of: 'publicKeys', rows };
  }
}

export function* secrets({ secretRows }: World, { setup }: DaemonInfo): Making {
  yield { of: 'secretsFile', rows: [{ file: setup.secretsfile ?? '' }] };
  for (const slice of slices(secretRows())) {
    const rows = slice.map(({ file, line, kind, indices }) => ({ file, line, kind, ids: indices }));
    yield { of: 'secrets', rows };
  }
}
