/**
 * What the authenticator does inside the tunnels: RFC 5216 and RFC 9190 for EAP-TLS, RFC 5281 §11 for TTLS,
 * draft-kamath-pppext-peapv0 for PEAP.
 */
import { AVP, type Avp, encodeAvps, findAvp, MICROSOFT, parseAvps } from '../../ike/auth/eap/avp.ts';
import { shown } from '../../ike/auth/eap/identity.ts';
import { msChapV2 } from '../../ike/auth/eap/mschapv2-crypto.ts';
import { encodeResult, readResult, withHead, withoutHead } from '../../ike/auth/eap/peap.ts';
import { md5 } from '../../ike/crypto/legacy.ts';
import { equalSecret, sha1, wipe } from '../../ike/crypto/misc.ts';
import type { Authenticator, AuthenticatorTurn } from './authenticator.ts';
import type { Phase2, Phase2Turn } from './tls-authenticator.ts';
import { challengeOf } from './tls-keys.ts';
import type { Opened, TlsPort } from './tls-port.ts';

/** The password of a user, octets of the store's. */
export type Passwords = (user: string) => Uint8Array | undefined;

/** Nothing is said: the peer is who its certificate says. */
export class CertificatePhase implements Phase2 {
  readonly #judge: (tunnel: number) => Promise<string | undefined>;
  readonly #user: string;

  /** `judge`: what is wrong with the peer's certificate. `user`: whom it must name. */
  constructor(judge: (tunnel: number) => Promise<string | undefined>, user: string) {
    this.#judge = judge;
    this.#user = user;
  }

  async opened(tunnel: number, { isTls13, hasCertificate }: Opened): Promise<Phase2Turn> {
    if (!hasCertificate) return { t: 'fail', why: 'the peer has sent no certificate' };
    const why = await this.#judge(tunnel);
    if (why !== undefined) return { t: 'fail', why };
    // RFC 9190 §2.5: the protected indication of success, because nothing else of TLS 1.3 would be the last.
    return isTls13 ? { t: 'done', user: this.#user, plain: Uint8Array.of(0) } : { t: 'done', user: this.#user };
  }

  async heard(): Promise<Phase2Turn> {
    return { t: 'fail', why: 'something said where there is nothing to say' };
  }

  end(): void {}
}

export interface TtlsPhaseOptions {
  readonly port: TlsPort;
  readonly passwords: Passwords;
  /** For a peer that speaks EAP inside. */
  readonly inner: Authenticator;
}

/** Attributes: EAP again, a password in the clear, CHAP, or MS-CHAPv2. The peer begins. */
export class TtlsPhase implements Phase2 {
  readonly #options: TtlsPhaseOptions;
  #tunnel = 0;
  /** MS-CHAPv2 was right, and the peer is to believe us. */
  #user: string | undefined = undefined;

  constructor(options: TtlsPhaseOptions) {
    this.#options = options;
  }

  async opened(tunnel: number): Promise<Phase2Turn> {
    this.#tunnel = tunnel;
    return { t: 'listen' };
  }

  async heard(plain: Uint8Array): Promise<Phase2Turn> {
    if (plain.length === 0) return this.#user === undefined ? { t: 'listen' } : { t: 'done', user: this.#user };
    const avps = parseAvps(plain);
    if ('wrong' in avps) return { t: 'fail', why: avps.wrong };
    const eap = findAvp(avps, AVP.eapMessage);
    if (eap) return innerTurn(await this.#options.inner.next(joinedEap(avps)), eapMessage);
    const user = Buffer.from(findAvp(avps, AVP.userName)?.data ?? []).toString('utf8');
    const password = findAvp(avps, AVP.userPassword);
    if (password) return this.#pap(user, password.data);
    const chap = findAvp(avps, AVP.chapPassword);
    if (chap) return this.#chap(user, findAvp(avps, AVP.chapChallenge)?.data, chap.data);
    const response = findAvp(avps, MICROSOFT.response, MICROSOFT.vendor);
    if (response) return this.#msChap(user, findAvp(avps, MICROSOFT.challenge, MICROSOFT.vendor)?.data, response.data);
    return { t: 'fail', why: 'neither EAP, PAP, CHAP nor MS-CHAPv2 inside the tunnel' };
  }

  end(): void {
    this.#options.inner.end();
  }

  #pap(user: string, padded: Uint8Array): Phase2Turn {
    const expected = this.#options.passwords(user);
    if (expected === undefined) return inside('PAP', user, 'there is no password for this user');
    let length = padded.length;
    while (length > 0 && padded[length - 1] === 0) length--;
    // Of one length, so that the comparison does not tell how long the password is.
    const isRight = equalSecret(sha1(padded.subarray(0, length)), sha1(expected));
    return isRight ? { t: 'done', user } : inside('PAP', user, 'wrong password');
  }

  /** Why this is not the challenge that the tunnel makes: 16 octets, and an identifier. RFC 5281 §11.1. */
  async #wrongChallenge(challenge: Uint8Array, identifier: number): Promise<string | undefined> {
    const expected = await challengeOf(this.#options.port, this.#tunnel, 17);
    const isRight = expected && equalSecret(challenge, expected.subarray(0, 16)) && identifier === expected[16];
    return isRight ? undefined : 'a challenge that is not the one of this tunnel';
  }

  /** RFC 5281 §11.2.2. */
  async #chap(user: string, challenge: Uint8Array | undefined, response: Uint8Array): Promise<Phase2Turn> {
    if (challenge?.length !== 16 || response.length !== 17) return inside('CHAP', user, 'malformed response');
    const wrong = await this.#wrongChallenge(challenge, response[0]);
    if (wrong !== undefined) return inside('CHAP', user, wrong);
    const password = this.#options.passwords(user);
    if (password === undefined) return inside('CHAP', user, 'there is no password for this user');
    const expected = md5(response.subarray(0, 1), password, challenge);
    const isRight = equalSecret(expected, response.subarray(1));
    wipe(expected);
    return isRight ? { t: 'done', user } : inside('CHAP', user, 'wrong password');
  }

  /** RFC 5281 §11.2.4. */
  async #msChap(user: string, challenge: Uint8Array | undefined, response: Uint8Array): Promise<Phase2Turn> {
    const name = 'MS-CHAPv2';
    if (challenge?.length !== 16 || response.length !== 50) return inside(name, user, 'malformed response');
    const wrong = await this.#wrongChallenge(challenge, response[0]);
    if (wrong !== undefined) return inside(name, user, wrong);
    const password = this.#options.passwords(user);
    if (password === undefined) return inside(name, user, 'there is no password for this user');
    const exchange = {
      authenticatorChallenge: challenge,
      peerChallenge: response.subarray(2, 18),
      user: Buffer.from(user),
    };
    const made = msChapV2(exchange, password);
    wipe(made?.msk);
    if (!made || !equalSecret(made.ntResponse, response.subarray(26))) return inside(name, user, 'wrong password');
    this.#user = user;
    const data = Uint8Array.of(response[0], ...Buffer.from(made.authenticatorResponse));
    const success = { code: MICROSOFT.success, vendor: MICROSOFT.vendor, isMandatory: true, data };
    return { t: 'say', plain: encodeAvps([success]) };
  }
}

/** EAP again, without heads: its identifiers are those of the packets around it. At the end each says that it has come to one. */
export class PeapPhase implements Phase2 {
  readonly #inner: Authenticator;
  #hasBegun = false;
  #user: string | undefined = undefined;

  constructor(inner: Authenticator) {
    this.#inner = inner;
  }

  /** With TLS 1.2 the peer has our Finished to acknowledge first. */
  async opened(_tunnel: number, { isTls13 }: Opened, id: number): Promise<Phase2Turn> {
    return isTls13 ? this.#begin(id) : { t: 'listen' };
  }

  async heard(plain: Uint8Array, next: number): Promise<Phase2Turn> {
    if (!this.#hasBegun)
      return plain.length === 0 ? this.#begin(next) : { t: 'fail', why: 'something said out of turn' };
    if (this.#user !== undefined) {
      const isSuccess = readResult(plain)?.isSuccess === true;
      return isSuccess ? { t: 'done', user: this.#user } : { t: 'fail', why: 'the peer does not acknowledge success' };
    }
    const { id } = this.#inner;
    const turn = await this.#inner.next(withHead('response', id, plain), next);
    if (turn.t !== 'succeed') return innerTurn(turn, headless);
    wipe(turn.msk);
    this.#user = turn.user;
    return { t: 'say', plain: encodeResult('request', next, true) };
  }

  end(): void {
    this.#inner.end();
  }

  #begin(id: number): Phase2Turn {
    this.#hasBegun = true;
    return { t: 'say', plain: headless(this.#inner.begin(id)) };
  }
}

function innerTurn(turn: AuthenticatorTurn, wrap: (packet: Uint8Array) => Uint8Array): Phase2Turn {
  switch (turn.t) {
    case 'ask':
      return { t: 'say', plain: wrap(turn.packet) };
    case 'succeed':
      // The tunnel makes the keys.
      wipe(turn.msk);
      return { t: 'done', user: turn.user };
    case 'fail':
      return { t: 'fail', why: `inside the tunnel: ${turn.why}` };
  }
}

const headless = (packet: Uint8Array): Uint8Array => Uint8Array.from(withoutHead(packet));

const eapMessage = (packet: Uint8Array): Uint8Array =>
  encodeAvps([{ code: AVP.eapMessage, vendor: 0, isMandatory: true, data: packet }]);

/** A long packet comes in several attributes. */
const joinedEap = (avps: readonly Avp[]): Uint8Array =>
  Buffer.concat(avps.filter(({ code, vendor }) => code === AVP.eapMessage && vendor === 0).map(({ data }) => data));

const inside = (method: string, user: string, why: string): Phase2Turn => ({
  t: 'fail',
  why: `inside the tunnel: ${method} of ${shown(user)}: ${why}`,
});
