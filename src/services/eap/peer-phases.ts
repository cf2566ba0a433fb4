/** What the peer does inside the tunnels; see phases.ts. */
import { AVP, encodeAvps, findAvp, parseAvps } from '../../ike/auth/eap/avp.ts';
import { encodeEap, TYPES } from '../../ike/auth/eap/packet.ts';
import { encodeResult, readResult, withHead, withoutHead } from '../../ike/auth/eap/peap.ts';
import { wipe } from '../../ike/crypto/misc.ts';
import type { Peer } from './peer.ts';
import type { PeerPhase, PeerPhaseTurn } from './tls-peer.ts';
import type { Opened } from './tls-port.ts';

const NOTHING = new Uint8Array();

/** EAP-TLS: nothing is said. */
export class SilentPhase implements PeerPhase {
  async opened({ isTls13 }: Opened): Promise<PeerPhaseTurn> {
    // With TLS 1.3 the server has yet to say that it has accepted us: RFC 9190 §2.1.1.
    return { t: 'say', plain: NOTHING, mayEnd: !isTls13 };
  }

  async heard(plain: Uint8Array): Promise<PeerPhaseTurn> {
    if (plain.length === 0) return { t: 'say', plain: NOTHING, mayEnd: false };
    const isIndication = plain.length === 1 && plain[0] === 0;
    return isIndication
      ? { t: 'say', plain: NOTHING, mayEnd: true }
      : { t: 'fail', why: 'something said where there is nothing to say' };
  }

  end(): void {}
}

/** EAP in attributes. */
export class TtlsPeerPhase implements PeerPhase {
  readonly #inner: Peer;
  readonly #identity: Uint8Array;

  constructor(inner: Peer, identity: Uint8Array) {
    this.#inner = inner;
    this.#identity = identity;
  }

  /** RFC 5281 §11.2.1: the peer begins with its identity, as if it had been asked. */
  async opened(): Promise<PeerPhaseTurn> {
    const packet = encodeEap({ code: 'response', id: 0, type: TYPES.identity, data: this.#identity });
    return { t: 'say', plain: eapMessage(packet), mayEnd: false };
  }

  async heard(plain: Uint8Array): Promise<PeerPhaseTurn> {
    if (plain.length === 0) return { t: 'say', plain: NOTHING, mayEnd: false };
    const avps = parseAvps(plain);
    if ('wrong' in avps) return { t: 'fail', why: avps.wrong };
    const eap = findAvp(avps, AVP.eapMessage);
    if (!eap) return { t: 'fail', why: 'no EAP inside the tunnel' };
    const outcome = await this.#inner.next(eap.data);
    if (outcome.t === 'fail') return { t: 'fail', why: `inside the tunnel: ${outcome.why}` };
    // A success inside says no more than that outside, which the server may send without it.
    if (outcome.t === 'succeed') wipe(outcome.msk);
    const said = outcome.t === 'answer' ? eapMessage(outcome.packet) : NOTHING;
    return { t: 'say', plain: said, mayEnd: outcome.t === 'succeed' || this.#inner.mayEnd };
  }

  end(): void {
    this.#inner.end();
  }
}

/** EAP without heads: its identifiers are those of the packets around it. */
export class PeapPeerPhase implements PeerPhase {
  readonly #inner: Peer;

  constructor(inner: Peer) {
    this.#inner = inner;
  }

  async opened(): Promise<PeerPhaseTurn> {
    return { t: 'say', plain: NOTHING, mayEnd: false };
  }

  async heard(plain: Uint8Array, id: number): Promise<PeerPhaseTurn> {
    if (plain.length === 0) return { t: 'say', plain: NOTHING, mayEnd: false };
    const result = readResult(plain);
    if (result) {
      // Only a method that has come to its end makes the server's word true.
      const isSuccess = result.isSuccess && this.#inner.mayEnd;
      return { t: 'say', plain: encodeResult('response', plain[1], isSuccess), mayEnd: isSuccess };
    }
    const outcome = await this.#inner.next(withHead('request', id, plain));
    if (outcome.t === 'fail') return { t: 'fail', why: `inside the tunnel: ${outcome.why}` };
    if (outcome.t === 'succeed') return { t: 'fail', why: 'success inside the tunnel without its TLV' };
    return { t: 'say', plain: Uint8Array.from(withoutHead(outcome.packet)), mayEnd: false };
  }

  end(): void {
    this.#inner.end();
  }
}

const eapMessage = (packet: Uint8Array): Uint8Array =>
  encodeAvps([{ code: AVP.eapMessage, vendor: 0, isMandatory: true, data: packet }]);
