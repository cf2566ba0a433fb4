/**
 * The file that leases are kept in across runs of the daemon. A change is written before anybody is told of it, so that
 * a daemon that is killed forgets nothing; it reaches the disk some milliseconds later, off the main thread. What the
 * changes come to is written anew, beside them and a slice at a time, when there are many more of them than leases.
 */
import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  open,
  openSync,
  readFileSync,
  renameSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { HEADER, lineOf, read } from './journal.ts';
import { LINGER, type Notes, type Remembered } from './leases.ts';
import type { Lease } from './pool.ts';

/** The daemon's, as far as it is needed here. */
interface Clock {
  now(): number;
  /** ms since 1970. */
  wall(): number;
  alarm(at: number, ring: () => void): { cancel(): void };
}

export interface LeaseFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: (level: 'info' | 'warn', text: string) => void;
  /** Whatever is worth keeping, when all is written anew. */
  readonly all: () => Iterable<Lease>;
}

export interface Found {
  readonly leases: readonly Remembered[];
  /** Nothing has been lost. */
  readonly isWhole: boolean;
}

/** ms between a change and its way to the disk: what a power failure may cost. */
const SYNC_AFTER = 50;
/** Changes beyond twice the leases before all is written anew. */
const MOST_SPARE = 4_096;
/** Leases written in one go, a few ms. */
const SLICE = 1_000;
/** ms until a disk that has failed is tried again. */
const RETRY_AFTER = 10_000;

const [opening, closing, writing, syncing] = [
  promisify(open),
  promisify(close),
  promisify(write),
  promisify(fdatasync),
];

export class LeaseFile implements Notes {
  readonly #options: LeaseFileOptions;
  #fd: number | undefined = undefined;
  #lines = 0;
  /** Lines that the next rewriting leaves. */
  #least = 0;
  /** What has changed while all is written anew. */
  #since: string[] | undefined = undefined;
  #rewriting: Promise<void> | undefined = undefined;
  #sync: { cancel(): void } | undefined = undefined;
  #retry: { cancel(): void } | undefined = undefined;
  #isClosed = false;

  constructor(options: LeaseFileOptions) {
    this.#options = options;
  }

  /** Reads what there is. In-use leases of a run that is over are held for a while: their peers may not know. */
  load(): Found {
    const { path, log, clock } = this.#options;
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.#begin({ leases: [], isWhole: true }, 'a');
      log('warn', `leases: cannot read ${path}: ${textOf(error)}; nobody keeps the address of an earlier run`);
      return { leases: [], isWhole: false };
    }
    const { leases, lines, damaged, damagedAt } = read(bytes);
    if (damaged > 0)
      log(
        'warn',
        `leases: ${damaged} of ${lines} lines of ${path} are damaged, the first at octet ${damagedAt}; who is new has to wait ${LINGER / 1000} seconds`,
      );
    const heldUntil = clock.wall() + LINGER;
    const found = leases
      .map((lease) => ({ ...lease, heldUntil: lease.heldUntil === 'in use' ? heldUntil : lease.heldUntil }))
      .sort((a, b) => a.heldUntil - b.heldUntil);
    this.#lines = lines;
    this.#least = leases.length;
    const isWorn = damaged > 0 || lines > 2 * leases.length + MOST_SPARE;
    return this.#begin({ leases: found, isWhole: damaged === 0 }, isWorn ? 'w' : 'a');
  }

  taken(lease: Lease): void {
    this.#append(lineOf(lease));
  }

  given(lease: Lease): void {
    this.#append(lineOf(lease));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sync?.cancel();
    this.#retry?.cancel();
    await this.#rewriting;
    if (this.#fd === undefined) return;
    try {
      fsyncSync(this.#fd);
      closeSync(this.#fd);
    } catch (error) {
      this.#options.log('warn', `leases: ${textOf(error)}`);
    }
    this.#fd = undefined;
  }

  /** `how`: go on with the file, or put one in its place that says the same. */
  #begin(found: Found, how: 'a' | 'w'): Found {
    const { path, log } = this.#options;
    try {
      if (how === 'a') {
        this.#fd = openSync(path, 'a', MODE);
        if (fstatSync(this.#fd).size === 0) this.#putTo(this.#fd, HEADER);
        return found;
      }
      const fd = openSync(`${path}.new`, 'w', MODE);
      const text = found.leases.map((lease) => lineOf({ ...lease, users: 0 })).join('');
      this.#putTo(fd, HEADER + text);
      fsyncSync(fd);
      renameSync(`${path}.new`, path);
      this.#fd = fd;
      this.#lines = found.leases.length;
    } catch (error) {
      log('warn', `leases: cannot write ${path}: ${textOf(error)}; leases will not outlive this daemon`);
    }
    return found;
  }

  #append(line: string): void {
    if (this.#isClosed || (this.#fd === undefined && !this.#retry)) return;
    this.#since?.push(line);
    try {
      if (this.#fd !== undefined) this.#putTo(this.#fd, line);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#lines++;
    this.#syncSoon();
    if (this.#lines > 2 * this.#least + MOST_SPARE) this.#rewrite();
  }

  #putTo(fd: number, text: string): void {
    const octets = Buffer.from(text);
    if (writeSync(fd, octets) < octets.length) throw new Error('the disk is full');
  }

  /** Half a line may be there: all is written anew as soon as that can be. */
  #fail(error: unknown): void {
    const { log, clock, path } = this.#options;
    if (this.#retry) return;
    log('warn', `leases: cannot write ${path}: ${textOf(error)}; trying again in ${RETRY_AFTER / 1000} seconds`);
    this.#retry = clock.alarm(clock.now() + RETRY_AFTER, () => {
      this.#retry = undefined;
      this.#rewrite();
    });
  }

  #syncSoon(): void {
    const { clock } = this.#options;
    if (this.#sync || this.#fd === undefined) return;
    const fd = this.#fd;
    this.#sync = clock.alarm(clock.now() + SYNC_AFTER, () => {
      const done = () => {
        this.#sync = undefined;
      };
      // One that has been put in the place of another is on the disk already.
      if (fd !== this.#fd) return done();
      syncing(fd).then(done, done);
    });
  }

  #rewrite(): void {
    if (this.#rewriting || this.#isClosed) return;
    this.#since = [];
    this.#rewriting = this.#rewritten()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#since = undefined;
        this.#rewriting = undefined;
      });
  }

  async #rewritten(): Promise<void> {
    const { path, all } = this.#options;
    const worth = [...all()];
    const fd = await opening(`${path}.new`, 'w', MODE);
    try {
      await writeAll(fd, HEADER);
      let lines = 0;
      for (let at = 0; at < worth.length; at += SLICE) {
        const slice = worth
          .slice(at, at + SLICE)
          .filter(({ users, identity, heldUntil }) => users > 0 || identity !== '' || heldUntil > 0);
        // Then what has changed meanwhile: it says the same, or more.
        await writeAll(fd, [...slice.map(lineOf), ...this.#since!.splice(0)].join(''));
        lines += slice.length;
      }
      await syncing(fd);
      // From here on in one go: whatever changes is either there or comes after it.
      const rest = this.#since!.splice(0);
      this.#putTo(fd, rest.join(''));
      renameSync(`${path}.new`, path);
      const old = this.#fd;
      this.#fd = fd;
      this.#lines = lines + rest.length;
      this.#least = lines;
      if (old !== undefined) await closing(old);
    } catch (error) {
      if (this.#fd !== fd) await closing(fd);
      throw error;
    }
  }
}

async function writeAll(fd: number, text: string): Promise<void> {
  const octets = Buffer.from(text);
  const { bytesWritten } = await writing(fd, octets);
  if (bytesWritten < octets.length) throw new Error('the disk is full');
}

const MODE = 0o600;
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
