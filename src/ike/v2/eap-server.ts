/** EAP as responder, RFC 7296 §2.16: whoever knows the methods, or a RADIUS server that does, carries it on behind us. */

import { isAmong } from '../../net/eap-users.ts';
import { idOfName } from '../auth/eap/identity.ts';
import { isEap, safeAlone } from '../auth-ways.ts';
import { equalSecret, wipe } from '../crypto/misc.ts';
import { clip } from '../explain/words.ts';
import type { EapWay, Policy } from '../policy.ts';
import type { Reply } from '../questions.ts';
import { named } from '../refusal.ts';
import { AUTH_METHOD, find, NOTIFY, type Payload } from '../wire/index.ts';
import { wildcards } from './auth-choose.ts';
import { otherRole } from './auth-octets.ts';
import { type AuthTalk, ourIdOf } from './auth-talk.ts';
import { eapAuth, eapAuthPayload, eapPayload, heldTo, MAX_EAP_MESSAGES } from './eap-peer.ts';
import { hasNotify, type Turn } from './turn.ts';

export function beginEap(turn: Turn, talk: AuthTalk, isOnly: boolean): void {
  const { ways } = talk.policy.theirs[talk.theirs];
  const eap: readonly EapWay[] = isOnly ? safeAlone(ways) : ways.filter(isEap);
  talk.eap = { session: turn.env.jobId(), isOnly, ways: eap, count: 0, msk: undefined, how: '' };
}

type EapReply = Extract<Reply, { t: 'eap' }>;

type Heard =
  | { readonly ok: true; readonly payloads: readonly Payload[] }
  | { readonly ok: false; readonly wrong: string; readonly payloads: readonly Payload[] };

/** `packet`: the peer's, or none to begin with. What is heard goes to the peer. */
export function askEap(
  turn: Turn,
  talk: AuthTalk,
  packet: Uint8Array | undefined,
  done: (turn: Turn, heard: Heard) => void,
): void {
  const { sa } = turn;
  const eap = talk.eap!;
  const fail = (later: Turn, wrong: string, payloads: readonly Payload[] = []) =>
    done(later, {
      ok: false,
      wrong: `peer ${named(talk.peerId!)} failed authentication by EAP: ${clip(wrong)}`,
      payloads,
    });
  if (++eap.count > MAX_EAP_MESSAGES) {
    turn.env.limited?.('eap-messages');
    return fail(turn, `no end after ${MAX_EAP_MESSAGES} messages`);
  }
  if (eap.count > 1 && !packet) return fail(turn, 'no EAP message');
  const question = {
    t: 'eap',
    session: eap.session,
    ways: eap.ways,
    peerId: talk.peerId!,
    localId: ourIdOf(talk.policy, 0),
    ...heldTo(turn, talk.policy, talk.theirs, talk.peerId),
    peer: sa.peer.address,
    local: sa.local.address,
    conn: talk.policy.name,
    packet: eap.count > 1 ? packet && Uint8Array.from(packet) : undefined,
  } as const;
  turn.ask(question, (later, reply) => {
    if (reply.t !== 'eap') return fail(later, reply.t === 'none' ? reply.why : 'another question was answered');
    const payloads = reply.packet ? [eapPayload(reply.packet)] : [];
    if (reply.outcome === 'failure') return fail(later, reply.why ?? 'the peer is refused', payloads);
    if (payloads.length === 0) return fail(later, 'there is no answer to the peer');
    if (reply.outcome === 'success') {
      const wrong = succeed(later, talk, reply);
      if (wrong !== undefined) return fail(later, wrong);
    }
    done(later, { ok: true, payloads });
  });
}

function succeed(turn: Turn, talk: AuthTalk, reply: EapReply): string | undefined {
  const eap = talk.eap!;
  const method = reply.method ?? 'EAP';
  const msk = reply.msk ?? new Uint8Array();
  if (eap.isOnly && msk.length === 0) return `${method} makes no key, and nothing else proves us`;
  const chosen = connectionOf(talk, reply);
  if (chosen === undefined) return `${whose(reply)} may not log in here (eapid=${eapIdOf(talk.policy, talk)})`;
  eap.msk = msk;
  if (reply.user !== undefined)
    turn.sa.eapUser = {
      name: reply.user,
      isHearsay: reply.isHearsay,
      classes: reply.classes,
      lasts: reply.lasts,
      addresses: reply.addresses,
    };
  const { peerId } = talk;
  const user = reply.user === undefined ? '' : ` as '${clip(reply.user, 200)}'`;
  eap.how = `using ${method}${user} and ${named(peerId!)}`;
  // Its name is what the method has proven; what it calls itself besides is a word.
  const isOther = reply.user === undefined || reply.isHearsay || idOfName(reply.user).key !== peerId!.key;
  if (talk.theirs === 0 && isOther) talk.isNameless = true;
  if (chosen !== talk.policy)
    turn.debug(() => `connection "${chosen.name}" in place of "${talk.policy.name}", as it is for ${whose(reply)}`);
  talk.policy = chosen;
  return undefined;
}

/** That which the RADIUS server names, else one that lets this user in, the one that was taken first; undefined: none does. */
function connectionOf(talk: AuthTalk, { user, isHearsay, classes = [] }: EapReply): Policy | undefined {
  const mayBe = [talk.policy, ...talk.others.filter((other) => mayReplace(talk, other, classes.length > 0))];
  const isFor = (policy: Policy) => {
    const users = eapIdOf(policy, talk);
    return users === undefined || (user !== undefined && !isHearsay && isAmong(users, user));
  };
  return mayBe.find((policy) => classes.includes(policy.name) && isFor(policy)) ?? mayBe.find(isFor);
}

const eapIdOf = ({ theirs }: Policy, talk: AuthTalk): string | undefined => theirs[talk.theirs].eapId;

const whose = ({ user, isHearsay }: EapReply): string => {
  if (user === undefined) return 'a user without a name';
  const name = `'${clip(user, 200)}'`;
  return isHearsay ? `a user whom RADIUS does not name, called ${name} outside of TLS,` : `user ${name}`;
};

/** What has been said so far must hold for it too; who has classes is RADIUS's. */
function mayReplace({ policy, peerId, theirs, eap }: AuthTalk, other: Policy, isOfRadius: boolean): boolean {
  const isSameEnd = ourIdOf(other, 0).equals(ourIdOf(policy, 0)) && other.ours === policy.ours;
  if (!isSameEnd || theirs > 0 || wildcards(other, peerId!.key) === undefined) return false;
  const [mine, { ways, ca, key }] = [policy.theirs[0], other.theirs[0]];
  // The peer's certificate has been held against the one.
  if (ca?.key !== mine.ca?.key || key || mine.key) return false;
  if (isOfRadius) return ways.includes('eap') || ways.includes('eap-radius');
  const allowed = eap!.isOnly ? safeAlone(ways) : ways.filter(isEap);
  return eap!.ways.every((way) => allowed.includes(way));
}

/** The peer's AUTH from the key that the method has made; ours in answer to it. */
export function endEap(
  turn: Turn,
  talk: AuthTalk,
  payloads: readonly Payload[],
): readonly Payload[] | { wrong: string } {
  const { sa } = turn;
  const eap = talk.eap!;
  const auth = find(payloads, 'AUTH');
  const peerId = talk.peerId!;
  const isGood =
    auth?.method === AUTH_METHOD.SHARED_KEY_MIC && equalSecret(eapAuth(sa, otherRole(sa), talk, peerId), auth.data);
  if (!isGood)
    return { wrong: `peer ${named(peerId)} failed authentication: its AUTH does not come from the key that EAP made` };
  const ours = eapAuth(sa, sa.role, talk, ourIdOf(talk.policy, Math.max(0, talk.ours - 1)));
  wipe(eap.msk);
  talk.eap = undefined;
  if (eap.isOnly) talk.ours++;
  talk.theirs++;
  talk.proofs = talk.proofs.concat(eap.how);
  talk.moreFollows = hasNotify(payloads, NOTIFY.ANOTHER_AUTH_FOLLOWS);
  turn.outs.push({ t: 'forgetEap', session: eap.session });
  return [eapAuthPayload(ours)];
}
