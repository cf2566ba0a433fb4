/** CREATE_CHILD_SA for Child SAs, asked by the peer: RFC 7296 §1.3.1, §1.3.3, §2.8, §2.25. */

import type { Child } from '../child.ts';
import { groupById } from '../crypto/algorithms.ts';
import { type Fault, faultText } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { EXCHANGE, find, NOTIFY, notifies, type Payload } from '../wire/index.ts';
import { type Answer, answerPayloads, grant, install, keymatOf, reserveSpi } from './child-setup.ts';
import { whyNotGranted } from './child-why.ts';
import { isUnwanted, keysJob, replace } from './create-child.ts';
import { protocolOf } from './ending.ts';
import { awaitFollowup, earlierOf } from './followup.ts';
import { detail, groupOctets, lowest, NONCE_OCTETS } from './handshake.ts';
import { isFault, spiOctets } from './proposals.ts';
import { settled, siblingsOf } from './siblings.ts';
import type { Transition } from './transitions.ts';
import { type Incoming, notification, type Turn } from './turn.ts';

export const ANSWER_CHILD: readonly Transition[] = [
  {
    story: 'answer the rekey of a Child SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['established'],
    need: ['SA', 'Nonce', 'TSi', 'TSr'],
    notify: NOTIFY.REKEY_SA,
    run: answerRekey,
    to: ['established'],
  },
  {
    story: 'answer a further Child SA',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['established'],
    need: ['SA', 'Nonce', 'TSi', 'TSr'],
    run: answerNew,
    to: ['established'],
  },
  {
    story: 'nothing new on an IKE SA that goes',
    exchange: EXCHANGE.CREATE_CHILD_SA,
    request: ['replaced', 'deleting'],
    need: [],
    run: (turn, message) => turn.refuse(message, { kind: 'busy', why: 'the IKE SA is being rekeyed or deleted' }),
    to: [],
  },
];

/** The connection has been deleted, and the IKE SA is for others. */
const GONE = { kind: 'incompatible', what: 'selectors', wanted: 'of a connection that is there' } as const;

function answerNew(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const busy = collisionWithIkeRekey(turn);
  if (busy) return turn.refuse(message, busy);
  const policies = siblingsOf(turn);
  if (policies.length === 0) return turn.refuse(message, { ...GONE, offered: 'a further Child SA' });
  const answer = grant(sa, policies, message.payloads, true);
  if (isFault(answer)) return refuseGrant(turn, message, answer, policies);
  const mine = settled(turn, answer);
  if (isFault(mine)) return turn.refuse(message, mine);
  give(turn, message, mine);
}

function answerRekey(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const named = notifies(message.payloads, NOTIFY.REKEY_SA)[0];
  const spi = named.spi.length === 4 ? Buffer.from(named.spi).readUInt32BE() : 0;
  const old = sa.children.find((c) => c.spiOut === spi);
  const busy = collisionWithIkeRekey(turn);
  if (busy) return turn.refuse(message, busy);
  if (!old) return refuseUnknown(turn, message, spi, named.protocol);
  if (old.state === 'deleting' || old.state === 'replaced') {
    const what = old.state === 'deleting' ? 'deleted' : 'replaced';
    return turn.refuse(message, { kind: 'busy', why: `Child SA #${old.serial} is being ${what}` });
  }
  const answer = grant(sa, [old.policy], message.payloads, true);
  if (isFault(answer)) return refuseGrant(turn, message, answer, [old.policy]);
  const mine = settled(turn, answer);
  if (isFault(mine)) return turn.refuse(message, mine);
  give(turn, message, mine, old);
}

function refuseGrant(turn: Turn, message: Incoming, fault: Fault, policies: readonly Policy[]): void {
  turn.refuse(message, fault);
  turn.why(whyNotGranted(turn.sa, policies, message.payloads, true));
}

/** RFC 7296 §2.25: the notification names the SPI that we do not know. */
function refuseUnknown(turn: Turn, message: Incoming, spi: number, protocol: number): void {
  turn.say(`${faultText({ kind: 'noSuchChild', spi, protocol })}; responding with CHILD_SA_NOT_FOUND`);
  turn.respond(message, [notification(NOTIFY.CHILD_SA_NOT_FOUND, undefined, { protocol, spi: spiOctets(spi) })]);
}

function give(turn: Turn, message: Incoming, answer: Answer, old?: Child): void {
  const { suite } = answer;
  const ke = find(message.payloads, 'KE');
  const ni = Uint8Array.from(find(message.payloads, 'Nonce')!.data);
  const nr = turn.env.random(NONCE_OCTETS);
  if (suite.group && ke?.group !== suite.group.id) {
    const sent = ke ? (groupById(ke.group)?.name ?? ke.group) : 'no group';
    turn.say(`peer sent a key for ${sent}, we want ${suite.group.name}; responding with INVALID_KE_PAYLOAD`);
    return turn.respond(message, [notification(NOTIFY.INVALID_KE_PAYLOAD, groupOctets(suite.group))]);
  }
  const complete = (later: Turn, keymat: Uint8Array, publicValue?: Uint8Array) =>
    granted(later, message, answer, { keymat, publicValue, ni, nr, old });
  if (!suite.group || !ke) return complete(turn, keymatOf(turn.sa, suite, ni, nr));
  if (suite.additional) return giveLater(turn, message, answer, Uint8Array.from(ke.data), { ni, nr, old });
  turn.submit(keysJob(turn, suite.group.id, suite, ke.data, ni, nr), (later, result) => {
    if (!result.ok || result.op !== 'child.keys') return later.refuse(message, keyFault(detail(result)));
    complete(later, result.keymat, result.public);
  });
}

/** The child comes to be after the further key exchanges that are agreed on. RFC 9370 §2.2.4. */
function giveLater(
  turn: Turn,
  message: Incoming,
  answer: Answer,
  theirs: Uint8Array,
  { ni, nr, old }: Pick<Granted, 'ni' | 'nr' | 'old'>,
): void {
  const { suite, policy } = answer;
  const { group, additional } = suite;
  if (!group || !additional) throw new Error('nothing follows');
  turn.submit({ op: 'ke.mix', group: group.id, theirs }, (later, result) => {
    if (!result.ok || result.op !== 'ke.mix' || !result.public) return later.refuse(message, keyFault(detail(result)));
    const spiIn = reserveSpi(later, policy);
    if (typeof spiIn !== 'number') return later.refuse(message, spiIn);
    const link = awaitFollowup(later, {
      ...{ groups: additional, done: 0, first: result.shared, more: new Uint8Array() },
      ...{ replaces: old, lowest: lowest(ni, nr) },
      objection: (now) => (old ? unfitToReplace(now, old) : collisionWithIkeRekey(now)?.why),
      complete: (now, last, theirLast, larval) =>
        now.submit(
          { ...keysJob(now, additional[larval.done].id, suite, theirLast, ni, nr), ...earlierOf(larval) },
          (then, done) => {
            if (!done.ok || done.op !== 'child.keys' || !done.public) {
              larval.drop(then);
              return then.refuse(last, keyFault(detail(done)));
            }
            then.respond(last, [{ type: 'KE', critical: false, group: additional[larval.done].id, data: done.public }]);
            take(then, answer, { keymat: done.keymat, spiIn, ni, nr, old });
          },
        ),
      drop: ({ env, sa }) => env.releaseSpi({ protocol: protocolOf(policy), local: sa.local.address, spi: spiIn }),
    });
    const nonce: Payload = { type: 'Nonce', critical: false, data: nr };
    const ke: Payload = { type: 'KE', critical: false, group: group.id, data: result.public };
    const granted = answerPayloads(answer, spiOctets(spiIn)).flatMap((p): Payload[] =>
      p.type === 'SA' ? [p, nonce, ke] : [p],
    );
    later.respond(message, [...granted, link]);
  });
}

/** A child that meanwhile goes, or has gone, has no heir. */
function unfitToReplace(turn: Turn, old: Child): string | undefined {
  const isThere = turn.sa.children.includes(old) && (old.state === 'up' || old.state === 'rekeying');
  return isThere ? collisionWithIkeRekey(turn)?.why : `Child SA #${old.serial} is being deleted or replaced`;
}

const keyFault = (why: string): Fault => ({ kind: 'local', what: 'crypto', why });

interface Granted {
  readonly keymat: Uint8Array;
  readonly publicValue: Uint8Array | undefined;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly old: Child | undefined;
}

function granted(turn: Turn, message: Incoming, answer: Answer, { keymat, publicValue, ni, nr, old }: Granted): void {
  const { suite, policy } = answer;
  const spiIn = reserveSpi(turn, policy);
  if (typeof spiIn !== 'number') return turn.refuse(message, spiIn);
  const nonce: Payload = { type: 'Nonce', critical: false, data: nr };
  const ke: Payload[] =
    publicValue && suite.group ? [{ type: 'KE', critical: false, group: suite.group.id, data: publicValue }] : [];
  turn.respond(
    message,
    answerPayloads(answer, spiOctets(spiIn)).flatMap((p) => (p.type === 'SA' ? [p, nonce, ...ke] : [p])),
  );
  take(turn, answer, { keymat, spiIn, ni, nr, old });
}

/** A child that is granted: here as well. */
function take(
  turn: Turn,
  answer: Answer,
  { keymat, spiIn, ni, nr, old }: Omit<Granted, 'publicValue'> & { readonly spiIn: number },
): void {
  const { sa, env } = turn;
  const { suite, policy, mode, local, remote, spi } = answer;
  const serial = env.serial();
  const made = { serial, policy, suite, spiIn, spiOut: spi, mode, keymat, initiator: false, local, remote };
  const child = install(turn, { ...made, ...(old ? { old } : {}) });
  if (!old) return;
  if (old.state === 'rekeying') {
    sa.collisions = [...sa.collisions, { t: 'child', child, replaces: old, lowest: lowest(ni, nr) }];
    return;
  }
  if (isUnwanted(turn, old)) turn.plan({ t: 'deleteChild', serial });
  replace(old, child);
  turn.disarm('childRekey', old.serial);
  turn.unplan((task) => task.t === 'rekeyChild' && task.serial === old.serial);
}

/** RFC 7296 §2.25.2: nothing new for a peer while we rekey the IKE SA itself. */
function collisionWithIkeRekey(turn: Turn): Extract<Fault, { kind: 'busy' }> | undefined {
  const kind = turn.sa.outstanding?.pending.kind;
  return kind === 'rekeyIke' || kind === 'ikeFollowup'
    ? { kind: 'busy', why: 'we are rekeying the IKE SA' }
    : undefined;
}
