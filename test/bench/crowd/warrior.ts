/**
 * One road warrior: the initiator's side of one IKE SA with one Child SA, as a script. It knows no policy, asks for
 * one proposal, and computes no more than it must to be believed, so that the load costs less than what is measured:
 * its key exchange value is the crowd's, the responder's AUTH is taken on trust, no Child SA has keys, and nothing is
 * fragmented.
 */

import { pskAuth } from '../../../src/ike/auth/psk.ts';
import { signedOctets } from '../../../src/ike/auth/signed-octets.ts';
import { sharedSecret } from '../../../src/ike/crypto/dh.ts';
import { IkeKeys, ikeKeys } from '../../../src/ike/crypto/keys.ts';
import { sha1 } from '../../../src/ike/crypto/misc.ts';
import { open, seal, sealedOctets } from '../../../src/ike/crypto/protect.ts';
import { encodeAuth } from '../../../src/ike/crypto/signature/auth.ts';
import { digitalSignature } from '../../../src/ike/crypto/signature/scheme.ts';
import { sign } from '../../../src/ike/crypto/signature/sign.ts';
import {
  AUTH_METHOD,
  CERT_ENCODING,
  decodeChain,
  decodeMessage,
  EXCHANGE,
  encodeChain,
  encodeMessage,
  encodeProtectedPrefix,
  find,
  type Message,
  NOTIFY,
  nameOf as named,
  notifies,
  type Payload,
  PROTOCOL,
} from '../../../src/ike/wire/index.ts';
import { NOTIFY_NAMES } from '../../../src/ike/wire/registry-notify.ts';
import type { Address } from '../../../src/net/address.ts';
import { Selector } from '../../../src/net/selector.ts';
import type { Common } from './common.ts';
import { idOf } from './identity.ts';

/** What it waits for; `idle`: nothing yet; `up`: nothing; `failed`: never anything again. */
export type Stage =
  | 'idle'
  | 'init'
  | 'key'
  | 'auth'
  | 'up'
  | 'child'
  | 'dropping'
  | 'probing'
  | 'closing'
  | 'gone'
  | 'failed';

/** What the crowd knows of its warriors, whichever protocol they speak. */
export type Initiator = Pick<Warrior, keyof Warrior>;

export class Warrior {
  readonly index: number;
  readonly spiI: Uint8Array;
  stage: Stage = 'idle';
  why: string | undefined = undefined;
  /** The request under way, for retransmission; ms of its first sending and of its latest. */
  request: Uint8Array | undefined = undefined;
  /** What goes out before that, and has no answer: IKEv1 has such messages. */
  first: Uint8Array | undefined = undefined;
  sentAt = 0;
  tries = 0;
  /** ms: when it was due to begin what it is doing. */
  begunAt = 0;
  #spiR: Uint8Array = NOWHERE;
  #keys: IkeKeys | undefined = undefined;
  #nonce: Uint8Array | undefined = undefined;
  #message = 0;
  /** Answered last, of the responder's own requests, and how. */
  #theirs = -1;
  #answer: Uint8Array | undefined = undefined;
  #childSpi = 0;
  #iv = 0;

  constructor(index: number, spiI: Uint8Array) {
    this.index = index;
    this.spiI = spiI;
  }

  get isUp(): boolean {
    return this.stage === 'up';
  }

  /** IKE_SA_INIT, RFC 7296 §1.2; with the responder's cookie, §2.6. */
  init(common: Common, cookie?: Uint8Array): Uint8Array {
    this.#nonce ??= common.random(32);
    const at = (address: Address) => sha1(Buffer.concat([this.spiI, NOWHERE, address.toBytes(), IKE_PORT]));
    this.stage = 'init';
    this.#message = 0;
    this.request = encodeMessage(this.#header(EXCHANGE.IKE_SA_INIT, 0), [
      ...(cookie ? [notify(NOTIFY.COOKIE, cookie)] : []),
      common.ikeProposal,
      { type: 'KE', group: common.profile.ike.group.id, data: common.pair.public },
      { type: 'Nonce', data: this.#nonce },
      notify(NOTIFY.NAT_DETECTION_SOURCE_IP, at(common.addressOf(this.index))),
      notify(NOTIFY.NAT_DETECTION_DESTINATION_IP, at(common.gateway)),
      ...(common.profile.auth === 'psk' ? [] : [notify(NOTIFY.SIGNATURE_HASH_ALGORITHMS, SHA2_256)]),
    ]);
    return this.request;
  }

  /** A Child SA in the place of the one there is, RFC 7296 §1.3.3 and §2.8. */
  rekeyChild(common: Common): Uint8Array {
    const old = spiOctets(this.#childSpi);
    this.stage = 'child';
    this.#nonce = common.random(32);
    return this.#ask(common, EXCHANGE.CREATE_CHILD_SA, [
      { type: 'N', protocol: PROTOCOL.ESP, notify: NOTIFY.REKEY_SA, spi: old, data: NOTHING },
      common.childProposal(this.#nextChildSpi()),
      { type: 'Nonce', data: this.#nonce },
      ...this.#selectors(common),
    ]);
  }

  /** Is there anybody? RFC 7296 §2.4. */
  probe(common: Common): Uint8Array {
    this.stage = 'probing';
    return this.#ask(common, EXCHANGE.INFORMATIONAL, []);
  }

  close(common: Common): Uint8Array {
    this.stage = 'closing';
    return this.#ask(common, EXCHANGE.INFORMATIONAL, [{ type: 'D', protocol: PROTOCOL.IKE, spiSize: 0, spis: [] }]);
  }

  /** What to send for a datagram that has come, if anything. Whatever is not for us, or late, changes nothing. */
  receive(common: Common, datagram: Uint8Array): Uint8Array | undefined {
    const decoded = decodeMessage(datagram);
    if (!decoded.ok) return this.#fail(`unreadable: ${decoded.fault.why}`);
    const { header, payloads } = decoded.value;
    if (!header.isResponse) return this.#answerTo(common, decoded.value, datagram);
    if (header.messageId !== this.#message || this.request === undefined) return undefined;
    if (this.stage === 'init') return this.#auth(common, decoded.value);
    const inside = this.#open(common, payloads, datagram);
    if (!inside) return undefined;
    switch (this.stage) {
      case 'auth':
      case 'child':
        return this.#haveChild(common, inside);
      case 'dropping':
      case 'probing':
        return this.#settle('up');
      case 'closing':
        this.#keys?.wipe();
        return this.#settle('gone');
      default:
        return undefined;
    }
  }

  /** IKE_AUTH, RFC 7296 §1.2 and §2.15. */
  #auth(common: Common, { header, payloads }: Message): Uint8Array | undefined {
    const [cookie] = notifies(payloads, NOTIFY.COOKIE);
    if (cookie) {
      common.counts.cookies++;
      return this.init(common, cookie.data.slice());
    }
    const [ke, nonce] = [find(payloads, 'KE'), find(payloads, 'Nonce')];
    if (!ke || !nonce || !this.#nonce || !this.request) return this.#fail(`IKE_SA_INIT: ${complaint(payloads)}`);
    const { profile, pair } = common;
    const met = sharedSecret(profile.ike.group, pair.private, ke.data);
    if (!met.ok) return this.#fail(met.detail);
    this.#spiR = header.spiR.slice();
    const nonces = { ni: this.#nonce, nr: nonce.data };
    const spis = Buffer.concat([this.spiI, this.#spiR]);
    this.#keys = new IkeKeys(ikeKeys({ ...profile.ike, ...nonces, shared: met.shared, spis }), profile.ike);
    this.#message = 1;
    this.stage = 'auth';
    const id = idOf(this.index);
    const signing = { message: this.request, nonce: nonce.data, id, skP: this.#keys.skPi };
    return this.#ask(common, EXCHANGE.IKE_AUTH, [
      { type: 'IDi', idType: id.type, data: id.data },
      ...this.#proof(common, signing),
      notify(NOTIFY.INITIAL_CONTACT, NOTHING),
      common.childProposal(this.#nextChildSpi()),
      ...this.#selectors(common),
    ]);
  }

  #proof(common: Common, signing: Parameters<typeof pskAuth>[2]): Payload[] {
    const { prf } = common.profile.ike;
    if (!common.credential) {
      return [{ type: 'AUTH', method: AUTH_METHOD.SHARED_KEY_MIC, data: pskAuth(prf, common.secret, signing) }];
    }
    const { certificate, key } = common.credential(this.index);
    const scheme = digitalSignature(common.profile.auth === 'rsa' ? 'pss' : 'der', 'SHA2_256');
    const signature = scheme && sign(key, scheme, Buffer.concat(signedOctets(prf, signing)));
    if (!scheme || !signature || 'wrong' in signature) throw new Error('the bench cannot sign');
    const encoding = CERT_ENCODING.X509_SIGNATURE;
    return [
      { type: 'CERT', encoding, data: certificate },
      { type: 'CERTREQ', encoding, data: NOTHING },
      { type: 'AUTH', method: AUTH_METHOD.DIGITAL_SIGNATURE, data: encodeAuth(scheme, signature) },
    ];
  }

  #haveChild(common: Common, payloads: readonly Payload[]): Uint8Array | undefined {
    const what = this.stage === 'auth' ? 'IKE_AUTH' : 'CREATE_CHILD_SA';
    if (!find(payloads, 'SA') || !find(payloads, 'TSr')) return this.#fail(`${what}: ${complaint(payloads)}`);
    this.#nonce = undefined;
    if (what === 'IKE_AUTH') return this.#settle('up');
    const old = spiOctets(this.#childSpi - 1);
    this.#message++;
    this.stage = 'dropping';
    return this.#ask(common, EXCHANGE.INFORMATIONAL, [{ type: 'D', protocol: PROTOCOL.ESP, spiSize: 4, spis: [old] }]);
  }

  /** The responder asks: it is answered once in full, and again with the same octets. Deletes are obeyed. */
  #answerTo(common: Common, { header, payloads }: Message, datagram: Uint8Array): Uint8Array | undefined {
    if (header.messageId === this.#theirs) return this.#answer;
    const inside = this.#open(common, payloads, datagram);
    if (!inside) return undefined;
    common.counts.asked++;
    this.#theirs = header.messageId;
    const isOver = inside.some((p) => p.type === 'D' && p.protocol === PROTOCOL.IKE);
    this.#answer = this.#seal(common, header.exchange, header.messageId, [], true);
    if (isOver) this.#settle('gone');
    return this.#answer;
  }

  #ask(common: Common, exchange: number, payloads: readonly Payload[]): Uint8Array {
    this.request = this.#seal(common, exchange, this.#message, payloads, false);
    return this.request;
  }

  #seal(common: Common, exchange: number, id: number, payloads: readonly Payload[], isResponse: boolean): Uint8Array {
    const { ike } = common.profile;
    const { first, bytes } = encodeChain(payloads);
    const header = { ...this.#header(exchange, id), isResponse };
    const prefix = encodeProtectedPrefix(header, { type: 'SK', first }, sealedOctets(ike, bytes.length));
    const keys = this.#keys as IkeKeys;
    return seal(ike, keys.skEi, keys.skAi, this.#nextIv(common, ike.encr.ivOctets), prefix, bytes);
  }

  #open(common: Common, payloads: readonly Payload[], datagram: Uint8Array): readonly Payload[] | undefined {
    const sk = find(payloads, 'SK');
    if (!sk || !this.#keys) return this.#fail(`not protected: ${complaint(payloads)}`);
    const opened = open(common.profile.ike, this.#keys.skEr, this.#keys.skAr, datagram, sk.aadOctets);
    if (!opened.ok) return this.#fail(`not opened: ${opened.why}`);
    const chain = decodeChain(sk.nextPayload, opened.plaintext);
    return chain.ok ? chain.value : this.#fail(`unreadable: ${chain.fault.why}`);
  }

  #settle(stage: 'up' | 'gone'): undefined {
    this.stage = stage;
    this.#message++;
    this.request = undefined;
    return undefined;
  }

  #fail(why: string): undefined {
    this.why = why;
    this.stage = 'failed';
    this.request = undefined;
    return undefined;
  }

  #nextChildSpi(): Uint8Array {
    this.#childSpi = this.#childSpi === 0 ? 0x1000_0000 + this.index * 64 : this.#childSpi + 1;
    return spiOctets(this.#childSpi);
  }

  /** A counter does for an AEAD; CBC wants what nobody can foresee. */
  #nextIv(common: Common, octets: number): Uint8Array {
    if (!common.profile.ike.encr.isAead) return common.random(octets);
    const iv = new Uint8Array(octets);
    new DataView(iv.buffer).setUint32(octets - 4, ++this.#iv);
    return iv;
  }

  #selectors(common: Common): Payload[] {
    return [
      { type: 'TSi', selectors: [Selector.ofAddress(common.addressOf(this.index))] },
      { type: 'TSr', selectors: [common.subnet] },
    ];
  }

  #header(exchange: number, messageId: number) {
    const spis = { spiI: this.spiI, spiR: this.#spiR };
    return { ...spis, exchange, isInitiator: true, isResponse: false, messageId };
  }
}

const NOTHING = new Uint8Array();
const NOWHERE = new Uint8Array(8);
const IKE_PORT = Uint8Array.of(1, 244);
const SHA2_256 = Uint8Array.of(0, 2);

const notify = (type: number, data: Uint8Array): Payload => ({
  type: 'N',
  protocol: PROTOCOL.NONE,
  notify: type,
  spi: NOTHING,
  data,
});

const spiOctets = (spi: number): Uint8Array => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, spi);
  return octets;
};

/** What a responder that did not do as asked had to say. */
function complaint(payloads: readonly Payload[]): string {
  const said = payloads.map((p) => (p.type === 'N' ? named(NOTIFY_NAMES, p.notify) : p.type));
  return said.length > 0 ? said.join(', ') : 'nothing';
}
