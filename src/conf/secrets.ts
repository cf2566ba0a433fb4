/**
 * ipsec.secrets(5): entries of indices, a colon, a kind and a value. An entry begins in the first column and goes
 * on over indented lines. No message ever has a word of a value.
 */
import { posix } from 'node:path';
import { Id } from '../net/id.ts';
import { parseAddress } from './address-text.ts';
import { octets, parseEncoded } from './encoded-bytes.ts';
import type { FileSystem } from './file-system.ts';
import { shown } from './printable.ts';
import type { Problem } from './problem.ts';
import { linesOf, MAX_FILES, MAX_INCLUDE_DEPTH, type Place } from './scan.ts';
import { Secret } from './secret.ts';
import { type Index, type PskEntry, SecretStore } from './secret-store.ts';

export interface Secrets {
  readonly secrets: SecretStore;
  /** Entries of kinds that have no effect yet: where they are, not what they hold. */
  readonly others: readonly (Place & { readonly kind: OtherKind })[];
  readonly problems: readonly Problem[];
}

const OTHER_KINDS = ['RSA', 'ECDSA', 'PIN', 'XAUTH', 'PPKS', 'PPK'] as const;
export type OtherKind = (typeof OTHER_KINDS)[number];

/** Every file that `pattern` matches and what it includes. Malformed entries are left out and reported. */
export function loadSecrets(pattern: string, fs: FileSystem): Secrets {
  const reader = new Reader(fs);
  const found = isGlob(pattern) ? fs.glob(pattern) : [pattern];
  for (const file of found) reader.readFile(file, undefined, 0);
  return { secrets: new SecretStore(reader.psks), others: reader.others, problems: reader.problems };
}

const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

interface Token extends Place {
  readonly text: string;
  readonly isQuoted: boolean;
}

class Reader {
  readonly psks: PskEntry[] = [];
  readonly others: (Place & { readonly kind: OtherKind })[] = [];
  readonly problems: Problem[] = [];
  readonly #fs: FileSystem;
  #files = 0;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  readFile(file: string, from: Place | undefined, depth: number): void {
    if (++this.#files > MAX_FILES) {
      if (this.#files === MAX_FILES + 1) this.#error(from ?? { file, line: 0 }, `more than ${MAX_FILES} files`);
      return;
    }
    const read = this.#fs.read(file);
    if ('errno' in read) {
      this.#warn(from ?? { file, line: 0 }, `cannot read ${shown(file)}: ${read.errno}`);
      return;
    }
    if (((read.mode ?? 0) & 0o066) !== 0) {
      const mode = (read.mode ?? 0).toString(8).padStart(4, '0');
      this.#warn({ file, line: 0 }, `others than the owner may read or write it (mode ${mode}); chmod 600 it`);
    }
    for (const entry of this.#entries(read.text, file)) {
      if (entry[0].text === 'include' && !entry[0].isQuoted) this.#include(entry, depth + 1);
      else this.#addEntry(entry);
    }
  }

  /** The words of one entry after the other. */
  *#entries(text: string, file: string): Generator<Token[]> {
    let entry: Token[] = [];
    let braces: Place | undefined;
    let line = 0;
    for (const lineText of linesOf(text)) {
      line++;
      const tokens = this.#tokens(lineText, { file, line });
      if (tokens === undefined || tokens.length === 0) continue;
      const isContinued = /^[ \t]/.test(lineText) || braces !== undefined;
      if (!isContinued && entry.length > 0) {
        yield entry;
        entry = [];
      }
      if (isContinued && entry.length === 0) this.#error({ file, line }, 'an entry must begin in the first column');
      else for (const token of tokens) entry.push(token);
      for (const { text: word, isQuoted } of tokens) {
        if (!isQuoted && word.startsWith('{')) braces ??= { file, line };
        if (!isQuoted && word.endsWith('}')) braces = undefined;
      }
    }
    if (braces) this.#error(braces, 'the closing brace is missing');
    if (entry.length > 0) yield entry;
  }

  #tokens(text: string, { file, line }: Place): Token[] | undefined {
    const tokens: Token[] = [];
    for (let at = 0; at < text.length; ) {
      const char = text[at];
      if (char === ' ' || char === '\t') {
        at++;
        continue;
      }
      if (char === '#') break;
      const isQuoted = char === '"' || char === "'";
      let end = isQuoted ? text.indexOf(char, at + 1) : at;
      if (end < 0) {
        this.#error({ file, line }, 'the closing quote is missing');
        return undefined;
      }
      if (!isQuoted) while (end < text.length && text[end] !== ' ' && text[end] !== '\t') end++;
      tokens.push({ file, line, isQuoted, text: text.slice(isQuoted ? at + 1 : at, end) });
      at = isQuoted ? end + 1 : end;
    }
    return tokens;
  }

  #include([word, pattern, ...more]: readonly Token[], depth: number): void {
    if (pattern === undefined || more.length > 0) this.#error(word, 'include takes one file or pattern');
    else if (depth > MAX_INCLUDE_DEPTH) this.#error(word, `includes are nested more than ${MAX_INCLUDE_DEPTH} deep`);
    else {
      const path = posix.resolve(posix.dirname(word.file), pattern.text);
      for (const file of isGlob(path) ? this.#fs.glob(path) : [path]) this.readFile(file, word, depth);
    }
  }

  #addEntry(tokens: readonly Token[]): void {
    const place = { file: tokens[0].file, line: tokens[0].line };
    const colon = tokens.findIndex((t) => !t.isQuoted && /^:[A-Za-z]*$/.test(t.text));
    if (colon < 0) {
      this.#error(place, 'expected indices, a colon between blanks, a kind and a value');
      return;
    }
    // `:PSK` is a colon and a kind.
    const glued = tokens[colon].text.slice(1);
    const [kindToken, ...values] =
      glued === '' ? tokens.slice(colon + 1) : [{ ...tokens[colon], text: glued }, ...tokens.slice(colon + 1)];
    const kind = kindToken?.text.toUpperCase();
    const other = OTHER_KINDS.find((k) => k === kind);
    if (other !== undefined) this.#addOther(other, place);
    else if (kind === 'PSK') this.#addPsk(tokens.slice(0, colon), values, place);
    else this.#error(place, `expected PSK, ${OTHER_KINDS.join(', ')} after the colon`);
  }

  #addOther(kind: OtherKind, place: Place): void {
    if (!this.others.some((o) => o.kind === kind)) this.#warn(place, `${kind} secrets have no effect yet`);
    this.others.push({ ...place, kind });
  }

  #addPsk(indices: readonly Token[], [value, ...more]: readonly Token[], place: Place): void {
    const refuse = (text: string) => this.#error(place, `PSK: ${text}`);
    if (value === undefined) refuse('the secret is missing');
    else if (more.length > 0) refuse('more than one word; quote the secret');
    else if (value.text === '') refuse('the secret is empty');
    else if (value.text.includes('\ufffd')) refuse('the secret is not UTF-8; write it as 0x and hex');
    else {
      const bytes = value.isQuoted ? octets(value.text, 'utf8') : parseEncoded(value.text);
      if (bytes === undefined) refuse('expected "text", 0x and hex, 0s and base64, or 0t and text');
      else this.psks.push({ ...place, indices: indices.map((t) => this.#index(t)), secret: new Secret(bytes) });
    }
  }

  /** What cannot match stays in the list as that: leaving it out would widen the entry. */
  #index(token: Token): Index {
    const address = parseAddress(token.text);
    if (address?.isAny || /^%any6?$/i.test(token.text)) return { t: 'any' };
    const id = address ? Id.ofAddress(address) : token.text.includes('=') ? undefined : Id.parse(token.text);
    if (id !== undefined) return { t: 'id', id };
    this.#warn(token, 'an index that is neither an address, @FQDN nor user@FQDN has no effect yet');
    return { t: 'none' };
  }

  #error({ file, line }: Place, text: string): void {
    this.problems.push({ severity: 'error', file, line, text });
  }

  #warn({ file, line }: Place, text: string): void {
    this.problems.push({ severity: 'warning', file, line, text });
  }
}
