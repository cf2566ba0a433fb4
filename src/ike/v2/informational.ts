/** INFORMATIONAL, RFC 7296 §1.4: deletions, liveness, and news that needs no exchange of its own. */
import { EXCHANGE, NOTIFY, type Payload, PROTOCOL } from '../wire/index.ts';
import type { Child } from './child.ts';
import { wireProtocol } from './child-setup.ts';
import { dropChild, dropChildren, end } from './ending.ts';
import type { IkeSa } from './ike-sa.ts';
import { spiOctets } from './proposals.ts';
import { replaceBy } from './rekey-ike.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, type Turn } from './turn.ts';

export const INFORMATIONAL: readonly Transition[] = [
  {
    story: 'peer does not trust us after all',
    exchange: EXCHANGE.INFORMATIONAL,
    request: ['established'],
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
    to: ['established', 'replaced', 'deleting', 'dead'],
  },
  {
    story: 'answer a liveness check',
    exchange: EXCHANGE.INFORMATIONAL,
    request: ['established', 'replaced', 'deleting'],
    need: [],
    run: (turn, message) => turn.respond(message, []),
    to: ['established', 'replaced', 'deleting'],
  },
  {
    story: 'peer has deleted the Child SA',
    exchange: EXCHANGE.INFORMATIONAL,
    response: 'deleteChild',
    need: [],
    run: childDeleted,
    to: ['established', 'replaced', 'deleting', 'dead'],
  },
  {
    story: 'peer has deleted the IKE SA',
    exchange: EXCHANGE.INFORMATIONAL,
    response: 'deleteIke',
    need: [],
    run: (turn) => end(turn, 'asked', 'deleted'),
    to: ['dead'],
  },
  {
    story: 'peer lives',
    exchange: EXCHANGE.INFORMATIONAL,
    response: 'liveness',
    need: [],
    run: () => {},
    to: ['established', 'replaced', 'deleting'],
  },
];

export function startDeleteChild(turn: Turn, child: Child): void {
  child.state = 'deleting';
  deletion(turn, wireProtocol(child), child.spiIn, { kind: 'deleteChild', serial: child.serial });
  turn.say('sent INFORMATIONAL request to delete Child SA', { serial: child.serial });
}

/** A child that the peer made and we did not. */
export function startDeleteStray(
  turn: Turn,
  stray: { readonly policy: Child['policy']; readonly spiIn: number },
): void {
  const protocol = stray.policy.child.proposals[0]?.protocol === 'ah' ? PROTOCOL.AH : PROTOCOL.ESP;
  deletion(turn, protocol, stray.spiIn, { kind: 'deleteChild', serial: 0 });
}

function deletion(turn: Turn, protocol: number, spi: number, pending: { kind: 'deleteChild'; serial: number }): void {
  turn.request(
    EXCHANGE.INFORMATIONAL,
    [{ type: 'D', critical: false, protocol, spiSize: 4, spis: [spiOctets(spi)] }],
    pending,
  );
}

export function startDeleteIke(turn: Turn): void {
  turn.enter('deleting');
  turn.say(`sent INFORMATIONAL request to delete IKE SA`);
  turn.request(EXCHANGE.INFORMATIONAL, [{ type: 'D', critical: false, protocol: PROTOCOL.IKE, spiSize: 0, spis: [] }], {
    kind: 'deleteIke',
  });
  turn.disarm('rekey');
  turn.disarm('liveness');
  dropChildren(turn, 'asked', 'deleted with its IKE SA');
}

export function startLiveness(turn: Turn): void {
  turn.request(EXCHANGE.INFORMATIONAL, [], { kind: 'liveness' });
}

function childDeleted(turn: Turn): void {
  if (turn.answered.kind !== 'deleteChild') throw new Error(`a deletion's answer to ${turn.answered.kind}`);
  const child = turn.sa.child(turn.answered.serial);
  if (child) dropChild(turn, child, child.replacedBy === undefined ? 'asked' : 'replaced', 'deleted');
}

function answerDelete(turn: Turn, message: Incoming): void {
  const deletes = message.payloads.filter((p) => p.type === 'D');
  if (deletes.some((d) => d.type === 'D' && d.protocol === PROTOCOL.IKE)) return answerDeleteIke(turn, message);
  const gone = deletes.flatMap((d) => (d.type === 'D' ? named(turn.sa, d.protocol, d.spis) : []));
  // A child that we are deleting too is not named again: our own request does that (RFC 7296 §1.4.1).
  turn.respond(message, deletePayloads(gone.filter((c) => c.state !== 'deleting')));
  for (const child of gone) {
    const heir = child.replacedBy === undefined ? heirByCollision(turn.sa, child) : turn.sa.child(child.replacedBy);
    const isReplaced = heir !== undefined || child.state === 'replaced';
    turn.say(isReplaced ? 'peer deleted Child SA, which has been replaced' : 'peer deleted Child SA', {
      serial: child.serial,
    });
    dropChild(turn, child, isReplaced ? 'replaced' : 'peer', 'deleted by the peer');
    if (heir) openOutbound(turn, heir);
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
  const collision = sa.collisions.find((c) => c.t === 'ike');
  // The peer did not notice that both ends rekeyed: its successor it is (RFC 7296 §2.25.2).
  if (collision?.t === 'ike') replaceBy(turn, collision.successor, 'peer');
  const isReplaced = sa.state === 'replaced';
  turn.say(isReplaced ? 'peer deleted IKE SA, which has been replaced' : 'peer deleted IKE SA');
  end(turn, isReplaced ? 'replaced' : sa.state === 'deleting' ? 'asked' : 'peer', 'deleted by the peer');
}

function distrusted(turn: Turn, message: Incoming): void {
  turn.respond(message, []);
  end(turn, 'refused', `peer says ${errorIn(message.payloads)?.name ?? 'AUTHENTICATION_FAILED'}`);
}
