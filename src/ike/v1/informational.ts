/** Informational exchanges, RFC 2408 §4.8, RFC 2409 §5.7, RFC 3706: protected ones only; none is answered but by another. */

import type { Child } from '../child.ts';
import { joined } from '../crypto/misc.ts';
import type { DownReason } from '../effects.ts';
import { dropChild, end, giveUpChild } from './ending.ts';
import { lapse } from './lapsing.ts';
import { shortenChild, shortenSa } from './lasting.ts';
import { readLife } from './lifetimes.ts';
import { aboutUs } from './phase-one.ts';
import { spiOctets } from './quick-child.ts';
import { protocolNumber } from './quick-offers.ts';
import type { Transition } from './transitions.ts';
import { follow } from './trust.ts';
import { type Incoming, notification, type Turn } from './turn.ts';
import {
  DOI,
  decodeAttributes,
  EXCHANGE,
  IPSEC,
  NOTIFY,
  NOTIFY_NAMES,
  nameOf,
  OAKLEY,
  type Payload,
  type PayloadNamed,
  PROTOCOL,
} from './wire/index.ts';

export const INFORMATIONAL: readonly Transition[] = [
  {
    story: 'peer deletes or notifies',
    exchange: EXCHANGE.INFORMATIONAL,
    encrypted: 'always',
    from: 'established',
    need: ['HASH'],
    run: hear,
    to: ['lapsed', 'dead'],
  },
];

function hear(turn: Turn, message: Incoming): void {
  let left = MOST_DELETED;
  for (const p of message.payloads) {
    if (turn.sa.state !== 'established') return;
    if (p.type === 'N') notified(turn, message, p);
    else if (p.type === 'D') {
      deleted(turn, message, { ...p, spis: p.spis.slice(0, left) });
      left = Math.max(0, left - p.spis.length);
    }
  }
}

/** SPIs in one message that are looked for: several times what any peer has with us. */
const MOST_DELETED = 1_024;

/** What has not come before: a replay tells neither that the peer lives, nor where. */
function takeNews(turn: Turn, message: Incoming): void {
  turn.sa.lastHeard = turn.env.now;
  follow(turn, message);
}

function notified(turn: Turn, message: Incoming, p: PayloadNamed<'N'>): void {
  const { sa } = turn;
  if (p.notify === NOTIFY.R_U_THERE) return answerAlive(turn, message, p);
  if (p.notify === NOTIFY.R_U_THERE_ACK) return hearAlive(turn, message, p);
  // There have been so many that this one may be one of them: it is told, and does nothing.
  const isSure = sa.usedIds.includes(message.header.messageId);
  if (isSure) takeNews(turn, message);
  if (isSure && p.notify === NOTIFY.RESPONDER_LIFETIME) return shorten(turn, p);
  if (isSure && p.notify === NOTIFY.INITIAL_CONTACT) return hearContact(turn);
  if (isSure && p.notify < FIRST_STATUS && refused(turn, p)) return;
  turn.say(
    `peer says ${nameOf(NOTIFY_NAMES, p.notify)}`,
    p.notify < FIRST_STATUS ? { level: 'warn', event: 'rejected' } : {},
  );
}

/** It counts when it is settled who the peer is. */
function hearContact(turn: Turn): void {
  const { sa } = turn;
  if (sa.config) sa.config.initialContact = true;
  else if (sa.isDoubtful) turn.debug(() => 'INITIAL_CONTACT of nobody in particular; ignored');
  else turn.outs.push({ t: 'authenticated', initialContact: true, isNameless: false });
}

/** Of what we have asked for; only less is heard. RFC 2407 §4.6.3.1. */
function shorten(turn: Turn, { protocol, spi, data }: PayloadNamed<'N'>): void {
  const attributes = decodeAttributes(data);
  const isOfSa = protocol === PROTOCOL.ISAKMP;
  const read = attributes && readLife(attributes, isOfSa ? OAKLEY : IPSEC);
  if (!read || typeof read === 'string' || read.life.seconds === undefined)
    return turn.debug(() => `RESPONDER_LIFETIME that makes no sense: ${typeof read === 'string' ? read : 'no time'}`);
  const ms = read.life.seconds * 1000;
  if (isOfSa) return isOurSpi(turn, spi) ? shortenSa(turn, ms) : undefined;
  const child = childOf(turn, protocol, spi);
  if (child) shortenChild(turn, child, ms);
}

/** The peer, authentic, does not want a child of ours: that by its SPI, or the only one that we have asked for. */
function refused(turn: Turn, { notify, spi }: PayloadNamed<'N'>): boolean {
  const asked = turn.sa.conversations.filter(({ state }) => state === 'quickI1');
  const named = asked.find(({ quick }) => quick && isSpi(spi, quick.spis.main));
  const talk = named ?? (asked.length === 1 ? asked[0] : undefined);
  if (!talk || !REFUSALS.has(notify)) return false;
  const text = `peer refuses Quick Mode: ${nameOf(NOTIFY_NAMES, notify)}`;
  turn.say(text, { level: 'warn', event: 'rejected', ...(talk.serial !== undefined && { serial: talk.serial }) });
  giveUpChild(turn, talk, 'refused', text);
  return true;
}

/** RFC 2408 §3.14.1: below it is an error. */
const FIRST_STATUS = 16_384;

/**
 * A replay has an old number (RFC 3706 §6.2). One of ours that somebody turned back has a good HASH(1) too, both ends
 * having the same key; heeded, it would make us deaf to the peer's lower ones.
 */
function answerAlive(turn: Turn, message: Incoming, { spi, data }: PayloadNamed<'N'>): void {
  const { sa, env } = turn;
  const sequence = sequenceIn(data);
  const isOwn = sequence !== undefined && sa.dpdSequence > 0 && sequence >= sa.dpdFirst && sequence <= sa.dpdSequence;
  if (sequence === undefined || isOwn || !isOurSpi(turn, spi) || sequence <= sa.peerSequence)
    return turn.debug(() => 'R_U_THERE with an old number or other cookies; ignored');
  sa.peerSequence = sequence;
  takeNews(turn, message);
  if (env.now - sa.answeredAt < ALIVE_GAP) return turn.debug(() => 'R_U_THERE too soon after the last; not answered');
  sa.answeredAt = env.now;
  turn.inform([notification(NOTIFY.R_U_THERE_ACK, data, aboutUs(sa))]);
}

/** ms: nobody needs to know more often, and each answer costs us a hash and a cipher. */
const ALIVE_GAP = 100;

function hearAlive(turn: Turn, message: Incoming, { spi, data }: PayloadNamed<'N'>): void {
  const { sa } = turn;
  if (sa.dpdSince === 0 || sequenceIn(data) !== sa.dpdSequence || !isOurSpi(turn, spi))
    return turn.debug(() => 'R_U_THERE_ACK with another number or other cookies; ignored');
  sa.dpdSince = 0;
  takeNews(turn, message);
}

/** RFC 3706: while nobody speaks, and until `dpdtimeout` has gone by without an answer. */
export function askAlive(turn: Turn): void {
  const { sa, env } = turn;
  const { dpdDelay, v1 } = sa.policy;
  if (sa.state !== 'established' || dpdDelay <= 0) return;
  const idle = Math.min(
    env.now - sa.lastHeard,
    ...sa.children.map((c) => env.idle(c, sa.local.address) ?? Number.POSITIVE_INFINITY),
  );
  if (idle < dpdDelay) {
    sa.dpdSince = 0;
    return turn.arm('liveness', dpdDelay - idle);
  }
  if (sa.dpdSince > 0 && env.now - sa.dpdSince >= v1.dpdTimeout) {
    const text = `DPD: peer has not answered for ${Math.round((env.now - sa.dpdSince) / 1000)} seconds`;
    turn.say(text, { level: 'warn', event: 'failed' });
    return end(turn, 'timeout', text);
  }
  if (sa.dpdSince === 0) {
    sa.dpdSince = env.now;
    const [a, b, c, d] = env.random(4);
    // RFC 3706 §6.2: the first number is drawn, with its highest bit clear.
    if (sa.dpdSequence === 0) {
      sa.dpdSequence = ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d;
      sa.dpdFirst = sa.dpdSequence + 1;
    }
  }
  sa.dpdSequence++;
  turn.inform([notification(NOTIFY.R_U_THERE, numberOctets(sa.dpdSequence), aboutUs(sa))]);
  turn.arm('liveness', dpdDelay);
}

function deleted(turn: Turn, message: Incoming, { protocol, spis }: PayloadNamed<'D'>): void {
  for (const spi of spis) {
    if (protocol === PROTOCOL.ISAKMP) {
      // Of another ISAKMP SA of ours with the same peer: it has its own actor, and its own Delete.
      if (!isOurSpi(turn, spi)) turn.debug(() => 'Delete of another ISAKMP SA; ignored');
      else return lapse(turn, turn.sa.heir !== 0 ? 'replaced' : 'peer', 'peer deleted the ISAKMP SA');
    } else {
      if (forget(turn, protocol, spi)) takeNews(turn, message);
      // The peer may have it of another ISAKMP SA with us.
      else turn.outs.push({ t: 'deletedElsewhere', protocol, spi });
    }
  }
}

/** An IPsec SA that the peer has deleted; whether it is here. */
export function forget(turn: Turn, protocol: number, spi: Uint8Array): boolean {
  const child = childOf(turn, protocol, spi);
  if (child) dropChild(turn, child, child.state === 'replaced' ? 'replaced' : 'peer', 'peer deleted the IPsec SA');
  return child !== undefined;
}

/** A deletion is said once and not answered. RFC 2408 §5.15. */
export function deleteChild(turn: Turn, child: Child, why: DownReason, text: string): void {
  tellDeleted(turn, child);
  dropChild(turn, child, why, text);
}

/** A payload for each protocol. That of IPComp goes apart: who does not know its number throws the whole message away. */
export function tellDeleted(turn: Turn, { suite, spiIn, ah, ipcomp }: Child): void {
  if (turn.sa.state !== 'established') return;
  const main = deletion(protocolNumber(suite), [spiOctets(spiIn)]);
  turn.inform(ah ? [main, deletion(PROTOCOL.AH, [spiOctets(ah.spiIn)])] : [main]);
  if (ipcomp) turn.inform([deletion(PROTOCOL.IPCOMP, [cpiOctets(ipcomp.cpiIn)])]);
}

const cpiOctets = (cpi: number): Uint8Array => Uint8Array.of(cpi >> 8, cpi & 255);

/** Whether a child, or one SA of its bundle, is what the peer calls so. */
function isOf({ suite, spiOut, ah, ipcomp }: Child, protocol: number, spi: number): boolean {
  if (protocolNumber(suite) === protocol && spi === spiOut) return true;
  if (protocol === PROTOCOL.AH) return spi === ah?.spiOut;
  return protocol === PROTOCOL.IPCOMP && spi === ipcomp?.cpiOut;
}

function childOf({ sa }: Turn, protocol: number, octets: Uint8Array): Child | undefined {
  const spi = spiIn(protocol, octets);
  return spi === undefined ? undefined : sa.children.find((c) => isOf(c, protocol, spi));
}

/** Four octets, or of a CPI two; undefined: it is none of ours. */
function spiIn(protocol: number, octets: Uint8Array): number | undefined {
  const { length } = octets;
  if (length !== 4 && (length !== 2 || protocol !== PROTOCOL.IPCOMP)) return undefined;
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function deleteIsakmp(turn: Turn, why: DownReason, text: string): void {
  const { sa } = turn;
  for (const child of sa.children) tellDeleted(turn, child);
  tellIsakmpDeleted(turn);
  end(turn, why, text);
}

/** Its time is over; that of its children need not be. */
export function expireIsakmp(turn: Turn): void {
  tellIsakmpDeleted(turn);
  lapse(turn, turn.sa.heir !== 0 ? 'replaced' : 'expired', 'ISAKMP SA expired');
}

function tellIsakmpDeleted(turn: Turn): void {
  const { state, cookieI, cookieR } = turn.sa;
  if (state === 'established') turn.inform([deletion(PROTOCOL.ISAKMP, [joined(cookieI, cookieR)])]);
}

const deletion = (protocol: number, spis: readonly Uint8Array[]): Payload => ({
  ...{ type: 'D', doi: DOI.IPSEC, protocol, spiSize: spis[0].length, spis },
});

const isOurSpi = ({ sa }: Turn, spi: Uint8Array): boolean => Buffer.compare(spi, joined(sa.cookieI, sa.cookieR)) === 0;

const isSpi = (octets: Uint8Array, spi: number): boolean => Buffer.compare(octets, spiOctets(spi)) === 0;

const sequenceIn = (data: Uint8Array): number | undefined =>
  data.length === 4 ? new DataView(data.buffer, data.byteOffset).getUint32(0) : undefined;

const numberOctets = spiOctets;

const REFUSALS: ReadonlySet<number> = new Set([
  ...[NOTIFY.NO_PROPOSAL_CHOSEN, NOTIFY.BAD_PROPOSAL_SYNTAX, NOTIFY.ATTRIBUTES_NOT_SUPPORTED],
  ...[NOTIFY.INVALID_ID_INFORMATION, NOTIFY.INVALID_KEY_INFORMATION, NOTIFY.INVALID_SPI],
]);
