/** IKE_SA_INIT, RFC 7296 §1.2, §2.6, §2.7, §2.23: algorithms, keys, and where each end is. */
import { Endpoint } from '../../net/endpoint.ts';
import { type Group, groupById } from '../crypto/algorithms.ts';
import { IkeKeys, type IkeSuite } from '../crypto/keys.ts';
import { joined, wipe } from '../crypto/misc.ts';
import type { Redirects } from '../effects.ts';
import { explainProposals } from '../explain/proposals.ts';
import { explainIkeRefusal } from '../explain/refusals.ts';
import { clip, PEER_ASKS } from '../explain/words.ts';
import type { Fault } from '../fault.ts';
import type { Policy } from '../policy.ts';
import { where } from '../where.ts';
import { EXCHANGE, find, isZero, NOTIFY, type Payload } from '../wire/index.ts';
import { announce, noteAnnounced } from './auth-announce.ts';
import { end } from './ending.ts';
import { detail, groupOctets, handshakeOf, NONCE_OCTETS, suggestedGroup, suiteText } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { startNext } from './intermediate.ts';
import { agreeOn, wantsIntermediate } from './mixing.ts';
import { detectNat, natDetection } from './nat.ts';
import { ppksOf, usePpk } from './ppk.ts';
import { chooseIke, isFault, offerIke } from './proposals.ts';
import { MAY_BE_SENT, readRedirect, redirectableBy, redirectOffer } from './redirect.ts';
import { whereTo } from './redirect-where.ts';
import type { Transition } from './transitions.ts';
import { errorIn, hasNotify, type Incoming, notification, type Turn } from './turn.ts';

/** An answer in IKE_AUTH must follow within this, or the half-open SA goes. */
const HALF_OPEN_LIFE = 60_000;
/** Cookies and other groups demanded in a row before we give up: a peer could go on for ever. */
const MAX_RESTARTS = 5;
export const NAT_PORT = 4500;
/** Connections whose proposals a refusal is explained by. */
const MOST_EXPLAINED = 4;

export const SA_INIT: readonly Transition[] = [
  {
    story: 'answer IKE_SA_INIT',
    exchange: EXCHANGE.IKE_SA_INIT,
    request: ['idle'],
    need: ['SA', 'KE', 'Nonce'],
    run: answerInit,
    to: ['initAnswered', 'intermediateAwaited', 'dead'],
  },
  {
    story: 'peer wants a cookie, ask again',
    exchange: EXCHANGE.IKE_SA_INIT,
    response: 'init',
    need: ['N'],
    notify: NOTIFY.COOKIE,
    run: retryWithCookie,
    to: ['initSent', 'dead'],
  },
  {
    story: 'peer sends us to another gateway',
    exchange: EXCHANGE.IKE_SA_INIT,
    response: 'init',
    need: ['N'],
    notify: NOTIFY.REDIRECT,
    run: goElsewhere,
    to: ['initSent', 'dead'],
  },
  {
    story: 'peer wants another group, ask again',
    exchange: EXCHANGE.IKE_SA_INIT,
    response: 'init',
    need: ['N'],
    notify: NOTIFY.INVALID_KE_PAYLOAD,
    run: retryWithGroup,
    to: ['initSent', 'dead'],
  },
  {
    story: 'algorithms agreed, start what comes before IKE_AUTH, or that',
    exchange: EXCHANGE.IKE_SA_INIT,
    response: 'init',
    need: ['SA', 'KE', 'Nonce'],
    run: processInit,
    to: ['authSent', 'intermediateSent', 'initSent', 'dead'],
  },
  {
    story: 'peer refuses IKE_SA_INIT',
    exchange: EXCHANGE.IKE_SA_INIT,
    response: 'init',
    need: ['N'],
    run: initRefused,
    to: ['initSent', 'dead'],
  },
];

export function startInit(turn: Turn, redirects?: Redirects): void {
  const { sa } = turn;
  const group = sa.policy.ike[0]?.dh[0];
  if (!group) throw new Error(`"${sa.policy.name}" has no IKE proposal`);
  if (sa.policy.ppk === 'insist' && ppksOf(turn.env, sa.policy).length === 0)
    return void end(turn, 'local', 'ppk=insist, and there is no PPK for this connection in ipsec.secrets');
  turn.say(`initiating IKEv2 connection to ${sa.peer.address} using UDP`, { event: 'initiated' });
  turn.enter('initSent');
  if (sa.policy.acceptRedirect) sa.redirectable = redirects ? { who: 'us', past: redirects } : MAY_BE_SENT;
  makeKey(turn, group, { ni: turn.env.random(NONCE_OCTETS), cookie: undefined, restarts: 0 });
}

interface Kept {
  readonly ni: Uint8Array;
  readonly cookie: Uint8Array | undefined;
  readonly restarts: number;
}

function makeKey(turn: Turn, group: Group, kept: Kept): void {
  turn.submit({ op: 'ke.make', group: group.id }, (later, result) => {
    if (!result.ok || result.op !== 'ke.make')
      return void end(later, 'local', `cannot make a key for ${group.name}: ${detail(result)}`);
    const empty = new Uint8Array();
    const { public: ours, private: secret } = result;
    later.sa.handshake = { ...kept, nr: empty, group, private: secret, public: ours, request: empty, response: empty };
    sendInit(later);
  });
}

function sendInit(turn: Turn): void {
  const { sa } = turn;
  const { ni, group, public: data, cookie } = handshakeOf(sa);
  turn.request(
    EXCHANGE.IKE_SA_INIT,
    [
      ...(cookie ? [notification(NOTIFY.COOKIE, cookie)] : []),
      { type: 'SA', critical: false, proposals: offerIke(sa.policy.ike, new Uint8Array()) },
      { type: 'KE', critical: false, group: group.id, data },
      { type: 'Nonce', critical: false, data: ni },
      ...extensions(sa),
      ...redirectOffer(sa),
      ...announce(turn, [sa.policy]),
      ...mixingOffer(turn),
    ],
    { kind: 'init' },
  );
  turn.say(`sent IKE_SA_INIT request to ${where(sa.peer)}`);
}

/** What we could mix in besides the first key exchange. */
const mixingOffer = ({ sa, env }: Turn): readonly Payload[] => [
  ...(wantsIntermediate(sa.policy) ? [notification(NOTIFY.INTERMEDIATE_EXCHANGE_SUPPORTED)] : []),
  ...usePpk(env, sa.policy),
];

function retryWithCookie(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const handshake = handshakeOf(sa);
  const cookie = message.payloads.flatMap((p) => (p.type === 'N' && p.notify === NOTIFY.COOKIE ? [p.data] : []))[0];
  // RFC 7296 §2.6: 1 to 64 octets. Unauthenticated as it is, a bad one changes nothing.
  if (cookie.length < 1 || cookie.length > 64) return;
  // The wire may have doubled the demand that we have met already.
  if (handshake.cookie && Buffer.compare(handshake.cookie, cookie) === 0) return;
  if (++handshake.restarts > MAX_RESTARTS) return tooOften(turn, 'peer asks for one cookie after the other');
  handshake.cookie = Uint8Array.from(cookie);
  sendInit(turn);
}

function tooOften(turn: Turn, text: string): void {
  turn.env.limited?.('restarts');
  end(turn, 'refused', text);
}

/** RFC 5685 §3. Who knows our nonce is on the way to the gateway; whoever is at the other end has to prove itself all the same. */
function goElsewhere(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const handshake = handshakeOf(sa);
  const data = message.payloads.flatMap((p) => (p.type === 'N' && p.notify === NOTIFY.REDIRECT ? [p.data] : []))[0];
  const read = readRedirect(data, handshake.ni);
  const wrong = 'wrong' in read ? read.wrong : sa.redirectable ? undefined : 'accept-redirect=no';
  if (wrong !== undefined || 'wrong' in read)
    return void turn.say(`REDIRECT from ${where(sa.peer)} ignored: ${wrong}`, { level: 'warn' });
  turn.settle();
  whereTo(turn, read.gateway, (later, there) => {
    if ('wrong' in there) return void end(later, 'refused', there.wrong);
    wipe(handshake.private);
    sa.redirectable = { who: 'us', past: there.redirects };
    sa.peer = new Endpoint(there.to, sa.peer.port);
    makeKey(later, handshake.group, { ni: later.env.random(NONCE_OCTETS), cookie: undefined, restarts: 0 });
  });
}

function retryWithGroup(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const handshake = handshakeOf(sa);
  const group = suggestedGroup(message.payloads);
  const isOurs = group && group !== handshake.group && sa.policy.ike.some((p) => p.dh.includes(group));
  if (!isOurs)
    return void turn.say(`ignoring INVALID_KE_PAYLOAD for ${group?.name ?? 'an unknown group'}: not in our proposals`);
  if (++handshake.restarts > MAX_RESTARTS) return tooOften(turn, 'peer asks for one group after the other');
  turn.say(`peer wants ${group.name} instead of ${handshake.group.name}`);
  turn.settle();
  wipe(handshake.private);
  makeKey(turn, group, handshake);
}

function processInit(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const handshake = handshakeOf(sa);
  const proposals = find(message.payloads, 'SA')!.proposals;
  const ke = find(message.payloads, 'KE')!;
  const nonce = find(message.payloads, 'Nonce')!.data;
  const chosen = chooseIke(sa.policy.ike, proposals);
  const isOne =
    proposals.length === 1 && !isFault(chosen) && chosen.answer.transforms.length === proposals[0].transforms.length;
  if (
    isFault(chosen) ||
    !isOne ||
    isZero(message.header.spiR) ||
    ke.group !== handshake.group.id ||
    chosen.suite.group !== handshake.group ||
    !isNonce(nonce)
  ) {
    // Anybody on the path could have sent this: the real answer may still come (RFC 7296 §2.21.1).
    return void turn.say('IKE_SA_INIT response does not fit our request; ignored', { level: 'warn' });
  }
  const { suite } = chosen;
  const mixing = agreeOn(suite, message.payloads, mixingOffer(turn));
  const lacking =
    suite.additional && !mixing?.isAgreed
      ? 'additional key exchanges without IKE_INTERMEDIATE'
      : sa.policy.ppk === 'insist' && (mixing?.ppk ?? 'none') === 'none'
        ? 'no PPK, and ppk=insist'
        : undefined;
  // RFC 8784 §6: this too could be anybody's.
  if (lacking) return void turn.say(`IKE_SA_INIT response has ${lacking}; ignored`, { level: 'warn' });
  turn.settle();
  handshake.mixing = mixing;
  sa.spiR = Uint8Array.from(message.header.spiR);
  handshake.nr = Uint8Array.from(nonce);
  handshake.response = Uint8Array.from(message.bytes);
  turn.submit(keysJob(sa, suite, Uint8Array.from(ke.data), handshake.private), (later, result) => {
    wipe(handshake.private);
    if (!result.ok || result.op !== 'ike.keys')
      return void end(later, 'refused', `key exchange failed: ${detail(result)}`);
    adoptKeys(later.sa, suite, result.keys, message);
    later.say(
      `processed IKE_SA_INIT response from ${where(sa.peer)} ${suiteText(suite)}, initiating ${mixing?.isAgreed ? 'IKE_INTERMEDIATE' : 'IKE_AUTH'}`,
    );
    float(later);
    startNext(later);
  });
}

function initRefused(turn: Turn, message: Incoming): void {
  const error = errorIn(message.payloads);
  if (!error) return;
  turn.why(explainIkeRefusal(error.notify, turn.sa.policy, turn.sa.local.address));
  end(turn, 'refused', `IKE_SA_INIT response from ${where(turn.sa.peer)}: peer refused with ${error.name}`);
}

function answerInit(turn: Turn, message: Incoming): void {
  const { sa, env } = turn;
  const proposals = find(message.payloads, 'SA')!.proposals;
  const ke = find(message.payloads, 'KE')!;
  const nonce = find(message.payloads, 'Nonce')!.data;
  const refuse = (text: string, notify: number, data?: Uint8Array) => {
    sa.handshake = undefined;
    turn.respond(message, [notification(notify, data)]);
    end(turn, 'refused', text);
  };
  if (!isNonce(nonce)) return void end(turn, 'refused', `nonce of ${nonce.length} octets`);
  const candidates = env.directory.candidates(sa.local.address, sa.peer.address);
  const canMix = hasNotify(message.payloads, NOTIFY.INTERMEDIATE_EXCHANGE_SUPPORTED);
  const found = firstThatFits(candidates, (p) => {
    const chosen = chooseIke(p.ike, proposals, ke.group);
    return !canMix && !isFault(chosen) && chosen.suite.additional ? WITHOUT_INTERMEDIATE : chosen;
  });
  if (!found) return refuse(`no connection for a peer at ${sa.peer.address}`, NOTIFY.NO_PROPOSAL_CHOSEN);
  if (isFault(found.fit)) {
    turn.whyStranger(() => {
      const ours = candidates.slice(0, MOST_EXPLAINED).flatMap((p) => offerIke(p.ike, new Uint8Array()));
      return explainProposals('ike=', proposals, ours, PEER_ASKS);
    });
    const text = 'offered' in found.fit ? `${clip(found.fit.offered, 1_000)}; we accept ${found.fit.wanted}` : '';
    return refuse(`no proposal in common: ${text}`, NOTIFY.NO_PROPOSAL_CHOSEN);
  }
  const { suite, answer } = found.fit;
  if (suite.group.id !== ke.group) {
    const name = groupById(ke.group)?.name ?? ke.group;
    return refuse(
      `peer sent a key for ${name}, we want ${suite.group.name}`,
      NOTIFY.INVALID_KE_PAYLOAD,
      groupOctets(suite.group),
    );
  }

  sa.policy = found.policy;
  const empty = new Uint8Array();
  sa.handshake = {
    // Views: the datagram is ours, and stays as long as the handshake.
    ni: nonce,
    nr: env.random(NONCE_OCTETS),
    group: suite.group,
    private: empty,
    public: empty,
    cookie: undefined,
    request: message.bytes,
    response: empty,
    restarts: 0,
  };
  sa.redirectable = redirectableBy(message.payloads);
  const mixed = mixingAnswer(turn, suite, message, candidates);
  turn.submit(keysJob(sa, suite, ke.data), (later, result) => {
    if (!result.ok || result.op !== 'ike.keys' || !result.public) {
      return void end(later, 'refused', `key exchange failed: ${detail(result)}`);
    }
    adoptKeys(sa, suite, result.keys, message);
    handshakeOf(sa).mixing = agreeOn(suite, message.payloads, mixed);
    later.enter(suite.additional ? 'intermediateAwaited' : 'initAnswered');
    later.respond(message, [
      { type: 'SA', critical: false, proposals: [{ ...answer, spi: empty }] },
      { type: 'KE', critical: false, group: suite.group.id, data: result.public },
      { type: 'Nonce', critical: false, data: handshakeOf(sa).nr },
      ...extensions(sa),
      ...announce(later, candidates),
      ...mixed,
    ]);
    later.arm('discard', HALF_OPEN_LIFE);
    later.say(`sent IKE_SA_INIT response to ${where(sa.peer)} ${suiteText(suite)}`);
  });
}

/** What the peer has offered to mix in and we, or a connection that may turn out to be meant, agree to. */
function mixingAnswer(
  { env }: Turn,
  suite: IkeSuite,
  { payloads }: Incoming,
  candidates: readonly Policy[],
): readonly Payload[] {
  const asks = (notify: number) => hasNotify(payloads, notify);
  const isAgreed =
    asks(NOTIFY.INTERMEDIATE_EXCHANGE_SUPPORTED) &&
    (suite.additional !== undefined || candidates.some(wantsIntermediate));
  const intermediate = isAgreed ? [notification(NOTIFY.INTERMEDIATE_EXCHANGE_SUPPORTED)] : [];
  if (!asks(NOTIFY.USE_PPK) && !asks(NOTIFY.USE_PPK_INT)) return intermediate;
  const policy = candidates.find((p) => p.ppk !== 'no');
  if (!policy || ppksOf(env, policy).length === 0) return intermediate;
  if (isAgreed && policy.intermediate && asks(NOTIFY.USE_PPK_INT))
    return [...intermediate, notification(NOTIFY.USE_PPK_INT)];
  return asks(NOTIFY.USE_PPK) ? [...intermediate, notification(NOTIFY.USE_PPK)] : intermediate;
}

/** RFC 9370 §2.2.1: who offers additional key exchanges must offer the way to do them too. */
const WITHOUT_INTERMEDIATE: Fault = {
  kind: 'incompatible',
  what: 'proposal',
  offered: 'additional key exchanges without IKE_INTERMEDIATE',
  wanted: 'both or none',
};

/** The first candidate whose proposals fit; otherwise the first one's reason; undefined without candidates. */
function firstThatFits<F extends object>(policies: readonly Policy[], attempt: (policy: Policy) => F) {
  let first: { readonly policy: Policy; readonly fit: F } | undefined;
  const seen = new Set<Policy['ike']>();
  for (const policy of policies) {
    // Thousands of conns for the same address share a few lists of proposals, and a stranger pays for none.
    if (seen.has(policy.ike)) continue;
    seen.add(policy.ike);
    const tried = { policy, fit: attempt(policy) };
    if (!isFault(tried.fit)) return tried;
    first ??= tried;
  }
  return first;
}

function keysJob(sa: IkeSa, suite: IkeSuite, theirs: Uint8Array, mine?: Uint8Array) {
  const { ni, nr } = handshakeOf(sa);
  return {
    op: 'ike.keys',
    group: suite.group.id,
    theirs,
    ni,
    nr,
    spis: joined(sa.spiI, sa.spiR),
    prf: suite.prf.id,
    encr: suite.encr.id,
    encrBits: suite.encrBits,
    integ: suite.integ?.id ?? 0,
    ...(mine ? { mine } : {}),
  } as const;
}

/** Keys, fragmentation and NAT: all that the peer's IKE_SA_INIT decides for the SA's whole life. */
function adoptKeys(sa: IkeSa, suite: IkeSuite, keys: Uint8Array, message: Incoming): void {
  sa.suite = suite;
  sa.keys = new IkeKeys(keys, suite);
  noteAnnounced(sa, handshakeOf(sa), message.payloads);
  sa.fragments = sa.policy.fragmentation && hasNotify(message.payloads, NOTIFY.IKEV2_FRAGMENTATION_SUPPORTED);
  const nat = detectNat(message.header, message.payloads, message.local, message.peer);
  const isWanted = sa.policy.encapsulation !== 'no' && nat.isSupported;
  sa.weAreNatted = isWanted && nat.weAreNatted;
  sa.peerIsNatted = isWanted && (nat.peerIsNatted || sa.policy.encapsulation === 'yes');
}

/** The initiator moves to port 4500 as soon as it knows of a NAT. RFC 7296 §2.23. */
function float(turn: Turn): void {
  const { sa } = turn;
  if (!sa.weAreNatted && !sa.peerIsNatted) return;
  const ends = [sa.weAreNatted ? 'us' : '', sa.peerIsNatted ? 'the peer' : ''].filter(Boolean).join(' and ');
  turn.say(`NAT between: ${ends} behind it; using port ${NAT_PORT}`);
  sa.local = new Endpoint(sa.local.address, NAT_PORT);
  if (sa.peer.port === 500) sa.peer = new Endpoint(sa.peer.address, NAT_PORT);
}

function extensions(sa: IkeSa): Payload[] {
  return [
    ...(sa.policy.fragmentation ? [notification(NOTIFY.IKEV2_FRAGMENTATION_SUPPORTED)] : []),
    ...(sa.policy.encapsulation === 'no' ? [] : natDetection(sa, sa.local, sa.peer, sa.policy.encapsulation === 'yes')),
  ];
}

const isNonce = (nonce: Uint8Array) => nonce.length >= 16 && nonce.length <= 256;
