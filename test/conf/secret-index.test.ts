import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from '../../src/conf/secret.ts';
import type { Index, SharedEntry } from '../../src/conf/secret-entry.ts';
import { SecretIndex } from '../../src/conf/secret-index.ts';
import { Id } from '../../src/net/id.ts';

const NAMES = ['@a', '@b', 'C=CA, CN=c', '192.0.2.1'] as const;
const id = (name: string) => Id.parse(name)!;

const index = fc.constantFrom<Index>(
  { t: 'any' },
  { t: 'none' },
  ...NAMES.map((name): Index => ({ t: 'id', id: id(name) })),
);
const entries = fc.array(fc.tuple(fc.array(index, { maxLength: 3 }), fc.nat(2)), { maxLength: 12 }).map((all) =>
  all.map(
    ([indices, value], line): SharedEntry => ({
      kind: 'PSK',
      file: 'f',
      line,
      indices,
      secret: new Secret(Uint8Array.of(value)),
    }),
  ),
);

/** The table of ranks, read aloud. */
function rank({ indices }: SharedEntry, us: Id, peer: Id | undefined): number {
  const names = (wanted: Id | undefined) =>
    wanted !== undefined && indices.some((i) => i.t === 'id' && i.id.equals(wanted));
  const hasAny = indices.some((i) => i.t === 'any');
  if (names(us) && names(peer)) return 6;
  if (names(us) && hasAny) return 5;
  if (names(us) && indices.length === 1) return 4;
  if (names(peer) && hasAny) return 3;
  if (hasAny && indices.every((i) => i.t === 'any')) return 2;
  return indices.length === 0 ? 1 : 0;
}

test('what is found is the first of the best rank, and its rival the first of that rank that differs', () => {
  const name = fc.constantFrom(...NAMES, '@stranger');
  fc.assert(
    fc.property(entries, name, fc.option(name, { nil: undefined }), (all, us, them) => {
      const peer = them === undefined ? undefined : id(them);
      const ranks = all.map((entry) => rank(entry, id(us), peer));
      const best = Math.max(0, ...ranks);
      const [first, ...others] = best === 0 ? [] : all.filter((_, i) => ranks[i] === best);
      const index = new SecretIndex();
      for (const entry of all) index.add(entry);
      const found = index.find(id(us), peer);
      expect(found?.entry).toBe(first);
      expect(found?.rival).toBe(others.find(({ secret }) => !secret.equals(first.secret)));
    }),
    { numRuns: 2000 },
  );
});
