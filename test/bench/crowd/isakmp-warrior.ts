/**
 * A road warrior of IKEv1, as `warrior.ts` has those of IKEv2: the initiator's side of one ISAKMP SA with one child, as a
 * script. The responder's HASH is taken on trust in Main and Aggressive Mode and in Quick Mode; nobody is behind a NAT.
 */
import { sharedSecret } from '../../../src/ike/crypto/dh.ts';
import { joined } from '../../../src/ike/crypto/misc.ts';
import { hash1, hash3, proofHash } from '../../../src/ike/v1/crypto/hashes.ts';
import { IsakmpKeys, type IsakmpSuite, isakmpKeys } from '../../../src/ike/v1/crypto/keys.ts';
import { exchangeIv, firstIv, nextIv, open, seal } from '../../../src/ike/v1/crypto/protect.ts';
import { natDetection } from '../../../src/ike/v1/nat.ts';
import { netId } from '../../../src/ike/v1/quick-ids.ts';
import {
  type Chain,
  decodeChain,
  decodeMessage,
  EXCHANGE,
  encodeBody,
  encodeChain,
  encodeMessage,
  encodeWith,
  find,
  firstOf,
  type Header,
  type Message,
  NOTIFY,
  NOTIFY_NAMES,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/v1/wire/index.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { Id } from '../../../src/net/id.ts';
import { Selector } from '../../../src/net/selector.ts';
import type { Common } from './common.ts';
import { idOf } from './identity.ts';
import type { IsakmpOffers } from './isakmp-offers.ts';
import type { Initiator, Stage } from './warrior.ts';

/** Of the exchange under way: its number, and the IV of its next message. */
interface Exchange {
  readonly type: number;
  readonly id: number;
  iv: Uint8Array;
}

export class IsakmpWarrior implements Initiator {
  readonly index: number;
  readonly spiI: Uint8Array;
  stage: Stage = 'idle';
  why: string | undefined = undefined;
  request: Uint8Array | undefined = undefined;
  first: Uint8Array | undefined = undefined;
  sentAt = 0;
  tries = 0;
  begunAt = 0;
  readonly #offers: IsakmpOffers;
  readonly #suite: IsakmpSuite;
  #cookieR: Uint8Array = NO_COOKIE;
  #keys: IsakmpKeys | undefined = undefined;
  #nonce: Uint8Array = NOTHING;
  #exchange: Exchange = { type: 0, id: 0, iv: NOTHING };
  /** The last block of phase 1. */
  #block: Uint8Array = NOTHING;
  /** The child's SPI, and that of the one that it replaces; the peer's of the child. */
  #spi = 0;
  #old = 0;
  /** Quick Mode's third message is repeated when its second one comes again. */
  #last: { readonly id: number; readonly bytes: Uint8Array } | undefined = undefined;

  constructor(index: number, spiI: Uint8Array, { profile }: Common, offers: IsakmpOffers) {
    this.index = index;
    this.spiI = spiI;
    this.#offers = offers;
    this.#suite = { ...profile.ike, integ: undefined };
  }

  get isUp(): boolean {
    return this.stage === 'up';
  }

  /** RFC 2409 §5: Main Mode's first message, or Aggressive Mode's. */
  init(common: Common): Uint8Array {
    const { ike, vendors } = this.#offers;
    const isMain = common.profile.v1 === 'main';
    this.stage = 'init';
    this.#nonce = common.random(32);
    this.#exchange = { type: isMain ? EXCHANGE.MAIN : EXCHANGE.AGGRESSIVE, id: 0, iv: NOTHING };
    const rest: Payload[] = isMain ? [] : [...this.#key(common), idPayload(common, this.index)];
    return this.#ask(encodeMessage(this.#header(this.#exchange, false), [ike, ...rest, ...vendors]));
  }

  rekeyChild(common: Common): Uint8Array {
    this.#old = this.#spi;
    return this.#quick(common);
  }

  /** R_U_THERE, RFC 3706 §5.3. */
  probe(common: Common): Uint8Array {
    this.stage = 'probing';
    const about = { protocol: PROTOCOL.ISAKMP, spi: joined(this.spiI, this.#cookieR) };
    const data = common.random(4);
    data[0] &= 0x7f;
    return this.#ask(this.#inform(common, [{ type: 'N', doi: 1, notify: NOTIFY.R_U_THERE, data, ...about }]));
  }

  /** Deletions are not answered, RFC 2408 §5.15. In one message libreswan 4.10 would not survive the two. */
  close(common: Common): Uint8Array {
    this.first = this.#inform(common, [deletion(PROTOCOL.ESP, spiOctets(this.#spi))]);
    const bytes = this.#inform(common, [deletion(PROTOCOL.ISAKMP, joined(this.spiI, this.#cookieR))]);
    this.#keys?.wipe();
    this.stage = 'gone';
    return bytes;
  }

  receive(common: Common, datagram: Uint8Array): Uint8Array | undefined {
    const decoded = decodeMessage(datagram);
    if (!decoded.ok) return this.#fail(`unreadable: ${decoded.fault.why}`);
    const message = decoded.value;
    const { header, chain, sealed } = message;
    if (header.exchange === EXCHANGE.INFORMATIONAL) return this.#told(common, message);
    if (header.messageId === this.#last?.id) return this.#last.bytes;
    if (header.messageId !== this.#exchange.id || this.request === undefined) return undefined;
    if (this.stage === 'init' && !sealed)
      return common.profile.v1 === 'main' ? this.#sendKey(common, header) : this.#finishAggressive(common, message);
    if (this.stage === 'key' && find(chain.payloads, 'KE')) return this.#prove(common, chain);
    if (!sealed || !this.#keys) return undefined;
    const inside = open(this.#suite, this.#keys, this.#exchange.iv, sealed);
    const read = inside && decodeChain(header.nextPayload, inside);
    if (!read?.ok) return this.#fail('not opened');
    this.#exchange.iv = nextIv(this.#suite, sealed);
    if (this.stage === 'child') return this.#haveChild(common, read.value.payloads);
    if (this.stage !== 'auth' || !find(read.value.payloads, 'HASH')) return undefined;
    this.#block = this.#exchange.iv;
    return this.#quick(common);
  }

  #sendKey(common: Common, { cookieR }: Header): Uint8Array {
    this.#cookieR = cookieR.slice();
    this.stage = 'key';
    return this.#ask(encodeMessage(this.#header(this.#exchange, false), [...this.#key(common), ...this.#nat(common)]));
  }

  #prove(common: Common, { payloads }: Chain): Uint8Array | undefined {
    const theirs = this.#adopt(common, payloads);
    if (!theirs) return undefined;
    this.stage = 'auth';
    return this.#ask(this.#seal(this.#exchange, [idPayload(common, this.index), this.#proof(common, theirs)]));
  }

  /** The third message has no answer; Quick Mode follows it at once. */
  #finishAggressive(common: Common, { header, chain }: Message): Uint8Array | undefined {
    this.#cookieR = header.cookieR.slice();
    const theirs = this.#adopt(common, chain.payloads);
    if (!theirs) return undefined;
    this.first = this.#seal(this.#exchange, [this.#proof(common, theirs), ...this.#nat(common)]);
    this.#block = this.#exchange.iv;
    return this.#quick(common);
  }

  /** The keys; undefined if there is nothing to make them of. */
  #adopt({ profile, pair, secret }: Common, payloads: readonly Payload[]): Uint8Array | undefined {
    const [ke, nonce] = [find(payloads, 'KE'), find(payloads, 'Nonce')];
    if (!ke || !nonce) return this.#fail(`no key: ${complaint(payloads)}`);
    const met = sharedSecret(profile.ike.group, pair.private, ke.data);
    if (!met.ok) return this.#fail(met.detail);
    const nonces = { ni: this.#nonce, nr: nonce.data };
    const inputs = { ...this.#suite, ...nonces, shared: met.shared, cookies: joined(this.spiI, this.#cookieR) };
    this.#keys = new IsakmpKeys(isakmpKeys({ ...inputs, psk: secret }), this.#suite);
    this.#exchange.iv = firstIv(this.#suite, pair.public, ke.data);
    return ke.data;
  }

  /** HASH_I. */
  #proof(common: Common, theirs: Uint8Array): Payload {
    const { pair } = common;
    const data = proofHash({
      ...{ prf: this.#suite.prf, skeyid: this.#own.skeyid },
      ...{ sa: encodeBody(this.#offers.ike), id: encodeBody(idPayload(common, this.index)) },
      own: { public: pair.public, cookie: this.spiI },
      other: { public: theirs, cookie: this.#cookieR },
    });
    return { type: 'HASH', data };
  }

  /** RFC 2409 §5.5, without PFS. */
  #quick(common: Common): Uint8Array {
    this.stage = 'child';
    this.#nonce = common.random(32);
    this.#spi = this.#spi === 0 ? 0x1000_0000 + this.index * 64 : this.#spi + 1;
    this.#exchange = this.#begun(common, EXCHANGE.QUICK);
    const own = Selector.ofAddress(common.addressOf(this.index));
    const rest: Payload[] = [
      this.#offers.child(spiOctets(this.#spi)),
      { type: 'Nonce', data: this.#nonce },
      ...[own, common.subnet].flatMap((net) => netId(net) ?? []),
    ];
    return this.#ask(this.#seal(this.#exchange, this.#hashed(this.#exchange, rest)));
  }

  #haveChild(common: Common, payloads: readonly Payload[]): Uint8Array | undefined {
    const nonce = find(payloads, 'Nonce');
    if (!nonce || !find(payloads, 'SA')) return this.#fail(`Quick Mode: ${complaint(payloads)}`);
    const data = hash3(this.#channel(this.#exchange), this.#nonce, nonce.data);
    const bytes = this.#seal(this.#exchange, [{ type: 'HASH', data }]);
    this.#last = { id: this.#exchange.id, bytes };
    this.#settle('up');
    if (this.#old === 0) return bytes;
    this.first = bytes;
    const old = this.#old;
    this.#old = 0;
    return this.#inform(common, [deletion(PROTOCOL.ESP, spiOctets(old))]);
  }

  /** An answer to R_U_THERE, such a question, a deletion; or, without protection, why we are refused. */
  #told(common: Common, { header, chain, sealed }: Message): Uint8Array | undefined {
    if (!sealed) return this.stage === 'up' ? undefined : this.#fail(`refused: ${complaint(chain.payloads)}`);
    if (!this.#keys) return undefined;
    const inside = open(this.#suite, this.#keys, exchangeIv(this.#suite, this.#block, header.messageId), sealed);
    const read = inside && decodeChain(header.nextPayload, inside);
    if (!read?.ok) return undefined;
    const { payloads } = read.value;
    const [said, deleted] = [find(payloads, 'N'), find(payloads, 'D')];
    if (deleted?.protocol === PROTOCOL.ISAKMP) return this.#settle('gone');
    if (said?.notify === NOTIFY.R_U_THERE_ACK && this.stage === 'probing') return this.#settle('up');
    if (said?.notify === NOTIFY.R_U_THERE) {
      common.counts.asked++;
      return this.#inform(common, [{ ...said, notify: NOTIFY.R_U_THERE_ACK }]);
    }
    return this.stage === 'child' ? this.#fail(`Quick Mode: ${complaint(payloads)}`) : undefined;
  }

  /** An exchange of one message. */
  #inform(common: Common, payloads: readonly Payload[]): Uint8Array {
    const exchange = this.#begun(common, EXCHANGE.INFORMATIONAL);
    return this.#seal(exchange, this.#hashed(exchange, payloads));
  }

  #begun(common: Common, type: number): Exchange {
    const octets = common.random(4);
    const id = (new DataView(octets.buffer, octets.byteOffset).getUint32(0) | 1) >>> 0;
    return { type, id, iv: exchangeIv(this.#suite, this.#block, id) };
  }

  /** Behind HASH(1). */
  #hashed(exchange: Exchange, rest: readonly Payload[]): Payload[] {
    return [{ type: 'HASH', data: hash1(this.#channel(exchange), encodeChain(rest)) }, ...rest];
  }

  #seal(exchange: Exchange, payloads: readonly Payload[]): Uint8Array {
    const sealed = seal(this.#suite, this.#own, exchange.iv, encodeChain(payloads));
    exchange.iv = nextIv(this.#suite, sealed);
    return encodeWith(this.#header(exchange, true), firstOf(payloads), sealed);
  }

  #key({ pair }: Common): Payload[] {
    return [
      { type: 'KE', data: pair.public },
      { type: 'Nonce', data: this.#nonce },
    ];
  }

  #nat(common: Common): Payload[] {
    const ends = {
      local: new Endpoint(common.addressOf(this.index), 500),
      peer: new Endpoint(common.gateway, 500),
    };
    return natDetection(this.#suite.prf, 'rfc', { cookieI: this.spiI, cookieR: this.#cookieR }, ends, false);
  }

  #ask(bytes: Uint8Array): Uint8Array {
    this.request = bytes;
    return bytes;
  }

  #settle(stage: 'up' | 'gone'): undefined {
    this.stage = stage;
    this.request = undefined;
  }

  #fail(why: string): undefined {
    this.why = why;
    this.stage = 'failed';
    this.request = undefined;
  }

  get #own(): IsakmpKeys {
    if (!this.#keys) throw new Error('the warrior has no keys yet');
    return this.#keys;
  }

  #channel({ id: messageId }: Exchange) {
    return { prf: this.#suite.prf, skeyidA: this.#own.skeyidA, messageId };
  }

  #header({ type: exchange, id: messageId }: Exchange, isEncrypted: boolean) {
    return { cookieI: this.spiI, cookieR: this.#cookieR, exchange, messageId, isEncrypted };
  }
}

const NOTHING = new Uint8Array();
const NO_COOKIE = new Uint8Array(8);

/** libreswan takes any name in Main Mode alone. */
function idPayload({ profile, addressOf }: Common, index: number): Payload {
  const { type, data } = profile.v1 === 'main' ? idOf(index) : Id.ofAddress(addressOf(index));
  return { type: 'ID', idType: type, protocol: 0, port: 0, data };
}

const deletion = (protocol: number, spi: Uint8Array): Payload => ({
  ...{ type: 'D', doi: 1, protocol, spiSize: spi.length, spis: [spi] },
});

function spiOctets(spi: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, spi);
  return octets;
}

function complaint(payloads: readonly Payload[]): string {
  const said = payloads.map((p) => (p.type === 'N' ? (NOTIFY_NAMES.get(p.notify) ?? `N ${p.notify}`) : p.type));
  return said.length > 0 ? said.join(', ') : 'nothing';
}
