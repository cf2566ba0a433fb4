/**
 * Pre-shared secrets in IKE_AUTH, RFC 8784 §3: both ends mix one into SK_d, SK_pi and SK_pr, and AUTH tells whether it is
 * the same. An initiator that can do without says so by a second AUTH, made with the keys as they were.
 *
 *     .. AUTH, N(PPK_IDENTITY, PPK_ID) [, N(NO_PPK_AUTH)]  -->
 *                                                          <--  .. AUTH [, N(PPK_IDENTITY)]
 */
import { mixedWithPpk } from '../crypto/ppk.ts';
import type { Policy } from '../policy.ts';
import { NOTIFY, notifies, type Payload } from '../wire/index.ts';
import type { IkeSa } from './ike-sa.ts';
import { forgetWithoutPpk, type Mixing } from './mixing.ts';
import { type Ppk, parsePpkId, ppkIdOctets, ppksOf, ppkText } from './ppk.ts';
import { hasNotify, notification, type Turn } from './turn.ts';

// --- initiator ---------------------------------------------------------------------------------------------------

/**
 * Of our first proof, which settles it for those that follow (RFC 4739): has `prove` make it, and with a PPK perhaps another one before that, without it. What goes with the proof is put
 * behind its AUTH.
 */
export function proveWithPpk<M extends Proven>(
  turn: Turn,
  prove: (turn: Turn, done: (turn: Turn, made: M | Failed) => void) => void,
  done: (turn: Turn, made: M | Failed) => void,
): void {
  const { sa, env } = turn;
  const mixing = sa.handshake?.mixing;
  if (mixing?.ppk !== 'auth' || mixing.ppkId) return prove(turn, done);
  const [first] = ppksOf(env, sa.policy);
  if (!first) return done(turn, { wrong: GONE });
  const proveMixed = (now: Turn, without: readonly Payload[]) => {
    // Again: in the meantime ipsec.secrets may have been read anew, and the secrets of before wiped.
    const ppk = env.directory.ppk(sa.policy, first.id);
    if (!ppk) return done(now, { wrong: GONE });
    mixIn(sa, mixing, ppk);
    prove(now, (later, made) => {
      if (made.wrong !== undefined) return done(later, made);
      const identity = notification(NOTIFY.PPK_IDENTITY, ppkIdOctets(ppk.id));
      done(later, { ...made, auth: [...made.auth, identity, ...without] });
    });
  };
  if (sa.policy.ppk === 'insist') return proveMixed(turn, []);
  prove(turn, (later, made) => {
    if (made.wrong !== undefined) return done(later, made);
    const [auth] = made.auth;
    proveMixed(later, auth?.type === 'AUTH' ? [notification(NOTIFY.NO_PPK_AUTH, auth.data)] : []);
  });
}

const GONE = 'the PPK that we have told the peer of is gone';

/** `auth`: the AUTH payload first. */
interface Proven {
  readonly auth: readonly Payload[];
  readonly wrong?: never;
}
interface Failed {
  readonly wrong: string;
}

/** Before the answer to our proof is looked at: which keys it was made with. Gives what is wrong, if we cannot go on. */
export function settlePpk(turn: Turn, payloads: readonly Payload[]): string | undefined {
  const { sa } = turn;
  const mixing = sa.handshake?.mixing;
  if (mixing?.ppk !== 'auth' || !mixing.withoutPpk) return undefined;
  if (hasNotify(payloads, NOTIFY.PPK_IDENTITY)) {
    turn.say(`PPK ${ppkText(mixing.ppkId!)} used in IKE_AUTH as initiator`);
    forgetWithoutPpk(mixing);
    return undefined;
  }
  if (sa.policy.ppk === 'insist') return 'peer does not use our PPK, and ppk=insist';
  undo(sa, mixing);
  turn.say('peer does not use our PPK; going on without one', { level: 'warn' });
  return undefined;
}

// --- responder ---------------------------------------------------------------------------------------------------

/**
 * Before the peer's proof is looked at: takes up the keys that it is made with. Gives the payloads as they are to be
 * read: in place of AUTH, what the peer has made for the case that we have not its PPK. RFC 8784 §3, table 1.
 */
export function hearPpk(
  turn: Turn,
  policy: Policy,
  payloads: readonly Payload[],
): { readonly wrong: string } | { readonly payloads: readonly Payload[]; readonly wrong?: never } {
  const { sa, env } = turn;
  const { mixing, talk } = sa.handshake ?? {};
  // Its first proof has settled it for those that follow, RFC 4739: not every peer names its PPK again.
  if (talk && talk.theirs > 0) return { payloads };
  if (mixing?.ppk !== 'auth') {
    if (policy.ppk !== 'insist') return { payloads };
    const used = mixing?.ppkId;
    if (!used) return { wrong: 'peer uses no PPK, and ppk=insist' };
    // In IKE_INTERMEDIATE nobody knew yet which connection this is: one of another connection's will not do for it.
    const isOurs = env.directory.ppk(policy, used) !== undefined;
    return isOurs ? { payloads } : { wrong: `peer uses PPK ${ppkText(used)}, which is not for "${policy.name}"` };
  }
  // Another connection was tried before.
  if (mixing.withoutPpk) undo(sa, mixing);
  const [identity] = notifies(payloads, NOTIFY.PPK_IDENTITY);
  if (!identity) return { wrong: 'RFC 8784 §3: peer has agreed to use a PPK and names none' };
  const id = parsePpkId(identity.data);
  const ppk = id && policy.ppk !== 'no' ? env.directory.ppk(policy, id) : undefined;
  if (ppk) {
    mixIn(sa, mixing, ppk);
    return { payloads };
  }
  const named = id ? `PPK ${ppkText(id)}` : 'a PPK of an unknown type';
  const [without] = notifies(payloads, NOTIFY.NO_PPK_AUTH);
  if (policy.ppk === 'insist') return { wrong: `peer uses ${named}, which "${policy.name}" has not, and ppk=insist` };
  if (!without) return { wrong: `peer insists on ${named}, which "${policy.name}" has not` };
  turn.say(`peer uses ${named}, which "${policy.name}" has not; going on without one`, { level: 'warn' });
  return { payloads: payloads.map((p) => (p.type === 'AUTH' ? { ...p, data: without.data } : p)) };
}

/** What our answer to the peer's proof says of its PPK, once. */
export function ppkAnswer(turn: Turn): readonly Payload[] {
  const mixing = turn.sa.handshake?.mixing;
  if (mixing?.ppk !== 'auth' || !mixing.withoutPpk) return [];
  turn.say(`PPK ${ppkText(mixing.ppkId!)} used in IKE_AUTH as responder`);
  forgetWithoutPpk(mixing);
  return [notification(NOTIFY.PPK_IDENTITY)];
}

function mixIn(sa: IkeSa, mixing: Mixing, { id, secret }: Ppk): void {
  mixing.withoutPpk = sa.keys;
  sa.keys = mixedWithPpk(sa.suite!, sa.keys!, secret);
  mixing.ppkId = id;
}

function undo(sa: IkeSa, mixing: Mixing): void {
  sa.keys?.wipe();
  sa.keys = mixing.withoutPpk;
  mixing.withoutPpk = undefined;
  mixing.ppkId = undefined;
}
