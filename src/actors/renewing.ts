/**
 * After keys and certificates have been read anew: connections that take something from ours (`leftid=%fromcert`,
 * `rightca=%same`) are made again where that is another now, or is there at last. A certificate that has been renewed
 * under its old name changes nothing, and SAs that are up are left alone in any case.
 */

import { proofKey } from './auth-rounds.ts';
import type { Connections } from './connections.ts';
import type { Entry } from './entry.ts';
import type { Work } from './slices.ts';
import type { World } from './world.ts';

export function* renewing(connections: Connections, world: World, say: (text: string) => void): Work {
  const { registry } = world;
  for (const entry of registry.entries()) {
    yield undefined;
    if (!takesFromCertificate(entry) || !registry.holds(entry)) continue;
    const means = connections.meaning(entry);
    if (!means || isSame(entry, means)) continue;
    const about = { policy: { name: entry.conn.name } };
    if (isInUse(entry, world)) {
      say(
        world.log('warn', 'our certificate says something else than before: that takes effect with --replace', about),
      );
      continue;
    }
    connections.remove(entry);
    const added = connections.add(entry.conn);
    if (!('entry' in added)) continue;
    say(added.text);
    connections.begin(added.entry);
  }
}

function takesFromCertificate({ conn: { left, right }, side }: Entry): boolean {
  if (!side) return false;
  const [us, them] = side === 'left' ? [left, right] : [right, left];
  return us.idText === '%fromcert' || them.keys.ca === 'same';
}

type Means = NonNullable<ReturnType<Connections['meaning']>>;

function isSame({ policy, hindrance }: Entry, means: Means): boolean {
  if ('hindrance' in means) return hindrance === means.hindrance;
  return policy !== undefined && policy.localId.equals(means.localId) && proofKey(policy) === proofKey(means);
}

const isInUse = (entry: Entry, { registry }: World): boolean =>
  (entry.policy !== undefined && entry.isUsed && registry.ikeSa(entry.policy) !== undefined) ||
  registry.instancesOf(entry).length > 0;
