/**
 * Passwords held against hashes of crypt(3) and against PAM, on threads of libuv's, which are four: whoever has many to check
 * keeps them in a queue. All fulfil with undefined if the password is right, else with why not, for our log alone.
 */
import { addon } from './addon.ts';

interface RawCrypt {
  checkCrypt(password: Uint8Array, hash: Uint8Array): Promise<string>;
  checkPam(service: Uint8Array, user: Uint8Array, password: Uint8Array, host: Uint8Array): Promise<string>;
}

/** `hash`: whatever libcrypt knows, with its salt: `$6$`, `$5$`, `$1$`, `$y$`, `$2b$` and older ones. */
export const checkCrypt = (password: Uint8Array, hash: string): Promise<string | undefined> =>
  checked((raw) => raw.checkCrypt(password, octets(hash)));

/** `service`: the name of its file in /etc/pam.d; `host`: where the user is. */
export const checkPam = (
  service: string,
  user: string,
  password: Uint8Array,
  host: string,
): Promise<string | undefined> => checked((raw) => raw.checkPam(octets(service), octets(user), password, octets(host)));

async function checked(check: (raw: RawCrypt) => Promise<string>): Promise<string | undefined> {
  try {
    const why = await check(addon<RawCrypt>());
    return why === '' ? undefined : why;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
