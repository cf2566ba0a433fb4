/** What IKE_SA_INIT says of the IKE_AUTH to come: RFC 7427 §4, RFC 4739 §3.1, and CERTREQ (RFC 7296 §3.7). */

import { isSignature } from '../auth-ways.ts';
import { ourHashes } from '../crypto/signature/choice.ts';
import { encodeHashAlgorithms, parseHashAlgorithms } from '../crypto/signature/hash-algorithms.ts';
import type { AuthRound, AuthWay, Policy } from '../policy.ts';
import { NOTIFY, notifies, type Payload } from '../wire/index.ts';
import { certRequests, noteCertRequests } from './auth-certs.ts';
import type { Handshake, IkeSa } from './ike-sa.ts';
import { hasNotify, notification, type Turn } from './turn.ts';

/** `policies`: as responder all that the peer may turn out to belong to. */
export function announce(turn: Turn, policies: readonly Policy[]): Payload[] {
  const { role, policy } = turn.sa;
  const hashes = hashesOf(policies);
  const isResponder = role === 'responder';
  const hasMore = isResponder && policies.some(({ ours, theirs }) => ours.length > 1 || theirs.length > 1);
  return [
    ...(hashes.length > 0 ? [notification(NOTIFY.SIGNATURE_HASH_ALGORITHMS, hashes)] : []),
    ...(isResponder ? certRequests(turn, policy, { inClear: true }) : []),
    ...(hasMore ? [notification(NOTIFY.MULTIPLE_AUTH_SUPPORTED)] : []),
  ];
}

/** With what the peer may sign; empty where nobody asks for signatures. */
function hashesOf(policies: readonly Policy[]): Uint8Array {
  // As a rule there are secrets, where looking through all schemes would be dearer than the rest of this message.
  if (!policies.some(({ theirs }) => theirs.some(takesSignatures))) return NO_HASHES;
  const ways = new Set<AuthWay>();
  let sha1 = false;
  // Thousands of connections share a few rounds.
  let seen: Policy['theirs'] | undefined;
  for (const policy of policies) {
    sha1 ||= policy.sha1;
    if (policy.theirs === seen) continue;
    seen = policy.theirs;
    for (const round of seen) for (const way of round.ways) ways.add(way);
  }
  return encodeHashAlgorithms(ourHashes({ ways: [...ways], sha1 }));
}

const takesSignatures = ({ ways }: AuthRound): boolean => ways.some(isSignature);

const NO_HASHES = new Uint8Array();

/** What the peer has announced. */
export function noteAnnounced({ role }: IkeSa, handshake: Handshake, payloads: readonly Payload[]): void {
  const [hashes] = notifies(payloads, NOTIFY.SIGNATURE_HASH_ALGORITHMS);
  const known = hashes && parseHashAlgorithms(hashes.data);
  if (known && !('wrong' in known)) handshake.peerHashes = known;
  if (role !== 'initiator') return;
  noteCertRequests(handshake, payloads);
  handshake.multipleAuth = hasNotify(payloads, NOTIFY.MULTIPLE_AUTH_SUPPORTED);
}
