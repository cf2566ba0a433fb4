/**
 * EAP-MSCHAPv2, draft-kamath-pppext-eap-mschapv2-02 over RFC 2759:
 *
 *     octets   1       1   2       ..
 *              opcode  id  length  challenge: 16 | 16 octets | name
 *                                  response:  49 | peer's challenge 16 | zeros 8 | NT-Response 24 | flags 1 | name
 *                                  success, failure: text
 *
 *     authenticator    challenge -->             <-- response
 *                      success S=… -->           <-- success (opcode alone), EAP-Success -->
 *                      failure E=691 R=0 -->     <-- failure (opcode alone), EAP-Failure -->
 *
 * No retry and no change of a password is offered: who mistypes begins anew.
 */
import { equalSecret, wipe } from '../../crypto/misc.ts';
import { shown } from './identity.ts';
import { msChapV2 } from './mschapv2-crypto.ts';
import type { AuthenticatorMethod, MethodTurn, Password, PeerMethod, PeerTurn, Random } from './roles.ts';

const OPCODE = { challenge: 1, response: 2, success: 3, failure: 4 } as const;
/** RFC 2759 §6: what a Failure says. */
const ERRORS: Readonly<Record<string, string>> = {
  '646': 'these are not the hours to log in',
  '647': 'the account is disabled',
  '648': 'the password has expired',
  '649': 'no permission to dial in',
  '691': 'wrong user or password',
  '709': 'the password could not be changed',
};
/** A name as long as an EAP identity may be. */
const MAX_NAME = 256;

export interface MsChapAuthenticatorOptions {
  /** The password of the user that the peer names. */
  readonly password: (user: string) => Uint8Array | undefined;
  /** Who the peer said it was: another name in its response is not accepted. */
  readonly user: string;
  /** Who we are, for the peer to show. */
  readonly name: Uint8Array;
  readonly random: Random;
  /** Told at once why the peer is refused: it may go without waiting for the end. */
  readonly onRefused: (why: string) => void;
}

export class MsChapAuthenticator implements AuthenticatorMethod {
  readonly #options: MsChapAuthenticatorOptions;
  readonly #challenge: Uint8Array;
  #id = 0;
  #at: 'challenged' | 'accepted' | 'refused' | 'over' = 'challenged';
  #msk: Uint8Array | undefined = undefined;
  #why = '';

  constructor(options: MsChapAuthenticatorOptions) {
    this.#options = options;
    this.#challenge = options.random(16);
  }

  begin(id: number): Uint8Array {
    this.#id = id;
    return write(OPCODE.challenge, id, Uint8Array.of(16), this.#challenge, this.#options.name);
  }

  next(data: Uint8Array): MethodTurn {
    if (this.#at === 'challenged') return this.#check(data);
    const opcode = data[0];
    if (this.#at === 'accepted' && opcode === OPCODE.success) {
      const msk = this.#msk;
      this.#msk = undefined;
      return { t: 'succeed', msk };
    }
    if (this.#at === 'accepted') {
      const why = opcode === OPCODE.failure ? 'the peer does not believe that we know its password' : WHAT;
      return { t: 'fail', why };
    }
    this.#at = 'over';
    return { t: 'fail', why: this.#why };
  }

  end(): void {
    this.#at = 'over';
    wipe(this.#msk);
    wipe(this.#challenge);
  }

  #check(data: Uint8Array): MethodTurn {
    const body = read(data, OPCODE.response);
    if (body === undefined || body.length < 50 || body[0] !== 49 || body.length > 50 + MAX_NAME)
      return { t: 'fail', why: WHAT };
    if (data[1] !== this.#id)
      return { t: 'fail', why: `a response to challenge ${data[1]}, where ${this.#id} was sent` };
    const peerChallenge = body.subarray(1, 17);
    const user = body.subarray(50);
    const name = textOf(user);
    // Some send the name with its domain here and without it as their identity, or the other way round.
    if (withoutDomain(name) !== withoutDomain(this.#options.user))
      return this.#refuse('it answers in the name of another');
    const password = this.#options.password(this.#options.user);
    // An unknown user is told nothing that a wrong password is not.
    if (password === undefined) return this.#refuse('there is no password for this user');
    const made = msChapV2({ authenticatorChallenge: this.#challenge, peerChallenge, user }, password);
    if (made === undefined) return this.#refuse('its password has more than 256 characters');
    const isRight = equalSecret(made.ntResponse, body.subarray(25, 49));
    wipe(made.ntResponse);
    if (!isRight) {
      wipe(made.msk);
      return this.#refuse('wrong password');
    }
    this.#at = 'accepted';
    this.#msk = made.msk;
    return { t: 'ask', data: write(OPCODE.success, this.#id, ascii(`${made.authenticatorResponse} M=OK`)) };
  }

  #refuse(why: string): MethodTurn {
    this.#at = 'refused';
    this.#why = why;
    this.#options.onRefused(why);
    // The challenge is that of a retry, which R=0 rules out; strict readers want to see it.
    const challenge = Buffer.from(this.#options.random(16)).toString('hex').toUpperCase();
    return { t: 'ask', data: write(OPCODE.failure, this.#id, ascii(`E=691 R=0 C=${challenge} V=3 M=Failed`)) };
  }
}

export interface MsChapPeerOptions {
  /** Ours, octets: who the password belongs to. */
  readonly name: Uint8Array;
  readonly password: Password;
  readonly random: Random;
}

export class MsChapPeer implements PeerMethod {
  readonly #options: MsChapPeerOptions;
  #expected: { readonly response: Uint8Array; readonly msk: Uint8Array } | undefined = undefined;

  constructor(options: MsChapPeerOptions) {
    this.#options = options;
  }

  next(data: Uint8Array): PeerTurn {
    switch (data[0]) {
      case OPCODE.challenge:
        return this.#respond(data);
      case OPCODE.success:
        return this.#believe(data);
      case OPCODE.failure: {
        const text = textOf(data.subarray(4));
        const error = /^E=(\d{1,10})/.exec(text)?.[1] ?? '';
        const why = `it refuses us: ${ERRORS[error] ?? 'without a reason that we know'}`;
        return { t: 'fail', why, data: Uint8Array.of(OPCODE.failure) };
      }
      default:
        return { t: 'fail', why: WHAT };
    }
  }

  end(): void {
    wipe(this.#expected?.msk);
  }

  #respond(data: Uint8Array): PeerTurn {
    const body = read(data, OPCODE.challenge);
    if (body === undefined || body.length < 17 || body[0] !== 16) return { t: 'fail', why: WHAT };
    const { name, random } = this.#options;
    const password = this.#options.password();
    if (password === undefined) return { t: 'fail', why: `we have no password for user ${shown(textOf(name))}` };
    const peerChallenge = random(16);
    const made = msChapV2({ authenticatorChallenge: body.subarray(1, 17), peerChallenge, user: name }, password);
    if (made === undefined) return { t: 'fail', why: 'our password has more than 256 characters' };
    wipe(this.#expected?.msk);
    this.#expected = { response: ascii(made.authenticatorResponse), msk: made.msk };
    const value = Uint8Array.of(49, ...peerChallenge, ...new Uint8Array(8), ...made.ntResponse, 0);
    return { t: 'answer', data: write(OPCODE.response, data[1], value, name) };
  }

  /** Only who knows the password can have made `S=`: without it there is no success. */
  #believe(data: Uint8Array): PeerTurn {
    const body = read(data, OPCODE.success);
    const expected = this.#expected;
    if (body === undefined || expected === undefined) return { t: 'fail', why: WHAT };
    if (!equalSecret(body.subarray(0, expected.response.length), expected.response))
      return { t: 'fail', why: 'the server does not know our password', data: Uint8Array.of(OPCODE.failure) };
    this.#expected = undefined;
    return { t: 'answer', data: Uint8Array.of(OPCODE.success), success: { msk: expected.msk } };
  }
}

const WHAT = 'a message that is malformed or out of turn';

function write(opcode: number, id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  return Uint8Array.from([opcode, id, length >> 8, length & 255, ...parts.flatMap((part) => [...part])]);
}

/** What follows the four octets of head; undefined unless its length is right. */
function read(data: Uint8Array, opcode: number): Uint8Array | undefined {
  if (data.length < 4 || data[0] !== opcode || ((data[2] << 8) | data[3]) !== data.length) return undefined;
  return data.subarray(4);
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (octets: Uint8Array): string => Buffer.from(octets).toString('utf8');
const withoutDomain = (name: string): string => name.slice(name.lastIndexOf('\\') + 1).toLowerCase();
