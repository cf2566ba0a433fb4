/** The users of `xauthby=file`: read when somebody is to be checked, and again when the file has become another. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Passwd, parsePasswd } from '../../conf/passwd.ts';
import { formatProblem } from '../../conf/problem.ts';

/** Octets. */
const MAX_FILE = 64 << 20;
/** Lines of what is wrong in it that are told. */
const MOST_PROBLEMS = 8;

export class PasswdFile {
  readonly #path: string;
  readonly #log: (level: 'info' | 'warn', text: string) => void;
  #known: { readonly stamp: string; readonly users: Passwd } | undefined = undefined;
  #reading: Promise<Passwd | string> | undefined = undefined;

  constructor(path: string, log: (level: 'info' | 'warn', text: string) => void) {
    this.#path = path;
    this.#log = log;
  }

  get path(): string {
    return this.#path;
  }

  /** Or why there are none. Many that ask at once wait for one reading. */
  users(): Promise<Passwd | string> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<Passwd | string> {
    try {
      // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
      const file = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const stat = await file.stat();
        const { mtimeMs, size, ino, dev, mode } = stat;
        const stamp = `${dev} ${ino} ${mtimeMs} ${size}`;
        if (this.#known?.stamp === stamp) return this.#known.users;
        if (!stat.isFile()) return `${this.#path} is no file`;
        if (size > MAX_FILE) return `${this.#path} has more than ${MAX_FILE} octets`;
        return this.#take(stamp, await file.readFile('utf8'), mode);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#known = undefined;
      return error instanceof Error ? error.message : String(error);
    }
  }

  #take(stamp: string, text: string, mode: number): Passwd {
    const { users, problems } = parsePasswd(text, this.#path);
    for (const problem of problems.slice(0, MOST_PROBLEMS)) this.#log('warn', formatProblem(problem));
    if (problems.length > MOST_PROBLEMS)
      this.#log('warn', `${this.#path}: ${problems.length - MOST_PROBLEMS} more lines are wrong`);
    if ((mode & 0o044) !== 0)
      this.#log('warn', `${this.#path} is readable by others than its owner (mode ${(mode & 0o777).toString(8)})`);
    this.#log('info', `XAUTH: ${users.size} users in ${this.#path}`);
    this.#known = { stamp, users };
    return users;
  }
}
