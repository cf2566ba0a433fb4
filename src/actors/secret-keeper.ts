/** The secrets in force: one whole reading of ipsec.secrets(5), exchanged for the next or kept, never mixed. */

import { createPrivateKey } from 'node:crypto';
import { atOnce } from '../conf/at-once.ts';
import type { OctetFiles } from '../conf/file-system.ts';
import { formatProblem, hasErrors } from '../conf/problem.ts';
import { SecretStore } from '../conf/secret-store.ts';
import { readingSecrets } from '../conf/secrets.ts';

export interface SecretKeeperOptions {
  readonly files: OctetFiles;
  /** Where `: RSA east.pem` looks for its file. */
  readonly privateDir: string;
  readonly log: (level: 'info' | 'warn', text: string) => void;
}

export class SecretKeeper {
  readonly #options: SecretKeeperOptions;
  #store = new SecretStore();
  #turns = 0;
  /** The turn that `#store` was read in. */
  #inForce = 0;

  constructor(options: SecretKeeperOptions) {
    this.#options = options;
  }

  /** Nobody holds on to it, or to what it reveals, for longer than one step: the next reading wipes it. */
  get store(): SecretStore {
    return this.#store;
  }

  /**
   * Reads every file that `pattern` matches; what there is to say of it goes to the log and to `say`. False if there
   * was an error: then everything is as it was, which is for the caller to say.
   */
  reread(pattern: string, say: (text: string) => void): boolean {
    return atOnce(this.rereading(pattern, say));
  }

  /** The same in steps of some 10 µs; until the last of them the old secrets are in force. */
  *rereading(pattern: string, say: (text: string) => void): Generator<undefined, boolean> {
    const tell = (level: 'info' | 'warn', text: string) => {
      this.#options.log(level, text);
      say(text);
    };
    const turn = ++this.#turns;
    const { files, privateDir } = this.#options;
    const { secrets, problems } = yield* readingSecrets(pattern, files, { privateDir, checkKey });
    for (const problem of problems) tell('warn', formatProblem(problem));
    // Whoever began later has read what is newer.
    const isLate = turn < this.#inForce;
    if (hasErrors(problems) || isLate) {
      secrets.wipe();
      if (!isLate) this.#options.log('warn', 'secrets kept as they were');
      return isLate;
    }
    tell('info', 'forgetting secrets');
    tell('info', `loading secrets from "${pattern}"`);
    const old = this.#store;
    this.#store = secrets;
    this.#inForce = turn;
    old.wipe();
    return true;
  }

  wipe(): void {
    this.#store.wipe();
  }
}

/** PKCS#1, PKCS#8 or SEC 1, PEM or DER. OpenSSL's own words are left out: nobody has promised what is in them. */
function checkKey(octets: Uint8Array, passphrase: Uint8Array | undefined): string | undefined {
  const key = lent(octets);
  const unlock = passphrase ? { passphrase: lent(passphrase) } : {};
  const open = (form: { format: 'pem' } | { format: 'der'; type: 'pkcs1' | 'pkcs8' | 'sec1' }) => {
    try {
      createPrivateKey({ key, ...form, ...unlock });
      return undefined;
    } catch (e) {
      return e instanceof Error && 'code' in e ? e.code : 'unknown';
    }
  };
  const outcomes = key.includes('-----BEGIN ')
    ? [open({ format: 'pem' })]
    : (['pkcs8', 'pkcs1', 'sec1'] as const).map((type) => open({ format: 'der', type }));
  if (outcomes.includes(undefined)) return undefined;
  if (passphrase) return 'there is no private key in its file that the passphrase opens';
  return outcomes.some((code) => NEEDS_PASSPHRASE.has(code))
    ? 'its key is encrypted: "passphrase" or %prompt is missing'
    : 'there is no private key in its file, in PEM or DER';
}

/** What OpenSSL says when it would have asked at the terminal, and what Node says in its place. */
const NEEDS_PASSPHRASE: ReadonlySet<unknown> = new Set([
  'ERR_MISSING_PASSPHRASE',
  'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED',
]);

/** A window, not a copy: who wipes the octets wipes all there is. */
const lent = (octets: Uint8Array): Buffer => Buffer.from(octets.buffer, octets.byteOffset, octets.length);
