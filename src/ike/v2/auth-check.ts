/** Whether the peer is who it says it is, a round at a time. RFC 7296 §2.15, RFC 7619; signatures are next door. */

import { checkSignature, type Verdict } from '../auth-by-signature.ts';
import { equalSecret } from '../crypto/misc.ts';
import { explainOtherSecret } from '../explain/identities.ts';
import { named } from '../refusal.ts';
import { type Checking, type Claim, notAllowed } from './auth-claim.ts';
import { nullAuth, octetsToSign, otherRole, secretAuth } from './auth-octets.ts';
import { noSecret, secretFor } from './auth-prove.ts';
import { ourIdOf } from './auth-talk.ts';
import type { Turn } from './turn.ts';

/** Says whether the AUTH payload proves `peerId`, in this turn or in a later one. */
export function checkAuth(turn: Turn, checking: Checking, done: (turn: Turn, verdict: Verdict) => void): void {
  const { policy, round, claim } = checking;
  const refused = notAllowed(policy, round, claim);
  if (refused) return done(turn, { ok: false, ...refused });
  switch (claim.t) {
    case 'secret':
      return done(turn, checkSecret(turn, checking, claim.data));
    case 'null':
      return done(turn, checkNull(turn, checking, claim.data));
    case 'signature':
      return checkSignature(turn, signedOf(turn, checking, claim), done);
    default:
      throw new Error(`${claim.t} has nothing to check`);
  }
}

const signedOf = ({ sa }: Turn, checking: Checking, { scheme, signature }: Extract<Claim, { t: 'signature' }>) => ({
  ...{ policy: checking.policy, round: checking.round, peerId: checking.peerId, scheme, signature },
  octets: octetsToSign(sa, otherRole(sa), checking.peerId),
  shown: checking.payloads.filter((p) => p.type === 'CERT'),
  ...{ sign: checking.sign, waits: checking.offer },
});

function checkSecret(turn: Turn, { policy, peerId }: Checking, data: Uint8Array): Verdict {
  const { sa } = turn;
  const ourId = ourIdOf(policy, 0);
  const secret = secretFor(turn, ourId, peerId);
  if (!secret) return { ok: false, ...noSecret(ourId, peerId) };
  if (!equalSecret(secretAuth(sa, otherRole(sa), peerId, secret), data))
    return {
      ok: false,
      wrong: `peer ${named(peerId)} failed authentication: AUTH mismatch, pre-shared keys differ`,
      kind: 'wrong-secret',
      why: () => explainOtherSecret(ourId, peerId),
    };
  return good(`using authby=secret and ${named(peerId)}`);
}

function checkNull({ sa }: Turn, { peerId }: Checking, data: Uint8Array): Verdict {
  if (!equalSecret(nullAuth(sa, otherRole(sa), peerId), data))
    return {
      ok: false,
      wrong: `peer ${named(peerId)} failed authentication: AUTH mismatch with authby=null`,
      kind: 'wrong-secret',
      why: () => [],
    };
  return { ...good(`using authby=null and ${named(peerId)}`), isNameless: true };
}

const good = (how: string) => ({ ok: true, how, names: [], signed: undefined, isNameless: false }) as const;
