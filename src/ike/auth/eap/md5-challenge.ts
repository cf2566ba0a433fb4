/**
 * MD5-Challenge, RFC 3748 §5.4, which is CHAP's (RFC 1994 §4.1):
 *
 *     octets   1     size   ..
 *              size  value  name          value: the challenge, or MD5(identifier | password | challenge)
 *
 * It makes no key and does not authenticate its authenticator.
 */
import { md5 } from '../../crypto/legacy.ts';
import { equalSecret, wipe } from '../../crypto/misc.ts';
import { shown } from './identity.ts';
import type { AuthenticatorMethod, MethodTurn, Password, PeerMethod, PeerTurn, Random } from './roles.ts';

export class Md5Authenticator implements AuthenticatorMethod {
  readonly #password: Password;
  readonly #challenge: Uint8Array;
  #id = 0;

  constructor({ password, random }: { readonly password: Password; readonly random: Random }) {
    this.#password = password;
    this.#challenge = random(16);
  }

  begin(id: number): Uint8Array {
    this.#id = id;
    return Uint8Array.of(this.#challenge.length, ...this.#challenge);
  }

  next(data: Uint8Array): MethodTurn {
    const value = challengeOf(data);
    if (value?.length !== 16) return { t: 'fail', why: 'malformed response' };
    const password = this.#password();
    if (password === undefined) return { t: 'fail', why: 'there is no password for this user' };
    const expected = md5(Uint8Array.of(this.#id), password, this.#challenge);
    const isRight = equalSecret(value, expected);
    wipe(expected);
    return isRight ? { t: 'succeed', msk: undefined } : { t: 'fail', why: 'wrong password' };
  }

  end(): void {
    wipe(this.#challenge);
  }
}

export class Md5Peer implements PeerMethod {
  readonly #name: Uint8Array;
  readonly #password: Password;

  /** `name`: ours, octets. */
  constructor({ name, password }: { readonly name: Uint8Array; readonly password: Password }) {
    this.#name = name;
    this.#password = password;
  }

  next(data: Uint8Array, id: number): PeerTurn {
    const challenge = challengeOf(data);
    if (challenge === undefined || challenge.length === 0) return { t: 'fail', why: 'malformed challenge' };
    const password = this.#password();
    if (password === undefined) {
      const user = shown(Buffer.from(this.#name).toString('utf8'));
      return { t: 'fail', why: `we have no password for user ${user}` };
    }
    const value = md5(Uint8Array.of(id), password, challenge);
    return { t: 'answer', data: Uint8Array.of(16, ...value, ...this.#name), success: { msk: undefined } };
  }

  end(): void {}
}

function challengeOf(data: Uint8Array): Uint8Array | undefined {
  return data.length > data[0] ? data.subarray(1, 1 + data[0]) : undefined;
}
