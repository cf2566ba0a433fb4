/**
 * CREATE_CHILD_SA for Child SAs, asked by us: RFC 7296 §1.3.1, §1.3.3, §2.8. answer-child.ts has the other end.
 *
 * Both ends may rekey the same child at the same moment (§2.8.1). Then both exchanges run to their end, and
 * the one with the lowest of the four nonces is redundant: whoever began it deletes what it made.
 */

import type { Child } from '../child.ts';
import { type ChildSuite, keymatOctets } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import { explainChildRefusal } from '../explain/refusals.ts';
import { faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import {
  acceptAnswer,
  install,
  keymatOf,
  type NewChild,
  offerPayloads,
  pfsGroups,
  reserveSpi,
  wireProtocol,
} from './child-setup.ts';
import { whyNotAccepted } from './child-why.ts';
import { isConfirmed } from './confirmed.ts';
import { dropChild, dropOffer, forgetOffer } from './ending.ts';
import { askNext, dropLarval, earlierOf, larvalsOf, linkIn } from './followup.ts';
import { detail, lowest, NONCE_OCTETS, suggestedGroup } from './handshake.ts';
import { type ChildOffer, NONE } from './ike-sa.ts';
import { rekeyChildLater } from './lifetimes.ts';
import { isFault, spiOctets } from './proposals.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, notification, type Turn } from './turn.ts';

export const CREATE_CHILD: readonly Transition[] = (['newChild', 'rekeyChild'] as const).flatMap((kind) => [
  {
    story: kind === 'newChild' ? 'peer grants the Child SA' : 'peer grants the new Child SA in place of the old',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    response: kind,
    need: ['SA', 'Nonce', 'TSi', 'TSr'],
    run: finish,
    to: ['established'],
  },
  {
    story: kind === 'newChild' ? 'peer refuses the Child SA' : 'peer refuses to rekey the Child SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    response: kind,
    need: ['N'],
    run: refused,
    to: ['established'],
  },
]);

export function startNew(turn: Turn, policy: Policy, serial: number, group?: number): void {
  start(turn, policy, serial, group);
}

export function startRekey(turn: Turn, old: Child, group?: number): void {
  old.state = 'rekeying';
  turn.disarm('childRekey', old.serial);
  const serial = turn.env.serial();
  turn.say(`initiating rekey to replace Child SA #${old.serial} using IKE SA #${turn.sa.serial}`, {
    serial,
    event: 'initiated',
  });
  start(turn, old.policy, serial, group, old);
}

function start(turn: Turn, policy: Policy, serial: number, group: number | undefined, old?: Child): void {
  const groups = pfsGroups(turn.sa, policy, 'initiator');
  const wanted = groups.find((g) => g.id === group) ?? groups[0];
  const spiIn = reserveSpi(turn, policy);
  const base: ChildOffer = {
    policy,
    serial,
    spiIn: typeof spiIn === 'number' ? spiIn : 0,
    proposals: policy.child.proposals,
    ni: turn.env.random(NONCE_OCTETS),
    isRetry: group !== undefined,
    isSure: !old || isConfirmed(turn.sa, old, turn.env.now),
    ...(old ? { old } : {}),
  };
  if (typeof spiIn !== 'number') return failed(turn, base, faultText(spiIn));
  if (!wanted) return ask(turn, base);
  const job = { op: 'ke.make', group: wanted.id } as const;
  turn.submit(
    job,
    (later, result) => {
      if (!result.ok || result.op !== 'ke.make') return failed(later, base, `cannot make a key: ${detail(result)}`);
      ask(later, { ...base, ke: { group: wanted, private: result.private } }, result.public);
    },
    base,
  );
}

function ask(turn: Turn, offer: ChildOffer, ke?: Uint8Array): void {
  const { old } = offer;
  const nonce: Payload = { type: 'Nonce', critical: false, data: offer.ni };
  turn.request(
    EXCHANGE.CREATE_CHILD_SA,
    [
      ...(old
        ? [notification(NOTIFY.REKEY_SA, undefined, { protocol: wireProtocol(old), spi: spiOctets(old.spiIn) })]
        : []),
      ...offerPayloads(turn, offer).flatMap((p): Payload[] =>
        p.type === 'SA' ? [p, nonce, ...kePayload(offer, ke)] : [p],
      ),
    ],
    { kind: old ? 'rekeyChild' : 'newChild', offer },
  );
  const what = old ? `rekey Child SA #${old.serial}` : 'create Child SA';
  turn.say(`sent CREATE_CHILD_SA request to ${what} using IKE SA #${turn.sa.serial}`, { serial: offer.serial });
}

const kePayload = (offer: ChildOffer, data: Uint8Array | undefined): Payload[] =>
  offer.ke && data ? [{ type: 'KE', critical: false, group: offer.ke.group.id, data }] : [];

function finish(turn: Turn, message: Incoming): void {
  const { offer } = turn.expects('newChild', 'rekeyChild');
  const { ni, ke } = offer;
  const nr = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  const settled = acceptAnswer(turn, offer, message.payloads);
  if (isFault(settled)) {
    turn.why(whyNotAccepted(offer.policy, offer, message.payloads), { serial: offer.serial });
    return spurn(turn, offer, `peer's answer does not fit: ${faultText(settled)}`);
  }
  const { suite, spi, local, remote } = settled;
  const complete = (later: Turn, keymat: Uint8Array) => {
    const { policy, serial, spiIn, old } = offer;
    const { mode } = policy.child;
    const made = { serial, policy, suite, spiIn, spiOut: spi, mode, keymat, initiator: true, local, remote };
    if (old) rekeyed(later, old, made, lowest(ni, nr));
    else install(later, made);
  };
  const theirs = find(message.payloads, 'KE');
  if (!ke || !theirs) return complete(turn, keymatOf(turn.sa, suite, ni, nr));
  if (suite.additional) return followUp(turn, message, offer, suite, { ni, nr, theirs: theirs.data }, complete);
  turn.submit(
    keysJob(turn, ke.group.id, suite, theirs.data, ni, nr, ke.private),
    (later, result) => {
      wipe(ke.private);
      if (!result.ok || result.op !== 'child.keys')
        return spurn(later, offer, `key exchange failed: ${detail(result)}`);
      complete(later, result.keymat);
    },
    offer,
  );
}

/** SK(0) is there, and nothing is keyed yet: further exchanges follow. RFC 9370 §2.2.4. */
function followUp(
  turn: Turn,
  message: Incoming,
  asked: ChildOffer,
  suite: ChildSuite,
  { ni, nr, theirs }: { readonly ni: Uint8Array; readonly nr: Uint8Array; readonly theirs: Uint8Array },
  complete: (later: Turn, keymat: Uint8Array) => void,
): void {
  const { ke, old, serial } = asked;
  const link = linkIn(message.payloads);
  if (!ke || !suite.additional || !link)
    return failed(turn, asked, "peer's answer announces no further key exchange, and has agreed to one");
  const groups = suite.additional;
  const job = { op: 'ke.mix', group: ke.group.id, mine: ke.private, theirs: Uint8Array.from(theirs) } as const;
  const mixed = (later: Turn, first: Uint8Array) => {
    const offer: ChildOffer = { ...asked };
    offer.followup = {
      ...{ groups, done: 0, first, more: new Uint8Array(), private: new Uint8Array(), link, about: { serial } },
      pending: { kind: 'childFollowup', offer },
      isLost: (now) => old !== undefined && hasLost(now, offer, old, lowest(ni, nr)),
      complete: (now, last, followup) =>
        now.submit(
          { ...keysJob(now, groups[followup.done].id, suite, last, ni, nr, followup.private), ...earlierOf(followup) },
          (then, result) => {
            if (!result.ok || result.op !== 'child.keys')
              return spurn(then, offer, `additional key exchange failed: ${detail(result)}`);
            complete(then, result.keymat);
          },
          offer,
        ),
      fail: (now, text, isPassing = false) => {
        if (old || !isPassing) return failed(now, offer, text);
        now.say(`${text}; will try again`, { serial });
        forgetOffer(now, offer);
        now.later({ t: 'newChild', policy: offer.policy, serial });
      },
    };
    askNext(later, offer.followup);
  };
  turn.submit(
    job,
    (later, result) => {
      wipe(ke.private);
      if (!result.ok || result.op !== 'ke.mix') return failed(later, asked, `key exchange failed: ${detail(result)}`);
      mixed(later, result.shared);
    },
    asked,
  );
}

/** The peer rekeys the same child, and its exchange wins: nobody goes on with ours, and the peer has nothing to delete. */
function hasLost(turn: Turn, offer: ChildOffer, old: Child, ours: Uint8Array): boolean {
  const larval = larvalsOf(turn).find((l) => l.replaces === old);
  const made = turn.sa.collisions.find((c) => c.t === 'child' && c.replaces === old);
  const theirs = made?.t === 'child' ? made : larval;
  if (!theirs || Buffer.compare(ours, theirs.lowest) >= 0) return false;
  const text = `peer rekeys Child SA #${old.serial} at the same time; going on with its`;
  if (made) concede(turn, offer, text);
  else {
    turn.say(text, { serial: offer.serial });
    dropOffer(turn, offer, 'replaced', text);
    // Should it come to nothing.
    rekeyChildLater(turn, old);
  }
  return true;
}

/** The peer has installed what we do not take: it must learn of it. */
function spurn(turn: Turn, offer: ChildOffer, text: string): void {
  turn.plan({ t: 'deleteStray', policy: offer.policy, spiIn: offer.spiIn });
  failed(turn, offer, text);
}

/** Our replacement is granted. Did the peer replace the same child meanwhile? */
function rekeyed(turn: Turn, old: Child, made: NewChild, ours: Uint8Array): void {
  for (const larval of larvalsOf(turn)) {
    if (larval.replaces !== old) continue;
    if (Buffer.compare(ours, larval.lowest) < 0) {
      // All key exchanges were under way before it was known: the peer has installed it.
      const text = `peer rekeys Child SA #${old.serial} at the same time; going on with its, deleting our #${made.serial}`;
      turn.say(text);
      wipe(made.keymat);
      forgetOffer(turn, made);
      rekeyChildLater(turn, old);
      turn.childDown(made, 'replaced', text);
      return turn.plan({ t: 'deleteStray', policy: made.policy, spiIn: made.spiIn });
    }
    dropLarval(turn, larval);
  }
  const theirs = takeCollision(turn, old);
  if (theirs && Buffer.compare(ours, theirs.lowest) < 0) {
    const text = `peer rekeyed Child SA #${old.serial} at the same time; keeping its #${theirs.child.serial}, deleting our #${made.serial}`;
    turn.say(text);
    wipe(made.keymat);
    forgetOffer(turn, made);
    replace(old, theirs.child);
    turn.childDown(made, 'replaced', text);
    return turn.plan({ t: 'deleteStray', policy: made.policy, spiIn: made.spiIn });
  }
  const child = install(turn, { ...made, old });
  if (theirs) {
    turn.say(`peer rekeyed Child SA #${old.serial} at the same time; keeping our #${made.serial}`);
    // The peer will delete it. Its outbound half never opens: the peer may not have the other end.
    replace(theirs.child, child);
    turn.disarm('childRekey', theirs.child.serial);
    turn.disarm('childOutbound', theirs.child.serial);
  }
  if (!turn.sa.children.includes(old)) return;
  if (isUnwanted(turn, old)) turn.plan({ t: 'deleteChild', serial: child.serial });
  replace(old, child);
  turn.plan({ t: 'deleteChild', serial: old.serial, why: 'replaced' });
}

function refused(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { offer } = turn.expects('newChild', 'rekeyChild');
  const { old, policy, serial } = offer;
  const error = errorIn(message.payloads);
  const group = suggestedGroup(message.payloads);
  const isOther = group && offer.ke && group !== offer.ke.group && !offer.isRetry;
  if (isOther && pfsGroups(sa, policy, 'initiator').includes(group)) {
    turn.say(`peer wants ${group.name} instead of ${offer.ke?.group.name}`, { serial });
    if (old && concede(turn, offer, 'the peer was first')) return;
    forgetOffer(turn, offer);
    if (!old) return turn.plan({ t: 'newChild', policy, serial, group: group.id });
    old.state = 'up';
    return turn.plan({ t: 'rekeyChild', serial: old.serial, group: group.id });
  }
  const text = `CREATE_CHILD_SA failed with error notification ${error?.name ?? 'none'}`;
  if (error?.notify === NOTIFY.TEMPORARY_FAILURE && !old) {
    turn.say(`${text}; will try again`, { serial });
    forgetOffer(turn, offer);
    return turn.later({ t: 'newChild', policy, serial });
  }
  const isUnknown = error?.notify === NOTIFY.CHILD_SA_NOT_FOUND && offer.isSure;
  if (isUnknown && old && sa.children.includes(old) && !hasCollision(turn, old)) {
    // The peer has lost it: make another from scratch (RFC 7296 §2.25).
    dropChild(turn, old, 'replaced', text);
    turn.say(`${text}; starting afresh`, { serial });
    forgetOffer(turn, offer);
    return turn.plan({ t: 'newChild', policy, serial });
  }
  turn.why(explainChildRefusal(error?.notify, policy, offer.ke ? pfsGroups(sa, policy, 'initiator') : []), { serial });
  failed(turn, offer, text);
}

/** A child that will not be: an old one lives on, and is tried again before its end. */
function failed(turn: Turn, offer: ChildOffer, text: string): void {
  const { old, serial } = offer;
  if (concede(turn, offer, text)) return;
  turn.say(old ? `${text}; will try again` : text, { level: 'warn', serial, event: 'failed' });
  if (old && turn.sa.children.includes(old)) rekeyChildLater(turn, old);
  dropOffer(turn, offer, old ? 'replaced' : 'refused', text);
}

/** The peer has rekeyed the same child, and further than we: its replacement it is. */
function concede(turn: Turn, offer: ChildOffer, text: string): boolean {
  const theirs = offer.old && takeCollision(turn, offer.old);
  if (!offer.old || !theirs) return false;
  turn.say(`${text}; keeping the peer's #${theirs.child.serial}`, { serial: offer.serial });
  replace(offer.old, theirs.child);
  if (isUnwanted(turn, offer.old)) turn.plan({ t: 'deleteChild', serial: theirs.child.serial });
  dropOffer(turn, offer, 'replaced', text);
  return true;
}

/** Whoever asked for the new one deletes `old`. */
export function replace(old: Child, by: Child): void {
  old.state = 'replaced';
  old.replacedBy = by.serial;
}

/** Whoever wants a child gone does not want what takes its place either. */
export const isUnwanted = (turn: Turn, child: Child): boolean =>
  turn.sa.tasks.some((task) => task.t === 'deleteChild' && task.serial === child.serial && task.why === undefined);

const hasCollision = (turn: Turn, old: Child) => turn.sa.collisions.some((c) => c.t !== 'ike' && c.replaces === old);

function takeCollision(turn: Turn, old: Child) {
  const { sa } = turn;
  const found = sa.collisions.find((c) => c.t === 'child' && c.replaces === old);
  if (found?.t !== 'child') return undefined;
  sa.collisions = sa.collisions.length === 1 ? NONE : sa.collisions.filter((c) => c !== found);
  return found;
}

export function keysJob(
  turn: Turn,
  group: number,
  suite: Parameters<typeof keymatOctets>[0],
  theirs: Uint8Array,
  ni: Uint8Array,
  nr: Uint8Array,
  mine?: Uint8Array,
) {
  const { sa } = turn;
  if (!sa.suite || !sa.keys) throw new Error(`#${sa.serial} has no keys`);
  return {
    op: 'child.keys',
    group,
    theirs: Uint8Array.from(theirs),
    prf: sa.suite.prf.id,
    skD: sa.keys.skD,
    ni,
    nr,
    octets: keymatOctets(suite),
    ...(mine ? { mine } : {}),
  } as const;
}
