/** When SAs are replaced and when they end: rekeymargin, rekeyfuzz and lifetime, as FreeS/WAN defined them. */

import type { Child } from '../child.ts';
import { joined } from '../crypto/misc.ts';
import type { Env } from '../effects.ts';
import type { Policy } from '../policy.ts';
import { lifeAttributes } from './lifetimes.ts';
import { notification, type Turn } from './turn.ts';
import { encodeAttributes, NOTIFY, OAKLEY, PROTOCOL } from './wire/index.ts';

/** Our last message of an exchange may be lost: so long the peer may ask for it again. */
export const patienceOf = ({ retransmitTimeout }: Policy): number => retransmitTimeout;

/** All that an established ISAKMP SA keeps doing. */
export function armEstablished(turn: Turn, lifetime: number): void {
  const { sa } = turn;
  const { policy, role } = sa;
  turn.arm('expire', lifetime);
  const isOurs = role === 'initiator';
  if (mayRekey(policy, lifetime, isOurs && lifetime >= policy.ikeLifetime))
    turn.arm('rekey', rekeyAfter(lifetime, policy, isOurs, turn.env));
  if (policy.dpdDelay > 0 && sa.dpd) turn.arm('liveness', policy.dpdDelay);
  if (sa.weAreNatted && policy.natKeepalive > 0) turn.arm('keepalive', policy.natKeepalive);
  turn.arm('discard', patienceOf(policy));
  if (sa.wasAggressive && role === 'responder') tellLifetime(turn, lifetime);
}

/** RESPONDER-LIFETIME: Aggressive Mode has no protected message of the responder's that it could stand in. */
function tellLifetime(turn: Turn, lifetime: number): void {
  const { sa } = turn;
  const { seconds } = sa.handshake?.offeredLife ?? {};
  if (seconds === undefined || seconds * 1000 <= lifetime) return;
  const about = { protocol: PROTOCOL.ISAKMP, spi: joined(sa.cookieI, sa.cookieR) };
  turn.inform([notification(NOTIFY.RESPONDER_LIFETIME, encodeAttributes(lifeAttributes(lifetime, OAKLEY)), about)]);
}

/** As initiator, right after phase 1: the responder wants it shorter. */
export function shortenSa(turn: Turn, lifetime: number): void {
  const { sa } = turn;
  const { policy, role } = sa;
  if (role !== 'initiator' || !sa.phaseOne || lifetime >= policy.ikeLifetime) return;
  turn.arm('expire', lifetime);
  if (!mayRekey(policy, lifetime, false)) return turn.disarm('rekey');
  turn.arm('rekey', rekeyAfter(lifetime, policy, true, turn.env));
}

/** As the one who has asked for it: the responder wants it shorter. */
export function shortenChild(turn: Turn, child: Child, lifetime: number): void {
  if (child.state === 'up' && turn.env.now + lifetime < child.expireAt) armChild(turn, child, lifetime, true);
}

export function armChild(turn: Turn, child: Child, lifetime: number, asInitiator: boolean): void {
  const { policy, serial } = child;
  const { now } = turn.env;
  child.expireAt = now + lifetime;
  turn.arm('childExpire', lifetime, serial);
  if (!mayRekey(policy, lifetime, asInitiator && lifetime >= policy.child.lifetime)) {
    child.rekeyAt = Number.POSITIVE_INFINITY;
    return turn.disarm('childRekey', serial);
  }
  const after = rekeyAfter(lifetime, policy, asInitiator, turn.env);
  child.rekeyAt = now + after;
  turn.arm('childRekey', after, serial);
}

/** One that comes from another ISAKMP SA: from what it remembers. */
export function rearmChild(turn: Turn, child: Child): void {
  const { now } = turn.env;
  turn.arm('childExpire', child.expireAt - now, child.serial);
  if (child.state === 'up' && child.rekeyAt < Number.POSITIVE_INFINITY)
    turn.arm('childRekey', child.rekeyAt - now, child.serial);
}

type Kind = Pick<Child, 'policy' | 'selectorsLocal' | 'selectorsRemote'>;

/** Of one kind are those for the same traffic of the same connection. */
export const isAlike = (a: Kind, b: Kind): boolean =>
  a.policy.name === b.policy.name &&
  a.policy.instance === b.policy.instance &&
  a.selectorsLocal[0].equals(b.selectorsLocal[0]) &&
  a.selectorsRemote[0].equals(b.selectorsRemote[0]);

/**
 * Only the newest SA of its kind is rekeyed, and sent with; an older one receives until its end, for there are peers that
 * go on with it. When rekeys cross, each end may hold another one for the newest: none of them may end before its time.
 */
export function retire(turn: Turn, old: Child, by: number): void {
  old.state = 'replaced';
  old.replacedBy = by;
  turn.disarm('childRekey', old.serial);
}

/** What a rekey was for: one before its time must not leave many behind, with more than is usual until the end. */
export function shortenReplaced(turn: Turn, old: Child): void {
  const { rekeyMargin, rekeyFuzz } = old.policy;
  const most = turn.env.now + rekeyMargin * (1 + rekeyFuzz);
  if (most >= old.expireAt) return;
  old.expireAt = most;
  turn.arm('childExpire', most - turn.env.now, old.serial);
}

/** After a refusal: soon enough to have several tries before the end, spread so that both ends do not meet again. */
export function rekeyLater(turn: Turn, child: Child): void {
  child.state = 'up';
  const after = Math.max(5_000 + dice(turn.env) * 5_000, child.policy.rekeyMargin / 8);
  child.rekeyAt = turn.env.now + after;
  turn.arm('childRekey', after, child.serial);
}

/**
 * A peer that wants SAs of less than this replaces them itself, or lets them end: nobody shall make us begin an exchange
 * every second.
 */
const SHORTEST_REKEYED = 60_000;

/** `isOurWish`: it lasts as long as we want it to. */
const mayRekey = ({ rekey }: Policy, lifetime: number, isOurWish: boolean): boolean =>
  rekey && (isOurWish || lifetime >= SHORTEST_REKEYED);

/** The responder takes half the margin, so that as a rule the initiator rekeys. */
function rekeyAfter(lifetime: number, policy: Policy, asInitiator: boolean, env: Env): number {
  const fuzzy = policy.rekeyMargin * (1 + policy.rekeyFuzz * dice(env));
  const margin = asInitiator ? fuzzy : fuzzy / 2;
  // A margin of all its life is that of somebody who thinks of longer ones.
  return margin < lifetime ? lifetime - margin : lifetime * (asInitiator ? 1 / 2 : 3 / 4);
}

/** 0 up to 1. */
function dice(env: Env): number {
  const bytes = env.random(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}
