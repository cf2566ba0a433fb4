/**
 * IKE SAs by who their peers have proven to be: one who comes again takes the place of what was theirs, and of nobody
 * else's. RFC 7296 §2.4. Most peers have one; with `uniqueids=no` somebody may have thousands.
 */
import type { Policy } from '../ike/policy.ts';
import { ID_TYPES, type Id } from '../net/id.ts';
import { type Entry, peerKey } from './entry.ts';
import type { IkeSaMessage } from './ike-sa.ts';
import type { ActorRef } from './runtime/index.ts';

type Sa = ActorRef<IkeSaMessage>;

export interface Identity {
  readonly peerId: Id;
  /** To EAP: the name that counts, for `peerId` may be anybody's. */
  readonly user: string | undefined;
  /** It has not proven `peerId`. RFC 7619 §2.3. */
  readonly isNameless: boolean;
}

/**
 * The same for IKE SAs of one connection, or of one template, whose peers are one; undefined: nobody in particular.
 * `owner`: of `policy`.
 */
export function provenKey(policy: Policy, owner: Entry | undefined, who: Identity): string | undefined {
  const { peerId, user, isNameless } = who;
  if (user === undefined && (isNameless || peerId.type === ID_TYPES.ID_NULL)) return undefined;
  const peer = owner?.peer ?? peerKey(policy);
  const scope = owner?.template?.serial ?? peer;
  if (user !== undefined) return ['user', scope, user].join(' ');
  // One that is for this identity and no other has its key already.
  const isSettled = !owner?.template && policy.remoteId && !policy.remoteId.hasWildcards;
  return isSettled ? peer : ['id', scope, peerId.key].join(' ');
}

export class Proven {
  readonly #byKey = new Map<string, Sa | Set<Sa>>();

  add(key: string, sa: Sa): void {
    const known = this.#byKey.get(key);
    if (!known) this.#byKey.set(key, sa);
    else if (known instanceof Set) known.add(sa);
    else if (known !== sa) this.#byKey.set(key, new Set([known, sa]));
  }

  of(key: string): Iterable<Sa> {
    const known = this.#byKey.get(key);
    return known instanceof Set ? known : known ? [known] : NONE;
  }

  remove(key: string, sa: Sa): void {
    const known = this.#byKey.get(key);
    if (known === sa) this.#byKey.delete(key);
    if (!(known instanceof Set)) return;
    known.delete(sa);
    const [first] = known;
    if (known.size === 0) this.#byKey.delete(key);
    // Every IKE SA has a successor beside it once in a while.
    else if (known.size === 1) this.#byKey.set(key, first);
  }
}

const NONE: readonly never[] = Object.freeze([]);
