/** IKE_AUTH while it lasts: with EAP, or where an end proves itself more than once (RFC 4739), it takes several messages. */
import { Id } from '../../net/id.ts';
import { keep } from '../crypto/keep.ts';
import type { EapWay, Policy } from '../policy.ts';
import { find, type Payload } from '../wire/index.ts';
import { handshakeOf } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';

export interface AuthTalk {
  /** The connection; as responder, the one that fits best so far. */
  policy: Policy;
  /** Proofs that each end has given. */
  ours: number;
  theirs: number;
  /** The peer's identity in its current round; until it is proven, a claim. */
  peerId: Id | undefined;
  /** That of its first round, by which it is known afterwards. */
  firstId: Id | undefined;
  /** Its last AUTH said that there will be another one. */
  moreFollows: boolean;
  /** How the peer has proven itself, for the log. */
  proofs: readonly string[];
  /** It has proven nothing (RFC 7619), or something else than the identity that it goes by: that decides about nothing. */
  isNameless: boolean;
  eap: EapTalk | undefined;
  /** As responder: the other connections that might be meant, and what was asked for in the first request. */
  others: readonly Policy[];
  request: readonly Payload[];
}

export interface EapTalk {
  readonly session: number;
  readonly ways: readonly EapWay[];
  /** Neither end has proven itself by anything else. RFC 5998. */
  readonly isOnly: boolean;
  /** EAP messages of the peer's. */
  count: number;
  /** It has gone well: AUTH is to be made from it. Empty for a method that makes no key. */
  msk: Uint8Array | undefined;
  how: string;
}

export function beginTalk(sa: IkeSa, policy: Policy): AuthTalk {
  const talk: AuthTalk = {
    policy,
    ours: 0,
    theirs: 0,
    peerId: undefined,
    firstId: undefined,
    moreFollows: false,
    proofs: [],
    isNameless: false,
    eap: undefined,
    others: [],
    request: [],
  };
  handshakeOf(sa).talk = talk;
  return talk;
}

export function talkOf(sa: IkeSa): AuthTalk {
  const { talk } = handshakeOf(sa);
  if (!talk) throw new Error(`#${sa.serial} has not begun to authenticate in state ${sa.state}`);
  return talk;
}

/** Whose our proof of round `round` is. */
export const ourIdOf = (policy: Policy, round: number): Id => policy.ours[round]?.id ?? policy.localId;

export const idPayload = (type: 'IDi' | 'IDr', id: Id): Payload => ({
  type,
  critical: false,
  idType: id.type,
  data: id.data,
});

export function idOf(payloads: readonly Payload[], type: 'IDi' | 'IDr'): Id | undefined {
  const payload = find(payloads, type);
  return payload && new Id(payload.idType, keep(payload.data));
}

/** What there is two of, and may be one of: whoever reads the first and whoever reads the last would not read the same. */
export function doubled(payloads: readonly Payload[]): Payload['type'] | undefined {
  for (let i = 1; i < payloads.length; i++) {
    const { type } = payloads[i];
    if (ONLY_ONE.has(type)) for (let j = 0; j < i; j++) if (payloads[j].type === type) return type;
  }
  return undefined;
}

const ONLY_ONE: ReadonlySet<Payload['type']> = new Set(['IDi', 'IDr', 'AUTH', 'EAP', 'SA', 'TSi', 'TSr'] as const);
