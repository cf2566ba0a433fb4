/**
 * CREATE_CHILD_SA for Child SAs, RFC 7296 §1.3.1, §1.3.3, §2.8: further ones, and new ones in place of old.
 *
 * Both ends may rekey the same child at the same moment (§2.8.1). Then both exchanges run to their end, and
 * the one with the lowest of the four nonces is redundant: whoever began it deletes what it made.
 */
import { groupById } from '../crypto/algorithms.ts';
import type { JobResult } from '../crypto/job.ts';
import { keymatOctets } from '../crypto/keys.ts';
import { wipe } from '../crypto/misc.ts';
import { type Fault, faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { EXCHANGE, find, NOTIFY, type Payload } from '../wire/index.ts';
import type { Child } from './child.ts';
import {
  type Answer,
  acceptAnswer,
  answerPayloads,
  grant,
  install,
  keymatOf,
  offerPayloads,
  pfsGroups,
  reserveSpi,
  wireProtocol,
} from './child-setup.ts';
import { dropChild } from './ending.ts';
import type { ChildOffer, Pending } from './ike-sa.ts';
import { disarmChild, retryAfter } from './lifetimes.ts';
import { isFault, spiOctets } from './proposals.ts';
import { NONCE_OCTETS, suggestedGroup } from './sa-init.ts';
import type { Transition } from './transitions.ts';
import { errorIn, type Incoming, notification, type Turn } from './turn.ts';

export const CREATE_CHILD: readonly Transition[] = [
  {
    story: 'answer the rekey of a Child SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['established'],
    need: ['SA', 'Nonce', 'TSi', 'TSr'],
    notify: NOTIFY.REKEY_SA,
    run: answerRekey,
    to: ['established', 'dead'],
  },
  {
    story: 'answer a further Child SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['established'],
    need: ['SA', 'Nonce', 'TSi', 'TSr'],
    run: answerNew,
    to: ['established', 'dead'],
  },
  {
    story: 'nothing new on an IKE SA that goes',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['replaced', 'deleting'],
    need: [],
    run: (turn, message) => turn.refuse(message, { kind: 'busy', why: 'the IKE SA is being rekeyed or deleted' }),
    to: ['replaced', 'deleting'],
  },
  ...(['newChild', 'rekeyChild'] as const).flatMap((kind): Transition[] => [
    {
      story: kind === 'newChild' ? 'peer grants the Child SA' : 'peer grants the new Child SA in place of the old',
      exchange: EXCHANGE.CREATE_CHILD_SA,
      response: kind,
      need: ['SA', 'Nonce', 'TSi', 'TSr'],
      run: finish,
      to: ['established', 'replaced', 'deleting', 'dead'],
    },
    {
      story: kind === 'newChild' ? 'peer refuses the Child SA' : 'peer refuses to rekey the Child SA',
      exchange: EXCHANGE.CREATE_CHILD_SA,
      response: kind,
      need: ['N'],
      run: refused,
      to: ['established', 'replaced', 'deleting', 'dead'],
    },
  ]),
];

export function startNew(turn: Turn, policy: Policy, serial: number, group?: number): void {
  start(turn, policy, serial, group);
}

export function startRekey(turn: Turn, old: Child, group?: number): void {
  old.state = 'rekeying';
  const serial = turn.env.serial();
  turn.say(`initiating rekey to replace Child SA #${old.serial} using IKE SA #${turn.sa.serial}`, { serial });
  start(turn, old.policy, serial, group, old);
}

function start(turn: Turn, policy: Policy, serial: number, group: number | undefined, old?: Child): void {
  const spiIn = reserveSpi(turn, policy);
  if (typeof spiIn !== 'number')
    return offerFailed(turn, { policy, serial, ...(old ? { old } : {}) }, faultText(spiIn));
  const base = {
    policy,
    serial,
    spiIn,
    proposals: policy.child.proposals,
    ni: turn.env.random(NONCE_OCTETS),
    ...(old ? { old } : {}),
  };
  const groups = pfsGroups(turn.sa, policy, 'initiator');
  const wanted = groups.find((g) => g.id === group) ?? groups[0];
  if (!wanted) return ask(turn, base);
  turn.submit({ op: 'ke.make', group: wanted.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make') return offerFailed(later, base, `cannot make a key: ${detail(result)}`);
    ask(later, { ...base, ke: { group: wanted, private: result.private } }, result.public);
  });
}

function ask(turn: Turn, offer: ChildOffer, ke?: Uint8Array): void {
  const { old } = offer;
  turn.request(
    EXCHANGE.CREATE_CHILD_SA,
    [
      ...(old
        ? [notification(NOTIFY.REKEY_SA, undefined, { protocol: wireProtocol(old), spi: spiOctets(old.spiIn) })]
        : []),
      ...offerPayloads(turn, offer).flatMap((p): Payload[] =>
        p.type === 'SA' ? [p, { type: 'Nonce', critical: false, data: offer.ni }, ...kePayload(offer, ke)] : [p],
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
  const offer = offerOf(turn.answered);
  const nr = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  const settled = acceptAnswer(turn, offer, message.payloads);
  if (isFault(settled)) {
    offerFailed(turn, offer, `peer's answer does not fit: ${faultText(settled)}`);
    // The peer has installed it: it must learn that we have not.
    return turn.plan({ t: 'deleteStray', policy: offer.policy, spiIn: offer.spiIn });
  }
  const { suite, spi, local, remote } = settled;
  const complete = (later: Turn, keymat: Uint8Array) => {
    const mode = offer.policy.child.mode;
    const made = {
      serial: offer.serial,
      policy: offer.policy,
      suite,
      spiIn: offer.spiIn,
      spiOut: spi,
      mode,
      keymat,
      initiator: true,
      local,
      remote,
    };
    if (!offer.old) return void install(later, made);
    rekeyed(later, offer.old, made, lowest(offer.ni, nr));
  };
  const ke = find(message.payloads, 'KE');
  if (!offer.ke) return complete(turn, keymatOf(turn.sa, suite, offer.ni, nr));
  if (ke?.group !== offer.ke.group.id) return offerFailed(turn, offer, 'peer answered without a key of our group');
  turn.submit(keysJob(turn, offer.ke.group.id, suite, ke.data, offer.ni, nr, offer.ke.private), (later, result) => {
    if (!result.ok || result.op !== 'child.keys')
      return offerFailed(later, offer, `key exchange failed: ${detail(result)}`);
    complete(later, result.keymat);
  });
}

/** Our replacement is granted. Did the peer replace the same child meanwhile? */
function rekeyed(turn: Turn, old: Child, made: Parameters<typeof install>[1], ours: Uint8Array): void {
  const { sa } = turn;
  const collision = sa.collisions.find((c) => c.t === 'child' && c.replaces === old);
  sa.collisions = sa.collisions.filter((c) => c !== collision);
  if (collision?.t === 'child' && Buffer.compare(ours, collision.lowest) < 0) {
    turn.say(
      `peer rekeyed Child SA #${old.serial} at the same time; keeping its #${collision.child.serial}, deleting our #${made.serial}`,
    );
    wipe(made.keymat);
    old.state = 'replaced';
    old.replacedBy = collision.child.serial;
    turn.outs.push({
      t: 'childDown',
      serial: made.serial,
      policy: made.policy,
      why: 'replaced',
      text: 'the peer was first',
    });
    return turn.plan({ t: 'deleteStray', policy: made.policy, spiIn: made.spiIn });
  }
  if (collision?.t === 'child') {
    turn.say(`peer rekeyed Child SA #${old.serial} at the same time; keeping our #${made.serial}`);
    collision.child.state = 'replaced';
    collision.child.replacedBy = made.serial;
    disarmChild(turn, collision.child.serial);
  }
  const child = install(turn, { ...made, old });
  if (sa.children.includes(old)) {
    old.replacedBy = child.serial;
    disarmChild(turn, old.serial);
    turn.plan({ t: 'deleteChild', serial: old.serial });
  }
}

function refused(turn: Turn, message: Incoming): void {
  const { sa, env } = turn;
  const offer = offerOf(turn.answered);
  const { old } = offer;
  const error = errorIn(message.payloads);
  if (offer.ke) wipe(offer.ke.private);
  const group = suggestedGroup(message.payloads);
  const isNext =
    group && offer.ke && group !== offer.ke.group && pfsGroups(sa, offer.policy, 'initiator').includes(group);
  if (error?.notify === NOTIFY.INVALID_KE_PAYLOAD && isNext) {
    turn.say(`peer wants ${group.name} instead of ${offer.ke?.group.name}`, { serial: offer.serial });
    if (!old) return turn.plan({ t: 'newChild', policy: offer.policy, serial: offer.serial, group: group.id });
    old.state = 'up';
    return turn.plan({ t: 'rekeyChild', serial: old.serial, group: group.id });
  }
  const text = `CREATE_CHILD_SA failed with error notification ${error?.name ?? 'none'}`;
  const collision = sa.collisions.find((c) => c.t === 'child' && c.replaces === old);
  if (old && collision?.t === 'child') {
    // Refused because the peer is further in its own rekey of the same child: its replacement it is.
    sa.collisions = sa.collisions.filter((c) => c !== collision);
    old.state = 'replaced';
    old.replacedBy = collision.child.serial;
    return void turn.outs.push({ t: 'childDown', serial: offer.serial, policy: offer.policy, why: 'replaced', text });
  }
  if (error?.notify === NOTIFY.TEMPORARY_FAILURE) {
    turn.say(`${text}; will try again`, { serial: offer.serial });
    if (old) {
      old.state = 'up';
      turn.arm('childRekey', retryAfter(env), old.serial);
      return void turn.outs.push({ t: 'childDown', serial: offer.serial, policy: offer.policy, why: 'replaced', text });
    }
    turn.later({ t: 'newChild', policy: offer.policy, serial: offer.serial });
    return;
  }
  if (old && error?.notify === NOTIFY.CHILD_SA_NOT_FOUND && sa.children.includes(old)) {
    // The peer has lost it: make another from scratch (RFC 7296 §2.25).
    dropChild(turn, old, 'replaced', text);
    turn.say(`${text}; starting afresh`, { serial: offer.serial });
    return turn.plan({ t: 'newChild', policy: offer.policy, serial: offer.serial });
  }
  offerFailed(turn, offer, text);
}

/** A child that will not be: an old one lives on, and is tried again before its end. */
function offerFailed(turn: Turn, offer: Pick<ChildOffer, 'policy' | 'serial' | 'old'>, text: string): void {
  const { old, serial, policy } = offer;
  turn.say(text, { level: 'warn', serial });
  if (old && turn.sa.children.includes(old)) {
    old.state = 'up';
    turn.arm('childRekey', Math.max(retryAfter(turn.env), policy.rekeyMargin / 4), old.serial);
  }
  turn.outs.push({ t: 'childDown', serial, policy, why: old ? 'replaced' : 'refused', text });
}

function answerNew(turn: Turn, message: Incoming): void {
  const { sa, env } = turn;
  const busy = collisionWithIkeRekey(turn);
  if (busy) return turn.refuse(message, busy);
  const answer = grant(sa, env.directory.siblings(sa.policy), message.payloads, true);
  if (isFault(answer)) return turn.refuse(message, answer);
  give(turn, message, answer);
}

function answerRekey(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const named = message.payloads.find((p) => p.type === 'N' && p.notify === NOTIFY.REKEY_SA);
  const spi = named?.type === 'N' && named.spi.length === 4 ? Buffer.from(named.spi).readUInt32BE() : 0;
  const old = sa.children.find((c) => c.spiOut === spi);
  const busy = collisionWithIkeRekey(turn);
  if (busy) return turn.refuse(message, busy);
  if (!old) return refuseUnknown(turn, message, spi, named?.type === 'N' ? named.protocol : 0);
  if (old.state === 'deleting' || old.state === 'replaced') {
    return turn.refuse(message, {
      kind: 'busy',
      why: `Child SA #${old.serial} is being ${old.state === 'deleting' ? 'deleted' : 'replaced'}`,
    });
  }
  const answer = grant(sa, [old.policy], message.payloads, true);
  if (isFault(answer)) return turn.refuse(message, answer);
  give(turn, message, answer, old);
}

/** RFC 7296 §2.25: the notification names the SPI that we do not know. */
function refuseUnknown(turn: Turn, message: Incoming, spi: number, protocol: number): void {
  turn.say(`${faultText({ kind: 'noSuchChild', spi, protocol })}; responding with CHILD_SA_NOT_FOUND`);
  turn.respond(message, [notification(NOTIFY.CHILD_SA_NOT_FOUND, undefined, { protocol, spi: spiOctets(spi) })]);
}

function give(turn: Turn, message: Incoming, answer: Answer, old?: Child): void {
  const { suite, policy } = answer;
  const ke = find(message.payloads, 'KE');
  const ni = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  const nr = turn.env.random(NONCE_OCTETS);
  if (suite.group && ke?.group !== suite.group.id) {
    const { id, name } = suite.group;
    turn.say(`peer sent a key for ${ke ? (groupById(ke.group)?.name ?? ke.group) : 'no group'}, wants ${name}`);
    return turn.respond(message, [notification(NOTIFY.INVALID_KE_PAYLOAD, Uint8Array.of(id >> 8, id))]);
  }
  const complete = (later: Turn, keymat: Uint8Array, publicValue?: Uint8Array) => {
    const spiIn = reserveSpi(later, policy);
    if (typeof spiIn !== 'number') return later.refuse(message, spiIn);
    const [sa, ...selectors] = answerPayloads(answer, spiOctets(spiIn)).toSorted((a, b) => rank(a) - rank(b));
    later.respond(message, [
      sa,
      { type: 'Nonce', critical: false, data: nr },
      ...(publicValue && suite.group
        ? [{ type: 'KE', critical: false, group: suite.group.id, data: publicValue } as const]
        : []),
      ...selectors,
    ]);
    granted(later, answer, spiIn, keymat, lowest(ni, nr), old);
  };
  if (!suite.group || !ke) return complete(turn, keymatOf(turn.sa, suite, ni, nr));
  turn.submit(keysJob(turn, suite.group.id, suite, ke.data, ni, nr), (later, result) => {
    if (!result.ok || result.op !== 'child.keys') {
      return later.refuse(message, {
        kind: 'misbehaved',
        rule: `RFC 7296 §2.17, a sound public value: ${detail(result)}`,
      });
    }
    complete(later, result.keymat, result.public);
  });
}

const rank = (p: Payload) => (p.type === 'SA' ? 0 : 1);

function granted(
  turn: Turn,
  answer: Answer,
  spiIn: number,
  keymat: Uint8Array,
  low: Uint8Array,
  old: Child | undefined,
): void {
  const { sa, env } = turn;
  const { suite, policy, mode, local, remote } = answer;
  const made = {
    serial: env.serial(),
    policy,
    suite,
    spiIn,
    spiOut: answer.spi,
    mode,
    keymat,
    initiator: false,
    local,
    remote,
  };
  const child = install(turn, { ...made, ...(old ? { old } : {}) });
  if (!old) return;
  if (old.state === 'rekeying') {
    sa.collisions = [...sa.collisions, { t: 'child', child, replaces: old, lowest: low }];
    return;
  }
  old.state = 'replaced';
  old.replacedBy = child.serial;
  turn.disarm('childRekey', old.serial);
  turn.unplan((task) => task.t === 'rekeyChild' && task.serial === old.serial);
}

/** RFC 7296 §2.25.2: nothing new for a peer while we rekey the IKE SA itself. */
function collisionWithIkeRekey(turn: Turn): Fault | undefined {
  return turn.sa.outstanding?.pending.kind === 'rekeyIke'
    ? { kind: 'busy', why: 'we are rekeying the IKE SA' }
    : undefined;
}

function keysJob(
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
    skD: Uint8Array.from(sa.keys.skD),
    ni,
    nr,
    octets: keymatOctets(suite),
    ...(mine ? { mine } : {}),
  } as const;
}

/** RFC 7296 §2.8.1 compares octet by octet, as numbers. */
export const lowest = (a: Uint8Array, b: Uint8Array): Uint8Array => (Buffer.compare(a, b) <= 0 ? a : b);

const offerOf = (pending: Pending): ChildOffer => {
  if (pending.kind !== 'newChild' && pending.kind !== 'rekeyChild')
    throw new Error(`a Child SA answer to ${pending.kind}`);
  return pending.offer;
};
const detail = (result: JobResult) => (result.ok ? 'the wrong job answered' : `${result.why}: ${result.detail}`);
