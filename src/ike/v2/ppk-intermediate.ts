/**
 * Pre-shared secrets in IKE_INTERMEDIATE, RFC 9867 §3.1: the initiator names those that it has, each with a proof that
 * it has it; the responder takes one, or none. From then on all keys have it in them.
 */
import { equalSecret } from '../crypto/misc.ts';
import { PPK_CONFIRMATION_OCTETS, ppkConfirmation, renewedByPpk } from '../crypto/ppk.ts';
import type { Policy } from '../policy.ts';
import { NOTIFY, notifies, type Payload } from '../wire/index.ts';
import { handshakeOf } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { changeKeys, changeKeysAgain, mixingOf } from './mixing.ts';
import { type Ppk, parsePpkId, policyWithPpk, ppkIdOctets, ppksOf, ppkText } from './ppk.ts';
import { notification, type Turn } from './turn.ts';

/** Of a peer that has yet to say who it is. */
const MOST_TRIED = 8;

/** As initiator: N(PPK_IDENTITY_KEY) for each PPK that we have. */
export function offerPpks(turn: Turn): readonly Payload[] {
  const { sa, env } = turn;
  if (mixingOf(sa).ppk !== 'intermediate') return [];
  return ppksOf(env, sa.policy).map(({ id, secret }) =>
    notification(
      NOTIFY.PPK_IDENTITY_KEY,
      Buffer.concat([ppkIdOctets(id), ppkConfirmation(sa.suite!.prf, secret, contextOf(sa))]),
    ),
  );
}

/** As initiator: mixes in the one that the peer has taken. Gives what is wrong, if we cannot go on. */
export function acceptPpk(turn: Turn, payloads: readonly Payload[]): string | undefined {
  const { sa, env } = turn;
  const mixing = mixingOf(sa);
  const [taken] = notifies(payloads, NOTIFY.PPK_IDENTITY);
  if (mixing.ppk !== 'intermediate' || mixing.ppkId) return undefined;
  if (!taken) {
    const isOver = mixing.done >= (sa.suite?.additional?.length ?? 0);
    if (!isOver) return undefined;
    if (sa.policy.ppk === 'insist') return 'peer has none of our PPKs, and ppk=insist';
    turn.say('peer has none of our PPKs; going on without one', { level: 'warn' });
    return undefined;
  }
  const id = parsePpkId(taken.data);
  const ppk = ppksOf(env, sa.policy).find((p) => id !== undefined && Buffer.compare(p.id, id) === 0);
  if (!ppk) return 'peer has taken a PPK that we have not offered';
  changeKeysAgain(sa, renewedByPpk(sa.suite!, sa.keys!, ppk.secret, contextOf(sa)));
  mixing.ppkId = ppk.id;
  turn.say(`PPK ${ppkText(ppk.id)} used in IKE_INTERMEDIATE as initiator`);
  return undefined;
}

interface Taken {
  readonly payloads: readonly Payload[];
  /** Once the answer is under way. `isSecond`: a key exchange has changed the keys already. */
  mixIn(isSecond: boolean): void;
}

/** As responder: what to answer to the peer's offers, if it has made any. */
export function answerPpk(turn: Turn, payloads: readonly Payload[]): Taken | 'refused' | undefined {
  const { sa, env } = turn;
  const mixing = mixingOf(sa);
  const offers = notifies(payloads, NOTIFY.PPK_IDENTITY_KEY);
  if (mixing.ppk !== 'intermediate' || mixing.ppkId || offers.length === 0) return undefined;
  const policy = policyWithPpk(turn) ?? sa.policy;
  for (const { data } of offers.slice(0, MOST_TRIED)) {
    const ppk = confirmed(sa, policy, env, data);
    if (!ppk) continue;
    const { id, secret } = ppk;
    const mixIn = (isSecond: boolean) => {
      const change = isSecond ? changeKeysAgain : changeKeys;
      change(sa, renewedByPpk(sa.suite!, sa.keys!, secret, contextOf(sa)));
      mixing.ppkId = id;
      turn.say(`PPK ${ppkText(id)} used in IKE_INTERMEDIATE as responder`);
    };
    return { payloads: [notification(NOTIFY.PPK_IDENTITY, ppkIdOctets(id))], mixIn };
  }
  if (policy.ppk === 'insist') return 'refused';
  turn.say('peer has none of our PPKs; going on without one', { level: 'warn' });
  return undefined;
}

/** The PPK that an offer names, if the peer has the same. */
function confirmed(sa: IkeSa, policy: Policy, env: Turn['env'], offer: Uint8Array): Ppk | undefined {
  const id = parsePpkId(offer.subarray(0, -PPK_CONFIRMATION_OCTETS));
  const ppk = id && env.directory.ppk(policy, id);
  if (!ppk) return undefined;
  const expected = ppkConfirmation(sa.suite!.prf, ppk.secret, contextOf(sa));
  return equalSecret(expected, offer.subarray(-PPK_CONFIRMATION_OCTETS)) ? ppk : undefined;
}

function contextOf(sa: IkeSa) {
  const { ni, nr } = handshakeOf(sa);
  return { ni, nr, spis: new Uint8Array([...sa.spiI, ...sa.spiR]) };
}
