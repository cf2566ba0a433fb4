/**
 * Who the peer of an IKE SA has proven to be: one who comes again takes the place of what was theirs, and of nobody
 * else's. RFC 7296 §2.4.
 */
import type { Policy } from '../ike/policy.ts';
import { ID_TYPES, type Id } from '../net/id.ts';
import { type Entry, peerKey } from './entry.ts';

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
