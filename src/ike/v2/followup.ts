/**
 * IKE_FOLLOWUP_KE, RFC 9370 §2.2.4: the additional key exchanges of a CREATE_CHILD_SA, whose SA comes to be after the last.
 *
 *     HDR, SK { SA, Ni, KEi, .. }        -->
 *                                        <--  HDR, SK { SA, Nr, KEr, .., N(ADDITIONAL_KEY_EXCHANGE)(link1) }
 *     HDR, SK { KEi(1), N(..)(link1) }   -->
 *                                        <--  HDR, SK { KEr(1) [, N(..)(link2)] }
 *
 * Here are both ends of the exchange itself; what becomes of the secrets is for those who asked, or granted.
 */
import { groupById } from '../crypto/algorithms.ts';
import type { EarlierSecrets } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import { EXCHANGE, find, NOTIFY, notifies, type Payload } from '../wire/index.ts';
import { forgetSecrets } from './ending.ts';
import { detail } from './handshake.ts';
import { type Followup, type Larval, NONE } from './ike-sa.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, notification, type Turn } from './turn.ts';

/** ms that a peer may take for its next exchange; RFC 9370 speaks of 5 to 20 s, before a request was lost. */
const PATIENCE = 30_000;
/** An authentic peer does one thing at a time, and may have given up on one before. */
const MOST_LARVAL = 4;
/** RFC 9370 §2.2.4: a peer that forgets what it has begun, time and again, is not what it was: the IKE SA goes. */
const MOST_FORGOTTEN = 3;
const LINK_OCTETS = 8;

export const FOLLOWUP: readonly Transition[] = [
  {
    story: 'answer a further key exchange',
    exchange: EXCHANGE.IKE_FOLLOWUP_KE,
    request: ['established'],
    need: ['KE'],
    notify: NOTIFY.ADDITIONAL_KEY_EXCHANGE,
    run: answer,
    to: ['established', 'replaced'],
  },
  {
    story: 'a further key exchange of nothing that we know',
    exchange: EXCHANGE.IKE_FOLLOWUP_KE,
    request: ['established', 'replaced', 'deleting'],
    need: [],
    run: refuseUnknown,
    to: [],
  },
  ...(['childFollowup', 'ikeFollowup'] as const).flatMap((kind): Transition[] => [
    {
      story: kind === 'childFollowup' ? 'peer goes on to the Child SA' : 'peer goes on to the new IKE SA',
      exchange: EXCHANGE.IKE_FOLLOWUP_KE,
      response: kind,
      need: ['KE'],
      run: goOn,
      to: ['established', 'replaced', 'dead'],
    },
    {
      story: kind === 'childFollowup' ? 'peer does not go on to the Child SA' : 'peer does not go on to the new IKE SA',
      exchange: EXCHANGE.IKE_FOLLOWUP_KE,
      response: kind,
      need: ['N'],
      run: refused,
      to: ['established', 'replaced', 'dead'],
    },
  ]),
];

// --- asking ------------------------------------------------------------------------------------------------------

/** The link in an answer of the peer's, without which nothing can follow. */
export const linkIn = (payloads: readonly Payload[]): Uint8Array | undefined => {
  const data = notifies(payloads, NOTIFY.ADDITIONAL_KEY_EXCHANGE)[0]?.data;
  return data && data.length > 0 ? Uint8Array.from(data) : undefined;
};

/** The next exchange of those that are due; there is one. */
export function askNext(turn: Turn, followup: Followup): void {
  if (followup.isLost(turn)) return forgetSecrets(followup);
  const group = followup.groups[followup.done];
  turn.submit(
    { op: 'ke.make', group: group.id },
    (later, result) => {
      if (!result.ok || result.op !== 'ke.make') return followup.fail(later, `cannot make a key: ${detail(result)}`);
      followup.private = result.private;
      const ke: Payload = { type: 'KE', critical: false, group: group.id, data: result.public };
      const link = notification(NOTIFY.ADDITIONAL_KEY_EXCHANGE, followup.link);
      later.request(EXCHANGE.IKE_FOLLOWUP_KE, [ke, link], followup.pending);
      later.say(`sent IKE_FOLLOWUP_KE request with ${group.name}`, followup.about);
    },
    'policy' in followup.pending.offer ? followup.pending.offer : undefined,
  );
}

function goOn(turn: Turn, message: Incoming): void {
  const { followup } = turn.expects('childFollowup', 'ikeFollowup').offer;
  if (!followup) throw new Error('an answer to a key exchange that nobody goes on with');
  const group = followup.groups[followup.done];
  const ke = find(message.payloads, 'KE')!;
  const isLast = followup.done + 1 === followup.groups.length;
  const link = linkIn(message.payloads);
  if (ke.group !== group.id || (!isLast && !link))
    return followup.fail(turn, `peer's answer to IKE_FOLLOWUP_KE does not fit: ${groupName(ke.group)}`);
  const theirs = Uint8Array.from(ke.data);
  turn.sa.forgotten = 0;
  if (isLast) return followup.complete(turn, theirs, followup);
  turn.submit({ op: 'ke.mix', group: group.id, mine: followup.private, theirs }, (later, result) => {
    wipe(followup.private);
    if (!result.ok || result.op !== 'ke.mix')
      return followup.fail(later, `additional key exchange failed: ${detail(result)}`);
    followup.more = joined(followup.more, result.shared);
    followup.done++;
    if (link) followup.link = link;
    askNext(later, followup);
  });
}

/** STATE_NOT_FOUND, or that the peer is busy: whoever asked begins again from CREATE_CHILD_SA. */
function refused(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { followup } = turn.expects('childFollowup', 'ikeFollowup').offer;
  const error = errorIn(message.payloads);
  const isForgotten = error?.notify === NOTIFY.STATE_NOT_FOUND;
  const isPassing = isForgotten || error?.notify === NOTIFY.TEMPORARY_FAILURE;
  followup?.fail(turn, `IKE_FOLLOWUP_KE failed with error notification ${error?.name ?? 'none'}`, isPassing);
  if (!isForgotten || ++sa.forgotten < MOST_FORGOTTEN || sa.state !== 'established') return;
  turn.say(`peer has forgotten ${sa.forgotten} key exchanges in a row; deleting the IKE SA`, { level: 'warn' });
  turn.plan({ t: 'deleteIke', why: 'refused' });
}

// --- answering ---------------------------------------------------------------------------------------------------

/** What a CREATE_CHILD_SA answer says besides, when key exchanges follow; `larval` waits for them. */
export function awaitFollowup(turn: Turn, larval: Omit<Larval, 't' | 'link' | 'until'>): Payload {
  const { sa, env } = turn;
  const link = env.random(LINK_OCTETS);
  const others = larvalsOf(turn);
  for (const old of others.slice(0, Math.max(0, others.length + 1 - MOST_LARVAL))) {
    env.limited?.('key-exchanges');
    dropLarval(turn, old);
  }
  sa.collisions = [...sa.collisions, { ...larval, t: 'larval', link, until: env.now + PATIENCE }];
  turn.arm('followup', PATIENCE);
  return notification(NOTIFY.ADDITIONAL_KEY_EXCHANGE, link);
}

function answer(turn: Turn, message: Incoming): void {
  const link = notifies(message.payloads, NOTIFY.ADDITIONAL_KEY_EXCHANGE)[0].data;
  const larval = larvalsOf(turn).find((l) => Buffer.compare(l.link, link) === 0);
  if (!larval) return refuseUnknown(turn, message);
  const group = larval.groups[larval.done];
  const ke = find(message.payloads, 'KE')!;
  const why =
    ke.group === group.id
      ? larval.objection(turn)
      : `peer sent a key for ${groupName(ke.group)}, where ${group.name} is due`;
  if (why) {
    dropLarval(turn, larval);
    return turn.refuse(message, { kind: 'busy', why });
  }
  const theirs = Uint8Array.from(ke.data);
  const isLast = larval.done + 1 === larval.groups.length;
  if (isLast) {
    // Its secrets go into the job.
    forget(turn, larval);
    return larval.complete(turn, message, theirs, larval);
  }
  turn.submit({ op: 'ke.mix', group: group.id, theirs }, (later, result) => {
    if (!result.ok || result.op !== 'ke.mix' || !result.public) {
      dropLarval(later, larval);
      return later.refuse(message, { kind: 'local', what: 'crypto', why: detail(result) });
    }
    larval.more = joined(larval.more, result.shared);
    larval.done++;
    larval.link = later.env.random(LINK_OCTETS);
    larval.until = later.env.now + PATIENCE;
    later.arm('followup', PATIENCE);
    later.respond(message, [
      { type: 'KE', critical: false, group: group.id, data: result.public },
      notification(NOTIFY.ADDITIONAL_KEY_EXCHANGE, larval.link),
    ]);
  });
}

/** RFC 9370 §2.2.4: the peer took too long, or means something else; it is to begin again. */
function refuseUnknown(turn: Turn, message: Incoming): void {
  turn.say('IKE_FOLLOWUP_KE request belongs to nothing; responding with STATE_NOT_FOUND', { level: 'warn' });
  turn.respond(message, [notification(NOTIFY.STATE_NOT_FOUND)]);
}

/** What the peer has begun, and has not finished in time. */
export function dropLateLarvals(turn: Turn): void {
  const { now } = turn.env;
  for (const larval of larvalsOf(turn)) {
    if (larval.until > now) continue;
    turn.say('peer has begun key exchanges and does not go on with them', { level: 'warn' });
    dropLarval(turn, larval);
  }
  const left = larvalsOf(turn).map((l) => l.until - now);
  if (left.length > 0) turn.arm('followup', Math.min(...left));
}

export const larvalsOf = ({ sa }: Turn): readonly Larval[] =>
  sa.collisions.flatMap((c) => (c.t === 'larval' ? [c] : []));

/** It will never be. */
export function dropLarval(turn: Turn, larval: Larval): void {
  forget(turn, larval);
  forgetSecrets(larval);
  larval.drop(turn);
}

function forget({ sa }: Turn, larval: Larval): void {
  sa.collisions = sa.collisions.filter((c) => c !== larval);
  if (sa.collisions.length === 0) sa.collisions = NONE;
}

/** `earlier` of the last exchange's job. */
export const earlierOf = ({ first, more }: EarlierSecrets): { earlier: EarlierSecrets } => ({
  earlier: { first, more },
});

function joined(more: Uint8Array, shared: Uint8Array): Uint8Array {
  const both = new Uint8Array([...more, ...shared]);
  wipe(more);
  wipe(shared);
  return both;
}

const groupName = (id: number): string => groupById(id)?.name ?? `group ${id}`;
