/**
 * ipsec.secrets(5): from files to a store, or to a list of everything that is wrong with them.
 *
 *     octets ──secret-words──► words ──secret-parse──► entries ──► SecretStore
 *              lines, quotes,          indices, kinds,             secret-index: who matches best
 *              comments, braces        encodings, keys
 *
 * The files are read as octets and wiped when they have been read: what a string holds stays in memory until
 * somebody needs the room. No message ever has a word of a value, nor of anything that could have been one.
 */

import { posix } from 'node:path';
import { atOnce } from './at-once.ts';
import type { OctetFiles } from './file-system.ts';
import type { Problem } from './problem.ts';
import { MAX_FILES, MAX_INCLUDE_DEPTH, type Place } from './scan.ts';
import type { Index } from './secret-entry.ts';
import { type ParsePorts, parseEntry, type ReadKey } from './secret-parse.ts';
import { SecretStore } from './secret-store.ts';
import { type Entry, entriesOf, isWord, textOf } from './secret-words.ts';

export interface Secrets {
  readonly secrets: SecretStore;
  readonly problems: readonly Problem[];
}

export interface SecretOptions {
  /** Where `: RSA east.pem` looks for its file. */
  readonly privateDir?: string;
}

/** Every file that `pattern` matches and what it includes. Malformed entries are left out and reported. */
export function loadSecrets(pattern: string, files: OctetFiles, options: SecretOptions = {}): Secrets {
  return atOnce(readingSecrets(pattern, files, options));
}

/** The same in steps of some 10 µs, an entry each: a gateway has as many as peers, who want answers meanwhile. */
export function* readingSecrets(
  pattern: string,
  files: OctetFiles,
  options: SecretOptions,
): Generator<undefined, Secrets> {
  const reader = new Reader(files, options);
  const found = isGlob(pattern) ? files.glob(pattern) : [pattern];
  if (found.length === 0) reader.warn({ file: pattern, line: 0 }, 'no file matches');
  for (const file of found) yield* reader.readingFile(file, undefined, 0);
  reader.sayWhatIsUnused();
  reader.sayWhatIsLeftOut(pattern);
  return { secrets: reader.store, problems: reader.problems };
}

const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Each is a line for the log and for whack; a file of anything but secrets has one in every line. */
const MAX_PROBLEMS = 200;

/** Larger ones are no private key. */
const MAX_KEY_OCTETS = 1 << 16;

class Reader implements ParsePorts {
  readonly store = new SecretStore();
  readonly slab = this.store.slab;
  readonly indices = new Map<string, Index>();
  readonly problems: Problem[] = [];
  readonly #files: OctetFiles;
  readonly #options: SecretOptions;
  #firstPin: Place | undefined = undefined;
  #count = 0;
  #moreErrors = 0;
  #moreWarnings = 0;

  constructor(files: OctetFiles, options: SecretOptions) {
    this.#files = files;
    this.#options = options;
  }

  *readingFile(file: string, from: Place | undefined, depth: number): Generator<undefined, void> {
    if (++this.#count > MAX_FILES) {
      if (this.#count === MAX_FILES + 1) this.error(from ?? { file, line: 0 }, `more than ${MAX_FILES} files`);
      return;
    }
    const read = this.#files.readOctets(file);
    if ('errno' in read) {
      // A file that is not there has no secrets; one that cannot be read may have, and those are not to be lost.
      const say = read.errno === 'ENOENT' ? this.warn : this.error;
      say(from ?? { file, line: 0 }, `cannot read ${from ? 'the file that is included' : 'it'}: ${read.errno}`);
      return;
    }
    this.#checkAccess({ file, line: 0 }, 'it', read);
    try {
      for (const entry of entriesOf(read.octets, file, this.error)) {
        yield undefined;
        if (isWord(entry[0], 'include')) yield* this.#including(entry, depth + 1);
        else this.#addEntry(entry);
      }
    } finally {
      read.octets.fill(0);
    }
  }

  /** One line for the kind that nothing uses. */
  sayWhatIsUnused(): void {
    if (this.#firstPin) this.warn(this.#firstPin, 'PIN secrets have no effect: keys are in files');
  }

  /** What there was no room for, as one problem. */
  sayWhatIsLeftOut(file: string): void {
    const more = this.#moreErrors + this.#moreWarnings;
    if (more === 0) return;
    const text = `${this.#moreErrors} more errors and ${this.#moreWarnings} more warnings`;
    this.problems.push({ severity: this.#moreErrors > 0 ? 'error' : 'warning', file, line: 0, text });
  }

  *#including([{ place }, pattern, ...more]: Entry, depth: number): Generator<undefined, void> {
    if (pattern === undefined || more.length > 0) this.error(place, 'include takes one file or pattern');
    else if (depth > MAX_INCLUDE_DEPTH) this.error(place, `includes are nested more than ${MAX_INCLUDE_DEPTH} deep`);
    else {
      const path = posix.resolve(posix.dirname(place.file), textOf(pattern));
      for (const file of isGlob(path) ? this.#files.glob(path) : [path]) yield* this.readingFile(file, place, depth);
    }
  }

  #addEntry(words: Entry): void {
    const entry = parseEntry(words, this);
    if (entry === undefined) return;
    if (entry.kind === 'PIN') this.#firstPin ??= words[0].place;
    const known = this.store.add(entry);
    if (known) this.warn(entry, `PPKS: the ID is at ${known.file}:${known.line} with another secret, which is used`);
  }

  /** The messages leave the name out: a secret may stand in its place by mistake. */
  readKey(place: Place, name: string): ReadKey | string {
    const path = posix.resolve(this.#options.privateDir ?? posix.dirname(place.file), name);
    const read = this.#files.readOctets(path);
    if ('errno' in read) return `cannot read its file: ${read.errno}`;
    try {
      if (read.octets.length > MAX_KEY_OCTETS) return `its file is larger than ${MAX_KEY_OCTETS} octets`;
      this.#checkAccess(place, 'its file', read);
      const octets = this.slab.keep(read.octets.length, (room) => {
        room.set(read.octets);
        return room.length;
      });
      return { path, octets };
    } finally {
      read.octets.fill(0);
    }
  }

  #checkAccess(place: Place, what: string, { mode = 0, isForeign }: { mode?: number; isForeign?: boolean }): void {
    if ((mode & 0o066) !== 0) {
      const shown = mode.toString(8).padStart(4, '0');
      this.warn(place, `others than the owner may read or write ${what} (mode ${shown}); chmod 600 it`);
    }
    if (isForeign) this.warn(place, `${what} belongs to somebody who is neither root nor us; chown it`);
  }

  readonly error = (place: Place, text: string): void => this.#report('error', place, text);
  readonly warn = (place: Place, text: string): void => this.#report('warning', place, text);

  #report(severity: Problem['severity'], { file, line }: Place, text: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ severity, file, line, text });
    else if (severity === 'error') this.#moreErrors++;
    else this.#moreWarnings++;
  }
}
