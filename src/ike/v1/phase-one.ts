/** What Main Mode and Aggressive Mode share: secrets, keys, proofs, and an ISAKMP SA at the end. RFC 2409 §5. */
import { Endpoint } from '../../net/endpoint.ts';
import type { Id } from '../../net/id.ts';
import type { IsakmpKeysJob, JobResult } from '../crypto/job.ts';
import { keep } from '../crypto/keep.ts';
import { joined, wipe } from '../crypto/misc.ts';
import type { Policy } from '../policy.ts';
import { where } from '../where.ts';
import { HEADER_OCTETS } from '../wire/header.ts';
import { IsakmpKeys, type IsakmpSuite } from './crypto/keys.ts';
import { firstIv } from './crypto/protect.ts';
import { forgetHandshake } from './ending.ts';
import { type Conversation, type Handshake, type IsakmpSa, NONE, NOTHING, unsettled } from './isakmp-sa.ts';
import { armEstablished } from './lasting.ts';
import { type Life, lifeAttributes, MOST_ISAKMP_LIFE, noticeIn, shorter } from './lifetimes.ts';
import { detectNat, NAT_PORT, natDetection } from './nat.ts';
import type { Agreement } from './offers.ts';
import { hasToSettle, isV1, type V1Policy } from './policy.ts';
import { follow } from './trust.ts';
import { type Incoming, notification, type Turn } from './turn.ts';
import { hasVendor, UNITY_VERSION, VENDOR, vendorId } from './vendor-ids.ts';
import { EXCHANGE, encodeAttributes, encodeChain, NOTIFY, OAKLEY, type Payload, PROTOCOL } from './wire/index.ts';

/** Octets. */
export const NONCE_OCTETS = 32;
/** Phase 1 must be over within this, or the half-open SA goes. */
export const HALF_OPEN_LIFE = 60_000;

export function newHandshake(turn: Turn): Handshake {
  const nonce = turn.env.random(NONCE_OCTETS);
  const isOurs = turn.sa.role === 'initiator';
  return {
    offered: NONE,
    sai: NOTHING,
    method: 'secret',
    lifetime: 0,
    offeredLife: NO_LIFE,
    ni: isOurs ? nonce : NOTHING,
    nr: isOurs ? NOTHING : nonce,
    group: undefined,
    public: NOTHING,
    private: NOTHING,
    theirPublic: NOTHING,
    theirId: NOTHING,
    natForm: undefined,
    isCertAsked: false,
    hasWarned: false,
    disbelieved: 0,
  };
}

const NO_LIFE: Life = Object.freeze({});

export function handshakeOf(sa: IsakmpSa): Handshake {
  if (!sa.handshake) throw new Error(`#${sa.serial} has no handshake in state ${sa.state}`);
  return sa.handshake;
}

/** What we can, besides NAT traversal. */
export const ourVendorIds = ({ fragmentation, v1, cp }: Policy): Payload[] => [
  ...(fragmentation ? [vendorId(VENDOR.FRAGMENTATION)] : []),
  vendorId(VENDOR.DPD),
  ...(v1?.xauth ? [vendorId(VENDOR.XAUTH)] : []),
  ...(cp ? [vendorId(joined(VENDOR.UNITY, UNITY_VERSION))] : []),
];

/** `needed`, and of `others` those that leave room: whose address it is nobody has shown, so it gets no more than it sent. */
export function within(octets: number, needed: Payload, others: readonly Payload[]): Payload[] {
  let left = octets - HEADER_OCTETS - encodeChain([needed]).length;
  const fitting = others.filter((one) => {
    const size = encodeChain([one]).length;
    const isFitting = size <= left;
    if (isFitting) left -= size;
    return isFitting;
  });
  return [needed, ...fitting];
}

/** What the peer can. */
export function noteVendorIds(sa: IsakmpSa, payloads: readonly Payload[]): void {
  sa.fragments ||= hasVendor(payloads, VENDOR.FRAGMENTATION);
  sa.dpd ||= hasVendor(payloads, VENDOR.DPD);
  sa.isUnity ||= hasVendor(payloads, VENDOR.UNITY);
}

export function agree(sa: IsakmpSa, { suite, method, life }: Agreement): void {
  const handshake = handshakeOf(sa);
  sa.suite = suite;
  handshake.method = method;
  handshake.group = suite.group;
  handshake.offeredLife = life;
  handshake.lifetime = shorter(sa.policy.ikeLifetime, life, MOST_ISAKMP_LIFE);
}

/** g^xy and all keys; a responder's pair is made in the same job. `psk` is used up. */
export function keysJob(
  sa: IsakmpSa,
  suite: IsakmpSuite,
  theirs: Uint8Array,
  psk: Uint8Array | undefined,
): IsakmpKeysJob {
  const { ni, nr, private: mine } = handshakeOf(sa);
  const cookies = joined(sa.cookieI, sa.cookieR);
  const [group, prf, encr, encrBits] = [suite.group.id, suite.prf.id, suite.encr.id, suite.encrBits];
  const job: IsakmpKeysJob = { op: 'isakmp.keys', group, theirs, ni, nr, cookies, prf, encr, encrBits };
  const ours = mine.length > 0 ? { ...job, mine } : job;
  return psk ? { ...ours, psk } : ours;
}

/** What keeps a result of `keysJob` from being one; undefined if the SA has its keys now. */
export function adoptKeys(sa: IsakmpSa, theirs: Uint8Array, result: JobResult): string | undefined {
  const handshake = handshakeOf(sa);
  if (!result.ok) return `key exchange failed: ${result.why}: ${result.detail}`;
  if (result.op !== 'isakmp.keys' || !sa.suite) return 'the wrong job answered';
  wipe(handshake.private);
  handshake.private = NOTHING;
  handshake.theirPublic = theirs;
  if (result.public) handshake.public = result.public;
  sa.keys = new IsakmpKeys(result.keys, sa.suite);
  return undefined;
}

/** From now on phase 1 is encrypted. */
export function encryptFromNow(sa: IsakmpSa, talk: Conversation): void {
  const { public: ours, theirPublic } = handshakeOf(sa);
  if (!sa.suite) throw new Error(`#${sa.serial} has no suite`);
  const [gxi, gxr] = sa.role === 'initiator' ? [ours, theirPublic] : [theirPublic, ours];
  talk.iv = firstIv(sa.suite, gxi, gxr);
  sa.lastBlock = talk.iv;
}

export const keyPayload = (data: Uint8Array): Payload => ({ type: 'KE', data });
export const noncePayload = (data: Uint8Array): Payload => ({ type: 'Nonce', data });

/** RFC 2407 §4.6.2: in phase 1 protocol and port are zero, or UDP and 500. */
export const idPayload = ({ type, data }: Id): Payload => ({ type: 'ID', idType: type, protocol: 0, port: 0, data });

/** Where the two ends are, when both speak of it in one form. */
export function natPayloads(sa: IsakmpSa): Payload[] {
  const { natForm } = handshakeOf(sa);
  if (!natForm || !sa.suite) return [];
  return natDetection(sa.suite.prf, natForm, sa, sa, sa.policy.encapsulation === 'yes');
}

/** What the peer's payloads say of it. */
export function noteNat(turn: Turn, message: Incoming): void {
  const { sa } = turn;
  const { natForm } = handshakeOf(sa);
  if (!natForm || !sa.suite) return;
  const seen = detectNat(sa.suite.prf, natForm, sa, message.payloads, message);
  if (!seen) return;
  sa.weAreNatted = seen.weAreNatted;
  sa.peerIsNatted = seen.peerIsNatted || sa.policy.encapsulation === 'yes';
  if (!sa.weAreNatted && !sa.peerIsNatted) return;
  sa.nat = natForm;
  const ends = [sa.weAreNatted ? 'us' : '', sa.peerIsNatted ? 'the peer' : ''].filter(Boolean).join(' and ');
  turn.say(`NAT between: ${ends} behind it; using port ${NAT_PORT}`);
}

/** The initiator moves to port 4500 as soon as it knows of a NAT. RFC 3947 §4. */
export function float(sa: IsakmpSa): void {
  if (!sa.nat) return;
  sa.local = new Endpoint(sa.local.address, NAT_PORT);
  if (sa.peer.port === 500) sa.peer = new Endpoint(sa.peer.address, NAT_PORT);
}

/** RESPONDER-LIFETIME when ours is shorter than what was offered. RFC 2407 §4.6.3.1. */
export function lifetimeNotice(sa: IsakmpSa): Payload[] {
  const { lifetime, offeredLife } = handshakeOf(sa);
  if (offeredLife.seconds === undefined || offeredLife.seconds * 1000 <= lifetime) return [];
  return [notification(NOTIFY.RESPONDER_LIFETIME, encodeAttributes(lifeAttributes(lifetime, OAKLEY)), aboutUs(sa))];
}

/** What a notification about the ISAKMP SA itself is of. RFC 2407 §4.6.3. */
export const aboutUs = ({ cookieI, cookieR }: IsakmpSa) => ({
  protocol: PROTOCOL.ISAKMP,
  spi: joined(cookieI, cookieR),
});

/** What the responder says of the lifetime: only a shorter one is heard. */
export function noteLifetime(turn: Turn, { payloads }: Incoming): void {
  const handshake = handshakeOf(turn.sa);
  const notice = noticeIn(payloads, OAKLEY);
  if (notice) handshake.lifetime = shorter(handshake.lifetime, notice, MOST_ISAKMP_LIFE);
}

/** The peer is who it says it is. */
export function admit(turn: Turn, message: Incoming, peerId: Id, policy: V1Policy): void {
  const { sa, env } = turn;
  follow(turn, message);
  sa.peerId = peerId;
  // Who has yet to say its password gets an instance when it is believed.
  const isOwn = sa.role === 'responder' && !hasToSettle(policy);
  const own = isOwn ? env.directory.instantiate(policy, peerId, sa.peer) : policy;
  sa.policy = isV1(own) ? own : policy;
}

export const saysInitialContact = ({ payloads }: Incoming): boolean =>
  payloads.some((p) => p.type === 'N' && p.notify === NOTIFY.INITIAL_CONTACT);

/** All is said, from either side. */
export function establish(turn: Turn, initialContact: boolean): void {
  const { sa } = turn;
  const { suite, peerId } = sa;
  if (!suite) throw new Error(`#${sa.serial} has no suite`);
  const { method, lifetime } = handshakeOf(sa);
  const auth = method === 'secret' ? 'PRESHARED_KEY' : 'RSA_SIG';
  turn.enter('established');
  turn.disarm('discard');
  sa.lastHeard = turn.env.now;
  sa.establishedAt = turn.env.now;
  sa.lastBlock = keep(sa.lastBlock);
  sa.wasAggressive = sa.phaseOne?.exchange === EXCHANGE.AGGRESSIVE;
  if (hasToSettle(sa.policy)) sa.config = unsettled(initialContact);
  else turn.outs.push({ t: 'authenticated', initialContact, isNameless: false });
  turn.say(`Peer ID is ${peerId?.typeName}: '${peerId}'`);
  turn.say(`ISAKMP SA established ${agreedText(auth, suite)}`, { event: 'established-ike' });
  armEstablished(turn, lifetime);
  forgetHandshake(turn);
}

/** libreswan's text. */
function agreedText(auth: string, { encr, encrBits, prf, group }: IsakmpSuite): string {
  const cipher = `${encr.name}${encrBits ? `_${encrBits}` : ''}`;
  return `{auth=${auth} cipher=${cipher} integ=${prf.name} group=${group.name}}`;
}

export const sentText = (turn: Turn, what: string): void => turn.say(`sent ${what} to ${where(turn.sa.peer)}`);
