/** INFORMATIONAL, RFC 7296 §1.4: deletions, liveness, and news that needs no exchange of its own. */

import type { Child } from '../child.ts';
import type { DownReason } from '../effects.ts';
import { EXCHANGE, NOTIFY, type Payload, PROTOCOL } from '../wire/index.ts';
import { wireProtocol } from './child-setup.ts';
import { isConfirmed } from './confirmed.ts';
import { dropChild, dropChildren, dropPending, end, forgetHandshake } from './ending.ts';
import type { ChildOffer, IkeSa, Pending } from './ike-sa.ts';
import { disarmEstablished } from './lifetimes.ts';
import { spiOctets } from './proposals.ts';
import { REDIRECT_REQUEST, REDIRECT_RESPONSE } from './redirect-later.ts';
import { concedeIke } from './rekey-ike.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, type Turn } from './turn.ts';

export const INFORMATIONAL: readonly Transition[] = [
  {
    story: 'peer does not trust us after all',
    exchange: EXCHANGE.INFORMATIONAL,
    request: ['established', 'proving'],
    need: ['N'],
    notify: NOTIFY.AUTHENTICATION_FAILED,
    run: distrusted,
    to: ['dead'],
  },
  {
    story: 'answer deletions',
    exchange: EXCHANGE.INFORMATIONAL,
    request: ['established', 'replaced', 'deleting'],
    need: ['D'],
    run: answerDelete,
    to: ['dead'],
  },
  REDIRECT_REQUEST,
  {
    story: 'answer a liveness check',
    exchange: EXCHANGE.INFORMATIONAL,
    request: ['established', 'replaced', 'deleting'],
    need: [],
    run: (turn, message) => turn.respond(message, []),
    to: [],
  },
  {
    story: 'peer has deleted the Child SA',
    exchange: EXCHANGE.INFORMATIONAL,
    response: 'deleteChild',
    need: [],
    run: childDeleted,
    to: [],
  },
  {
    story: 'peer has deleted the IKE SA',
    exchange: EXCHANGE.INFORMATIONAL,
    response: 'deleteIke',
    need: [],
    run: ikeDeleted,
    to: ['dead'],
  },
  {
    story: 'peer lives',
    exchange: EXCHANGE.INFORMATIONAL,
    response: 'liveness',
    need: [],
    run: () => {},
    to: [],
  },
  REDIRECT_RESPONSE,
];

export function startDeleteChild(turn: Turn, child: Child, why: DownReason = 'asked'): void {
  child.state = 'deleting';
  turn.disarm('childRekey', child.serial);
  deletion(turn, wireProtocol(child), child.spiIn, {
    kind: 'deleteChild',
    serial: child.serial,
    why,
    isSure: isConfirmed(turn.sa, child, turn.env.now),
  });
  turn.say('sent INFORMATIONAL request to delete Child SA', { serial: child.serial });
}

/** A child that the peer made and we did not. */
export function startDeleteStray(
  turn: Turn,
  stray: { readonly policy: Child['policy']; readonly spiIn: number },
): void {
  const protocol = stray.policy.child.proposals[0]?.protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP;
  deletion(turn, protocol, stray.spiIn, { kind: 'deleteChild', serial: 0, why: 'replaced', isSure: true });
}

function deletion(turn: Turn, protocol: number, spi: number, pending: Pending): void {
  turn.request(
    EXCHANGE.INFORMATIONAL,
    [{ type: 'D', critical: false, protocol, spiSize: 4, spis: [spiOctets(spi)] }],
    pending,
  );
}

export function startDeleteIke(turn: Turn, why: DownReason = 'asked'): void {
  turn.enter('deleting');
  turn.say('sent INFORMATIONAL request to delete IKE SA');
  turn.request(EXCHANGE.INFORMATIONAL, [{ type: 'D', critical: false, protocol: PROTOCOL.IKE, spiSize: 0, spis: [] }], {
    kind: 'deleteIke',
    why,
    text: 'deleted',
  });
  // Somebody waits for what was asked for; of a replaced SA nobody does, and the peer is to hear of it.
  if (why === 'asked' && turn.sa.outstanding) turn.hurry(turn.sa.outstanding);
  disarmEstablished(turn);
  dropChildren(turn, why, 'deleted with its IKE SA');
}

/**
 * As initiator, at the end of IKE_AUTH: there is nothing for us here. The child that we asked for ends with the SA and not
 * before, so that whoever tries again does not come upon what is left of this try.
 */
export function turnAway(turn: Turn, offer: ChildOffer, text: string, before: readonly Payload[] = []): void {
  forgetHandshake(turn);
  turn.enter('deleting');
  turn.request(
    EXCHANGE.INFORMATIONAL,
    [...before, { type: 'D', critical: false, protocol: PROTOCOL.IKE, spiSize: 0, spis: [] }],
    { kind: 'deleteIke', why: 'refused', text, offer },
  );
  if (turn.sa.outstanding) turn.hurry(turn.sa.outstanding);
  disarmEstablished(turn);
}

export function startLiveness(turn: Turn): void {
  turn.request(EXCHANGE.INFORMATIONAL, [], { kind: 'liveness' });
}

function childDeleted(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { serial, why, isSure } = turn.expects('deleteChild');
  const child = sa.child(serial);
  if (!child) return;
  const isNamed = message.payloads.some((p) => p.type === 'D' && named(sa, p.protocol, p.spis).includes(child));
  if (isNamed || isSure) return dropChild(turn, child, why, 'deleted');
  // It did not have our answer yet that grants it, and will install the child when it comes.
  child.state = child.replacedBy === undefined ? 'up' : 'replaced';
  turn.later({ t: 'deleteChild', serial, why });
}

function ikeDeleted(turn: Turn): void {
  const pending = turn.expects('deleteIke');
  dropPending(turn, pending, pending.why, pending.text);
  end(turn, pending.why, pending.text);
}

function answerDelete(turn: Turn, message: Incoming): void {
  const deletes = message.payloads.filter((p) => p.type === 'D');
  if (deletes.some((d) => d.type === 'D' && d.protocol === PROTOCOL.IKE)) return answerDeleteIke(turn, message);
  const gone = deletes.flatMap((d) => (d.type === 'D' ? named(turn.sa, d.protocol, d.spis) : []));
  // A child that we are deleting too is not named again: our own request does that (RFC 7296 §1.4.1).
  turn.respond(message, deletePayloads(gone.filter((c) => c.state !== 'deleting')));
  for (const child of gone) {
    const heir = child.replacedBy === undefined ? heirByCollision(turn.sa, child) : turn.sa.child(child.replacedBy);
    const isReplaced = heir !== undefined || child.state === 'replaced' || isRedundant(turn.sa, child);
    turn.say(isReplaced ? 'peer deleted Child SA, which has been replaced' : 'peer deleted Child SA', {
      serial: child.serial,
    });
    // The heir first: there must be a way out at every instant.
    if (heir) openOutbound(turn, heir);
    dropChild(turn, child, ourReason(turn.sa, child) ?? (isReplaced ? 'replaced' : 'peer'), 'deleted by the peer');
  }
}

/** The peer has what it needs to receive: from now on we send through the new one. RFC 7296 §2.8. */
export function openOutbound(turn: Turn, child: Child): void {
  if (!child.awaitsOutbound) return;
  child.awaitsOutbound = false;
  turn.disarm('childOutbound', child.serial);
  turn.outs.push({ t: 'installOutbound', serial: child.serial });
}

/** The peer, unaware that we rekey it too, deletes a child that it has replaced. */
function heirByCollision(sa: IkeSa, child: Child): Child | undefined {
  const collision = sa.collisions.find((c) => c.t === 'child' && c.replaces === child);
  return collision?.t === 'child' ? collision.child : undefined;
}

/** Why we delete it ourselves at the same moment, or were about to. */
function ourReason(sa: IkeSa, { serial }: Child): DownReason | undefined {
  const pending = sa.outstanding?.pending;
  if (pending?.kind === 'deleteChild' && pending.serial === serial) return pending.why;
  const planned = sa.tasks.find((task) => task.t === 'deleteChild' && task.serial === serial);
  return planned?.t === 'deleteChild' ? (planned.why ?? 'asked') : undefined;
}

/** The peer sees already that its own rekey of the same child has the lowest nonce; our answer is on the way. */
const isRedundant = (sa: IkeSa, child: Child): boolean =>
  sa.collisions.some((c) => c.t === 'child' && c.child === child);

/** A Delete names SPIs as its sender receives on them: our outbound ones. */
function named(sa: IkeSa, protocol: number, spis: readonly Uint8Array[]): Child[] {
  return spis.flatMap((spi) => {
    const value = spi.length === 4 ? Buffer.from(spi).readUInt32BE() : 0;
    return sa.children.filter((c) => c.spiOut === value && wireProtocol(c) === protocol);
  });
}

function deletePayloads(children: readonly Child[]): Payload[] {
  return [PROTOCOL.AH, PROTOCOL.ESP].flatMap((protocol): Payload[] => {
    const spis = children.filter((c) => wireProtocol(c) === protocol).map((c) => spiOctets(c.spiIn));
    return spis.length === 0 ? [] : [{ type: 'D', critical: false, protocol, spiSize: 4, spis }];
  });
}

function answerDeleteIke(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  turn.respond(message, []);
  // The peer did not notice that both ends rekeyed: its successor it is (RFC 7296 §2.25.2).
  concedeIke(turn);
  const isReplaced = sa.state === 'replaced';
  turn.say(isReplaced ? 'peer deleted IKE SA, which has been replaced' : 'peer deleted IKE SA');
  const pending = sa.outstanding?.pending;
  const planned = sa.tasks.find((task) => task.t === 'deleteIke');
  const ours = pending?.kind === 'deleteIke' ? pending.why : planned && (planned.why ?? 'asked');
  end(turn, isReplaced ? 'replaced' : (ours ?? 'peer'), 'deleted by the peer');
}

function distrusted(turn: Turn, message: Incoming): void {
  turn.respond(message, []);
  end(turn, 'refused', `peer says ${errorIn(message.payloads)?.name ?? 'AUTHENTICATION_FAILED'}`);
}
