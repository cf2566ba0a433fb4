/**
 * Whether an XAUTH user is who it says it is: by the file of users, by PAM, or always. A name that nobody has costs as much
 * time as one with a wrong password; whoever is refused waits, but holds up nobody else.
 */
import { shown } from '../../ike/auth/eap/identity.ts';
import type { Question, Reply } from '../../ike/questions.ts';
import type { Address } from '../../net/address.ts';
import { Sources, sourceOf } from '../../net/sources.ts';
import type { Answerer } from '../answerer.ts';
import { Turns } from '../turns.ts';
import type { PasswdFile } from './passwd-file.ts';

type XauthQuestion = Extract<Question, { t: 'xauth' }>;

/** Undefined if the password is right, else why not, for the log. */
export type Check = (password: Uint8Array, hash: string) => Promise<string | undefined>;
export type PamCheck = (
  service: string,
  user: string,
  password: Uint8Array,
  host: string,
) => Promise<string | undefined>;

export interface XauthOptions {
  readonly file: Pick<PasswdFile, 'users' | 'path'>;
  readonly crypt: Check;
  readonly pam: PamCheck;
  /** Fulfils after so many ms. */
  readonly later: (ms: number) => Promise<void>;
  readonly log: (level: 'info' | 'warn', text: string) => void;
}

/** libreswan's: /etc/pam.d/pluto. */
const PAM_SERVICE = 'pluto';
/** ms that a refusal takes longer. */
export const FAIL_DELAY = 1_000;
/** Of libuv's four threads: files and names need some too. */
const AT_ONCE = 2;
const MOST_WAITING = 2_000;
/** Of those, from one address. */
const MOST_OF_SOURCE = 64;
/** Of one user in the file. */
const MOST_LINES = 4;
/** What no password has made: as dear as most that have. */
const DUMMY =
  '$6$plutodummysalt$................................................................................./.../';

export class XauthAnswerer implements Answerer<'xauth'> {
  readonly #options: XauthOptions;
  readonly #turns = new Turns(AT_ONCE, MOST_WAITING);
  /** Whoever has the secret of a group may ask as often as it likes: not at the cost of those elsewhere. */
  readonly #sources = new Sources();
  readonly #figures = { granted: 0, refused: 0, busy: 0 };

  constructor(options: XauthOptions) {
    this.#options = options;
  }

  async answer(question: XauthQuestion): Promise<Reply> {
    const { peer } = question;
    const source = sourceOf(peer);
    if (this.#sources.held(source) >= MOST_OF_SOURCE) {
      this.#figures.busy++;
      return { t: 'xauth', ok: false, why: `${MOST_OF_SOURCE} logins from ${peer} wait to be checked` };
    }
    this.#sources.take(source);
    // Its asker may end, and wipe it, while we wait for our turn.
    const password = Uint8Array.from(question.password);
    try {
      const found = await this.#turns.take(() => this.#check({ ...question, password }));
      if (found && 'addresses' in found) {
        this.#figures.granted++;
        return { t: 'xauth', ok: true, addresses: found.addresses };
      }
      this.#figures[found ? 'refused' : 'busy']++;
      await this.#options.later(FAIL_DELAY);
      return { t: 'xauth', ok: false, why: found?.why ?? 'too many passwords wait to be checked' };
    } catch (error) {
      return { t: 'none', why: `internal error: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      this.#sources.giveBack(source);
      password.fill(0);
    }
  }

  /** Names and values for `--globalstatus`. */
  *figures(): Generator<readonly [string, number]> {
    for (const [name, value] of Object.entries(this.#figures)) yield [`xauth.${name}`, value];
  }

  #check(question: XauthQuestion): Promise<Verdict> {
    const { password } = question;
    // For crypt(3) and PAM it would end there.
    const isUnfit = question.by !== 'alwaysok' && (password.length === 0 || password.includes(0));
    if (isUnfit) return Promise.resolve({ why: 'a password that is empty, or has a NUL in it' });
    switch (question.by) {
      case 'alwaysok':
        return Promise.resolve({ addresses: [] });
      case 'pam':
        return this.#byPam(question);
      case 'file':
        return this.#byFile(question);
    }
  }

  async #byPam({ user, password, peer }: XauthQuestion): Promise<Verdict> {
    const why = await this.#options.pam(PAM_SERVICE, user, password, `${peer}`);
    return why === undefined ? { addresses: [] } : { why: `PAM: ${why}` };
  }

  async #byFile({ user, password, conn }: XauthQuestion): Promise<Verdict> {
    const { file, crypt, log } = this.#options;
    const users = await file.users();
    if (typeof users === 'string') {
      log('warn', `XAUTH: no users: ${users}`);
      return { why: `no users: ${users}` };
    }
    const lines = users.of(user, conn).slice(0, MOST_LINES);
    let why = `no user ${shown(user)} for "${conn}" in ${file.path}`;
    for (const { hash, addresses, line } of lines) {
      const wrong = await crypt(password, hash);
      if (wrong === undefined) return { addresses: addresses.map(({ start }) => start) };
      why = `${wrong} (${file.path}:${line})`;
    }
    if (lines.length === 0) await crypt(password, DUMMY);
    return { why };
  }
}

type Verdict = { readonly addresses: readonly Address[] } | { readonly why: string };
