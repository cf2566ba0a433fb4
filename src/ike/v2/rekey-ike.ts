/**
 * CREATE_CHILD_SA for the IKE SA itself, RFC 7296 §1.3.2, §2.18: a successor with fresh keys takes over the
 * children. Simultaneous rekeys end as those of children do: the lowest nonce loses (§2.8.2).
 */
import { groupById } from '../crypto/algorithms.ts';
import { type JobResult, wipeResult } from '../crypto/job.ts';
import { IkeKeys, type IkeSuite } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import { explainProposals } from '../explain/proposals.ts';
import { explainIkeRefusal } from '../explain/refusals.ts';
import { PEER_ASKS } from '../explain/words.ts';
import { EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import { end, forgetSecrets, isInheritable } from './ending.ts';
import { askNext, awaitFollowup, dropLarval, earlierOf, larvalsOf, linkIn } from './followup.ts';
import { detail, groupOctets, lowest, NONCE_OCTETS, suggestedGroup, suiteText } from './handshake.ts';
import { type IkeOffer, IkeSa, NONE } from './ike-sa.ts';
import { disarmChild, disarmEstablished, retryAfter } from './lifetimes.ts';
import { chooseIke, isFault, offerIke } from './proposals.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, notification, type Turn } from './turn.ts';

/**
 * The side that answered waits this long for the other to delete the old SA, or the redundant one of two new ones,
 * then does so itself: longer than the other goes on asking for the answer.
 */
export const OLD_SA_PATIENCE = 90_000;

export const REKEY_IKE: readonly Transition[] = [
  {
    story: 'answer the rekey of the IKE SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['established'],
    need: ['SA', 'Nonce', 'KE'],
    without: ['TSi', 'TSr'],
    run: answer,
    to: ['replaced', 'dead'],
  },
  {
    story: 'peer grants the new IKE SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    response: 'rekeyIke',
    need: ['SA', 'Nonce', 'KE'],
    run: finish,
    to: ['replaced', 'dead'],
  },
  {
    story: 'peer refuses to rekey the IKE SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    response: 'rekeyIke',
    need: ['N'],
    run: refused,
    to: ['replaced', 'dead'],
  },
];

export function startRekeyIke(turn: Turn, wanted?: number): void {
  const { sa, env } = turn;
  const group = (wanted && groupById(wanted)) || sa.suite?.group;
  if (!group) throw new Error(`#${sa.serial} has no group`);
  turn.submit({ op: 'ke.make', group: group.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make') return tryLater(later, `cannot make a key: ${detail(result)}`);
    const offer: IkeOffer = {
      spi: env.ikeSpi(),
      ni: env.random(NONCE_OCTETS),
      group,
      private: result.private,
      isRetry: wanted !== undefined,
    };
    // The group in use goes first, and our key is for it.
    const proposals = sa.policy.ike.map((p) => ({
      ...p,
      dh: [...p.dh.filter((g) => g === group), ...p.dh.filter((g) => g !== group)],
    }));
    later.request(
      EXCHANGE.CREATE_CHILD_SA,
      [
        { type: 'SA', critical: false, proposals: offerIke(proposals, offer.spi) },
        { type: 'Nonce', critical: false, data: offer.ni },
        { type: 'KE', critical: false, group: group.id, data: result.public },
      ],
      { kind: 'rekeyIke', offer },
    );
    later.say(`sent CREATE_CHILD_SA request to rekey IKE SA #${sa.serial}`);
  });
}

function finish(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { offer } = turn.expects('rekeyIke');
  const proposals = find(message.payloads, 'SA')!.proposals;
  const ke = find(message.payloads, 'KE')!;
  const nr = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  const chosen = chooseIke(sa.policy.ike, proposals);
  const isOne =
    proposals.length === 1 && !isFault(chosen) && chosen.answer.transforms.length === proposals[0].transforms.length;
  if (
    isFault(chosen) ||
    !isOne ||
    !isIkeSpi(chosen.spi) ||
    chosen.suite.group !== offer.group ||
    ke.group !== offer.group.id
  ) {
    // The peer has a successor that we cannot make: start over from nothing (RFC 7296 §2.21.3).
    wipe(offer.private);
    return void end(turn, 'refused', "peer's answer to the rekey of the IKE SA does not fit");
  }
  const { suite } = chosen;
  const spis = { spiI: offer.spi, spiR: Uint8Array.from(chosen.spi) };
  const job = keysJob(sa, suite, ke.data, offer.ni, nr, spis, offer.private);
  if (suite.additional) return followUp(turn, message, offer, suite, { job, nr, spis });
  turn.submit(job, (later, result) => {
    wipe(offer.private);
    if (!result.ok || result.op !== 'ike.keys')
      return void end(later, 'refused', `key exchange failed: ${detail(result)}`);
    succeed(later, { suite, spis, keys: result.keys, lowest: lowest(offer.ni, nr) });
  });
}

interface Succession {
  readonly suite: IkeSuite;
  readonly spis: { readonly spiI: Uint8Array; readonly spiR: Uint8Array };
  readonly keys: Uint8Array;
  readonly lowest: Uint8Array;
}

/** What we have asked for is there: ours, unless the peer did the same and has the higher nonces. */
function succeed(later: Turn, { suite, spis, keys, lowest: least }: Succession): void {
  const { sa } = later;
  const ours = successor(later, 'initiator', spis, suite, keys);
  const larval = ikeLarval(later);
  const theirs = takeCollision(later);
  later.outs.push({ t: 'successor', sa: ours });
  if (larval && Buffer.compare(least, larval.lowest) < 0) {
    // All key exchanges were under way before it was known: the peer has its end of ours.
    later.say(`peer rekeys IKE SA #${sa.serial} at the same time; going on with its, deleting our #${ours.serial}`);
    later.handOver(ours, NONE, [{ t: 'deleteIke', why: 'replaced' }]);
    return later.arm('rekey', retryAfter(later.env));
  }
  if (theirs && Buffer.compare(least, theirs.lowest) < 0) {
    const text = `keeping its #${theirs.successor.serial}, deleting our #${ours.serial}`;
    later.say(`peer rekeyed IKE SA #${sa.serial} at the same time; ${text}`);
    later.handOver(ours, NONE, [{ t: 'deleteIke', why: 'replaced' }]);
    return replaceBy(later, theirs.successor, 'peer');
  }
  later.say(`initiator rekeyed IKE SA #${sa.serial} ${suiteText(suite)} as #${ours.serial}`, { event: 'rekeyed' });
  replaceBy(later, ours, 'us');
}

/** SK(0) is there, and nothing is keyed yet: further exchanges follow. RFC 9370 §2.2.4. */
function followUp(
  turn: Turn,
  message: Incoming,
  asked: IkeOffer,
  suite: IkeSuite,
  {
    job,
    nr,
    spis,
  }: { readonly job: ReturnType<typeof keysJob>; readonly nr: Uint8Array; readonly spis: Succession['spis'] },
): void {
  const link = linkIn(message.payloads);
  const groups = suite.additional;
  if (!link || !groups) {
    wipe(asked.private);
    return tryLater(turn, "peer's answer announces no further key exchange, and has agreed to one");
  }
  const least = lowest(asked.ni, nr);
  const { group, theirs } = job;
  turn.submit({ op: 'ke.mix', group, theirs, mine: asked.private }, (later, result) => {
    wipe(asked.private);
    if (!result.ok || result.op !== 'ke.mix') return tryLater(later, `key exchange failed: ${detail(result)}`);
    const offer: IkeOffer = { ...asked };
    offer.followup = {
      ...{ groups, done: 0, first: result.shared, more: new Uint8Array(), private: new Uint8Array(), link, about: {} },
      pending: { kind: 'ikeFollowup', offer },
      isLost: (now) => hasLost(now, least),
      complete: (now, last, followup) => {
        const { rekey, ni, spis: newSpis, prf, encr, encrBits, integ } = job;
        const mixed = { op: job.op, group: groups[followup.done].id, theirs: last, mine: followup.private };
        now.submit(
          { ...mixed, ni, nr, spis: newSpis, prf, encr, encrBits, integ, rekey, ...earlierOf(followup) },
          (then, done) => {
            if (!done.ok || done.op !== 'ike.keys')
              return void end(then, 'refused', `additional key exchange failed: ${detail(done)}`);
            succeed(then, { suite, spis, keys: done.keys, lowest: least });
          },
        );
      },
      fail: (now, text, isPassing) => {
        forgetSecrets(offer.followup);
        tryLater(now, text, isPassing);
      },
    };
    askNext(later, offer.followup);
  });
}

/** The peer rekeys too, and its exchange wins: nobody goes on with ours, and the peer has nothing to delete. */
function hasLost(turn: Turn, ours: Uint8Array): boolean {
  const { sa } = turn;
  const made = sa.collisions.find((c) => c.t === 'ike');
  const theirs = made ?? ikeLarval(turn);
  if (!theirs || Buffer.compare(ours, theirs.lowest) >= 0) return false;
  turn.say(`peer rekeys IKE SA #${sa.serial} at the same time; going on with its`);
  // Should it come to nothing.
  if (!made) turn.arm('rekey', retryAfter(turn.env));
  else concedeIke(turn);
  return true;
}

const ikeLarval = (turn: Turn) => larvalsOf(turn).find((l) => l.replaces === 'ike');

function refused(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { offer } = turn.expects('rekeyIke');
  wipe(offer.private);
  const error = errorIn(message.payloads);
  const group = suggestedGroup(message.payloads);
  const isOther = group && group !== offer.group && !offer.isRetry && sa.policy.ike.some((p) => p.dh.includes(group));
  if (isOther && sa.collisions.every((c) => c.t !== 'ike')) {
    turn.say(`peer wants ${group.name} instead of ${offer.group.name}`);
    return turn.plan({ t: 'rekeyIke', group: group.id });
  }
  turn.why(explainIkeRefusal(error?.notify, sa.policy));
  const text = `CREATE_CHILD_SA failed to rekey IKE SA with error notification ${error?.name ?? 'none'}`;
  tryLater(turn, text, error?.notify === NOTIFY.TEMPORARY_FAILURE);
}

/** `isPassing`: the peer is busy, and whoever waits may as well wait for the next try. */
function tryLater(turn: Turn, text: string, isPassing = false): void {
  if (concedeIke(turn)) return;
  turn.say(`${text}; will try again`, { level: 'warn', event: 'failed' });
  if (!isPassing) turn.outs.push({ t: 'rekeyFailed', text });
  turn.arm('rekey', retryAfter(turn.env));
}

/** The peer rekeyed at the same time, and further than we: its successor it is. */
export function concedeIke(turn: Turn): boolean {
  const theirs = takeCollision(turn);
  if (!theirs) return false;
  turn.say(`keeping the peer's IKE SA #${theirs.successor.serial}`);
  replaceBy(turn, theirs.successor, 'peer');
  return true;
}

function takeCollision(turn: Turn) {
  const { sa } = turn;
  const found = sa.collisions.find((c) => c.t === 'ike');
  if (found) sa.collisions = sa.collisions.filter((c) => c !== found);
  return found;
}

function answer(turn: Turn, message: Incoming): void {
  const { sa, env } = turn;
  const busy = changesChild(turn);
  if (busy) return turn.refuse(message, { kind: 'busy', why: busy });
  const proposals = find(message.payloads, 'SA')!.proposals;
  const ke = find(message.payloads, 'KE')!;
  const ni = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  const chosen = chooseIke(sa.policy.ike, proposals, ke.group);
  if (isFault(chosen)) {
    turn.refuse(message, chosen);
    return turn.why(explainProposals('ike=', proposals, offerIke(sa.policy.ike, new Uint8Array()), PEER_ASKS));
  }
  const { suite } = chosen;
  if (!isIkeSpi(chosen.spi)) {
    turn.refuse(message, { kind: 'misbehaved', rule: 'RFC 7296 §3.3.1: an IKE SPI has 8 octets and is not zero' });
    return void end(turn, 'refused', 'peer offered no IKE SPI');
  }
  if (suite.group.id !== ke.group) {
    turn.say(`peer sent a key for ${groupById(ke.group)?.name ?? ke.group}, we want ${suite.group.name}`);
    return turn.respond(message, [notification(NOTIFY.INVALID_KE_PAYLOAD, groupOctets(suite.group))]);
  }
  const nr = env.random(NONCE_OCTETS);
  const spis = { spiI: Uint8Array.from(chosen.spi), spiR: env.ikeSpi() };
  const job = keysJob(sa, suite, ke.data, ni, nr, spis);
  const agreed = (publicValue: Uint8Array): Payload[] => [
    { type: 'SA', critical: false, proposals: [{ ...chosen.answer, spi: spis.spiR }] },
    { type: 'Nonce', critical: false, data: nr },
    { type: 'KE', critical: false, group: suite.group.id, data: publicValue },
  ];
  const least = lowest(ni, nr);
  if (suite.additional) return answerLater(turn, message, job, { suite, spis, lowest: least }, agreed);
  turn.submit(job, (later, result) => {
    if (!result.ok || result.op !== 'ike.keys' || !result.public) return refuseKey(later, message, result);
    later.respond(message, agreed(result.public));
    grant(later, { suite, spis, keys: result.keys, lowest: least });
  });
}

function refuseKey(turn: Turn, message: Incoming, result: JobResult): void {
  wipeResult(result);
  turn.refuse(message, { kind: 'local', what: 'crypto', why: detail(result) });
}

/** The successor that the peer has asked for takes over; or waits, if we have asked for one too. */
function grant(turn: Turn, { suite, spis, keys, lowest: least }: Succession): void {
  const { sa } = turn;
  const theirs = successor(turn, 'responder', spis, suite, keys);
  const kind = sa.outstanding?.pending.kind;
  theirs.isProvisional = kind === 'rekeyIke' || kind === 'ikeFollowup';
  turn.outs.push({ t: 'successor', sa: theirs });
  turn.say(`responder rekeyed IKE SA #${sa.serial} ${suiteText(suite)} as #${theirs.serial}`, { event: 'rekeyed' });
  if (theirs.isProvisional) sa.collisions = [...sa.collisions, { t: 'ike', successor: theirs, lowest: least }];
  else replaceBy(turn, theirs, 'peer');
}

/** It comes to be after the further key exchanges that are agreed on. RFC 9370 §2.2.4. */
function answerLater(
  turn: Turn,
  message: Incoming,
  job: ReturnType<typeof keysJob>,
  { suite, spis, lowest: least }: Omit<Succession, 'keys'>,
  agreed: (publicValue: Uint8Array) => Payload[],
): void {
  const groups = suite.additional ?? [];
  turn.submit({ op: 'ke.mix', group: job.group, theirs: job.theirs }, (later, result) => {
    if (!result.ok || result.op !== 'ke.mix' || !result.public) return refuseKey(later, message, result);
    const link = awaitFollowup(later, {
      ...{ groups, done: 0, first: result.shared, more: new Uint8Array(), replaces: 'ike', lowest: least },
      objection: changesChild,
      complete: (now, last, theirs, larval) => {
        const group = groups[larval.done].id;
        now.submit({ ...job, group, theirs, ...earlierOf(larval) }, (then, done) => {
          if (!done.ok || done.op !== 'ike.keys' || !done.public) return refuseKey(then, last, done);
          then.respond(last, [{ type: 'KE', critical: false, group, data: done.public }]);
          grant(then, { suite, spis, keys: done.keys, lowest: least });
        });
      },
      drop: () => {},
    });
    later.respond(message, [...agreed(result.public), link]);
  });
}

/** The children go over to a new IKE SA only when both ends have the same. */
function changesChild({ sa }: Turn): string | undefined {
  const kind = sa.outstanding?.pending.kind;
  const changes = kind === 'newChild' || kind === 'rekeyChild' || kind === 'deleteChild' || kind === 'childFollowup';
  return changes ? 'we are changing a Child SA' : undefined;
}

/** The children go over; one side deletes what is left of the old SA. */
export function replaceBy(turn: Turn, to: IkeSa, deleter: 'us' | 'peer'): void {
  const { sa } = turn;
  // A successor that a collision made may have lived and died by the time that the collision ends.
  if (to.state === 'dead') return void end(turn, 'peer', 'its successor is deleted');
  turn.enter('replaced');
  for (const larval of larvalsOf(turn)) dropLarval(turn, larval);
  for (const child of sa.children) disarmChild(turn, child.serial);
  turn.handOver(to, sa.children, [...sa.tasks, ...sa.postponed].filter(isInheritable));
  sa.children = NONE;
  sa.tasks = NONE;
  sa.postponed = NONE;
  sa.collisions = NONE;
  disarmEstablished(turn);
  if (deleter === 'us') turn.plan({ t: 'deleteIke', why: 'replaced' });
  else turn.arm('expire', OLD_SA_PATIENCE);
}

function successor(
  turn: Turn,
  role: 'initiator' | 'responder',
  spis: { readonly spiI: Uint8Array; readonly spiR: Uint8Array },
  suite: IkeSuite,
  keys: Uint8Array,
): IkeSa {
  const { sa, env } = turn;
  const next = new IkeSa(env.serial(), role, spis, sa.policy, sa.local, sa.peer);
  next.state = 'established';
  next.peerId = sa.peerId;
  next.eapUser = sa.eapUser;
  next.suite = suite;
  next.keys = new IkeKeys(keys, suite);
  next.fragments = sa.fragments;
  next.redirectable = sa.redirectable;
  next.weAreNatted = sa.weAreNatted;
  next.peerIsNatted = sa.peerIsNatted;
  next.lastHeard = env.now;
  next.establishedAt = env.now;
  return next;
}

/** SKEYSEED = prf(SK_d of the old SA, g^ir | Ni | Nr). RFC 7296 §2.18. */
function keysJob(
  sa: IkeSa,
  suite: IkeSuite,
  theirs: Uint8Array,
  ni: Uint8Array,
  nr: Uint8Array,
  spis: { readonly spiI: Uint8Array; readonly spiR: Uint8Array },
  mine?: Uint8Array,
) {
  if (!sa.suite || !sa.keys) throw new Error(`#${sa.serial} has no keys`);
  return {
    op: 'ike.keys',
    group: suite.group.id,
    theirs: Uint8Array.from(theirs),
    ni,
    nr,
    spis: new Uint8Array([...spis.spiI, ...spis.spiR]),
    prf: suite.prf.id,
    encr: suite.encr.id,
    encrBits: suite.encrBits,
    integ: suite.integ?.id ?? 0,
    rekey: { prf: sa.suite.prf.id, skD: sa.keys.skD },
    ...(mine ? { mine } : {}),
  } as const;
}

const isIkeSpi = (spi: Uint8Array) => spi.length === 8 && spi.some((octet) => octet !== 0);
