/** How our end proves who it is, a round at a time. RFC 7296 §2.15, RFC 7427, RFC 7619. */
import type { Id } from '../../net/id.ts';
import { isEap, isSignature, safeAlone, waysText } from '../auth-ways.ts';
import { chooseScheme } from '../crypto/signature/choice.ts';
import type { Scheme } from '../crypto/signature/scheme.ts';
import type { Credential } from '../effects.ts';
import { explainNoSecret } from '../explain/identities.ts';
import { explainNoProof } from '../explain/proofs.ts';
import type { EapWay, Policy } from '../policy.ts';
import { plain, type Refusal } from '../refusal.ts';
import { AUTH_METHOD, NOTIFY, type Payload } from '../wire/index.ts';
import { certPayloads, withOcsp } from './auth-certs.ts';
import { nullAuth, octetsToSign, secretAuth } from './auth-octets.ts';
import { idPayload, ourIdOf } from './auth-talk.ts';
import { detail, handshakeOf } from './handshake.ts';
import { type ChildOffer, NONE } from './ike-sa.ts';
import { notification, type Turn } from './turn.ts';

/** What our proof of a round will be: decided, and nothing computed yet. */
export type OurProof = {
  readonly round: number;
  readonly id: Id;
  readonly policy: Policy;
} /** The secret is looked up again when it is used: those of before are wiped when ipsec.secrets is read anew. */ & (
  | { readonly t: 'secret'; readonly peerId: Id }
  | { readonly t: 'null' }
  | { readonly t: 'signature'; readonly scheme: Scheme; readonly credential: Credential }
  /** As initiator, and as responder where nothing else proves us. */
  | { readonly t: 'eap'; readonly ways: readonly EapWay[]; readonly isOnly: boolean }
);

export interface ProofTerms {
  readonly peerId: Id;
  /** What the peer has signed with. */
  readonly like?: Scheme | undefined;
  /** The peer would prove us by the EAP method that proves it. RFC 5998. */
  readonly eapOnly: boolean;
  /** The peer proves itself by EAP, and must know before that whom it talks to. RFC 7619 §2. */
  readonly forEap?: boolean;
}

/** The first of the round's ways that we can go. */
export function ourProof(turn: Turn, policy: Policy, round: number, terms: ProofTerms): OurProof | Refusal {
  const { ways } = policy.ours[round];
  const common = { round, id: ourIdOf(policy, round), policy };
  const problems: Refusal[] = [];
  let hasTriedKey = false;
  for (const way of ways) {
    if (way === 'null') {
      if (!terms.forEap) return { t: 'null', ...common };
      problems.push(plain('authby=null does not go with EAP', 'ourselves'));
    } else if (way === 'secret') {
      const { peerId } = terms;
      if (secretFor(turn, common.id, peerId)) return { t: 'secret', ...common, peerId };
      problems.push(noSecret(common.id, peerId));
    } else if (isEap(way)) {
      const isOnly = terms.eapOnly && isEapOnly(policy);
      const eap = isOnly ? safeAlone(ways) : ways.filter(isEap);
      if (turn.sa.role === 'initiator' || isOnly) return { t: 'eap', ...common, ways: eap, isOnly };
      problems.push(plain('the peer does not ask for EAP alone', 'ourselves'));
    } else if (isSignature(way) && !hasTriedKey) {
      hasTriedKey = true;
      const signed = signatureOf(turn, policy, round, terms);
      if (!('wrong' in signed)) return { t: 'signature', ...common, ...signed };
      problems.push({ wrong: signed.wrong, kind: 'ourselves', why: () => explainNoProof(policy, round) });
    }
  }
  return {
    wrong: problems.map(({ wrong }) => wrong).join('; ') || `we may not prove who we are: ${waysText(ways)}`,
    kind: problems[0]?.kind ?? 'ourselves',
    why: () => problems.flatMap(({ why }) => why()),
  };
}

/** Both ends are to be proven by an EAP method that does it alone. */
const isEapOnly = ({ ours, theirs }: Policy): boolean =>
  safeAlone(ours[0].ways).length > 0 && safeAlone(theirs[0].ways).length > 0;

function signatureOf(turn: Turn, policy: Policy, round: number, { like }: ProofTerms) {
  const credential = turn.env.directory.credential(policy, round);
  if ('wrong' in credential) return credential;
  const { ways } = policy.ours[round];
  const scheme = chooseScheme({
    key: credential,
    policy: { ways, sha1: policy.sha1 },
    peerHashes: handshakeOf(turn.sa).peerHashes,
    ...(like && { like }),
  });
  return 'wrong' in scheme ? scheme : { scheme, credential };
}

export const secretFor = ({ sa, env }: Turn, ourId: Id, peerId: Id): Uint8Array | undefined =>
  env.directory.psk(ourId, peerId, sa.local.address, sa.peer.address);

export const noSecret = (local: Id, remote: Id | undefined): Refusal => ({
  wrong: `no pre-shared key found for '${local}' and '${remote ?? '%any'}'`,
  kind: 'no-secret',
  why: () => (remote ? explainNoSecret(local, remote) : []),
});

/** What a helper signs. */
export const toSign = ({ sa }: Turn, { scheme, credential, id }: Extract<OurProof, { t: 'signature' }>) =>
  ({ key: credential.key, scheme: scheme.code, octets: octetsToSign(sa, sa.role, id) }) as const;

/**
 * Our ID, CERT and AUTH payloads of a round, once they are made. `signed`: what a helper has made already; `offer`: the
 * child that will not be if the SA ends meanwhile.
 */
export function ourAuth(
  turn: Turn,
  proof: OurProof,
  signed: Uint8Array | undefined,
  offer: ChildOffer | undefined,
  done: (turn: Turn, made: Made) => void,
): void {
  const { sa } = turn;
  switch (proof.t) {
    case 'eap':
      return done(turn, { id: ourId(turn, proof), certs: NONE, auth: NONE });
    case 'null':
      return done(turn, madeOf(turn, proof, AUTH_METHOD.NULL, nullAuth(sa, sa.role, proof.id)));
    case 'secret': {
      const secret = secretFor(turn, proof.id, proof.peerId);
      if (!secret) return done(turn, { wrong: noSecret(proof.id, proof.peerId).wrong });
      return done(turn, madeOf(turn, proof, AUTH_METHOD.SHARED_KEY_MIC, secretAuth(sa, sa.role, proof.id, secret)));
    }
    case 'signature': {
      const { scheme, credential, policy, round } = proof;
      const own = certPayloads(turn, policy, policy.ours[round], credential);
      return withOcsp(turn, own, credential, offer, (asked, certs) => {
        if (signed) return done(asked, madeOf(turn, proof, scheme.method, signed, certs));
        asked.submit(
          { op: 'sign', ...toSign(asked, proof) },
          (later, result) =>
            done(
              later,
              result.ok && result.op === 'sign'
                ? madeOf(later, proof, scheme.method, result.auth, certs)
                : { wrong: `cannot sign: ${detail(result)}` },
            ),
          offer,
        );
      });
    }
    default:
      return proof satisfies never;
  }
}

export type Made =
  | {
      readonly id: Payload;
      readonly certs: readonly Payload[];
      readonly auth: readonly Payload[];
      readonly wrong?: never;
    }
  | { readonly wrong: string };

function madeOf(turn: Turn, proof: OurProof, method: number, data: Uint8Array, certs: readonly Payload[] = NONE): Made {
  const auth: Payload = { type: 'AUTH', critical: false, method, data };
  // After this proof of ours there will be one more. RFC 4739 §2.
  const hasMore = proof.round + 1 < proof.policy.ours.length;
  return {
    id: ourId(turn, proof),
    certs,
    auth: hasMore ? [auth, notification(NOTIFY.ANOTHER_AUTH_FOLLOWS)] : [auth],
  };
}

const ourId = ({ sa }: Turn, { id }: OurProof): Payload => idPayload(sa.role === 'initiator' ? 'IDi' : 'IDr', id);
