/**
 * The secrets in force: one whole reading of ipsec.secrets(5) and of the private keys' files, exchanged for the next or
 * kept, never mixed. Until the first without an error there are none, but for the keys in files that need no entry.
 */
import { atOnce } from '../conf/at-once.ts';
import type { OctetFiles } from '../conf/file-system.ts';
import { formatProblem, hasErrors } from '../conf/problem.ts';
import { SecretStore } from '../conf/secret-store.ts';
import { readingSecrets } from '../conf/secrets.ts';
import { kindRow } from '../ike/crypto/signature/key-kind.ts';
import { readingKeys } from './key-files.ts';
import type { KeyRing } from './key-ring.ts';

export interface SecretKeeperOptions {
  readonly files: OctetFiles;
  /** Where `: RSA east.pem` looks for its file. */
  readonly privateDir: string;
  readonly keys: KeyRing;
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

  /** The same in steps of some 10 µs, or of a key; until the last of them the old secrets are in force. */
  *rereading(pattern: string, say: (text: string) => void): Generator<undefined, boolean> {
    const tell = (level: 'info' | 'warn', text: string) => {
      this.#options.log(level, text);
      say(text);
    };
    const turn = ++this.#turns;
    const { files, privateDir, keys } = this.#options;
    const { secrets, problems } = yield* readingSecrets(pattern, files, { privateDir });
    for (const problem of problems) tell('warn', formatProblem(problem));
    const next = keys.begin();
    const warn = (text: string) => tell('warn', text);
    const isWrong = hasErrors(problems);
    if (!isWrong || this.#inForce === 0)
      yield* readingKeys(isWrong ? [] : secrets.privateKeys(), next, { files, privateDir, warn });
    // Whoever began later has read what is newer.
    const isLate = turn < this.#inForce;
    if (isWrong || isLate) {
      secrets.wipe();
      if (!isLate && this.#inForce === 0) {
        next.use();
        this.#options.log('warn', `no secrets until "${pattern}" is without errors, only keys from ${privateDir}`);
        this.#sayKeys(tell);
        return false;
      }
      next.forget();
      if (!isLate) this.#options.log('warn', 'secrets kept as they were');
      return isLate;
    }
    tell('info', 'forgetting secrets');
    tell('info', `loading secrets from "${pattern}"`);
    const old = this.#store;
    this.#store = secrets;
    this.#inForce = turn;
    old.wipe();
    next.use();
    this.#sayKeys(tell);
    return true;
  }

  wipe(): void {
    this.#store.wipe();
    this.#options.keys.wipe();
  }

  #sayKeys(tell: (level: 'info', text: string) => void): void {
    const list = this.#options.keys
      .list()
      .map(({ kind, bits }) => (kind === 'rsa' ? `RSA ${bits}` : kindRow(kind).name));
    if (list.length > 0) tell('info', `private keys: ${list.length} (${[...new Set(list)].join(', ')})`);
  }
}
