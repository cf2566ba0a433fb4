/** One entry of ipsec.secrets(5), from words to what it says. No message has a word of the entry. */
import { Id } from '../net/id.ts';
import { parseAddress } from './address-text.ts';
import { parseEncoded } from './encoded-bytes.ts';
import { Secret } from './secret.ts';
import {
  type Index,
  KEY_KINDS,
  type KeyEntry,
  type KeyKind,
  type SecretEntry,
  type SecretKind,
} from './secret-entry.ts';
import { parseRsa } from './secret-rsa.ts';
import { COLON, isWord, textOf, type Word } from './secret-words.ts';

export interface ParsePorts {
  error(text: string): void;
  /** What is said with it does not keep the rest from being loaded. */
  warn(text: string): void;
  /** A key's file, or why it cannot be used. What it holds is looked at if a `check` is asked for. */
  readKey(name: string, check: false | { readonly passphrase: Secret | undefined }): ReadKey | string;
}

export interface ReadKey {
  readonly path: string;
  readonly octets: Secret;
}

/** `[index…] : KIND value…`. Undefined if it is malformed, or to be left out; `ports` have been told. */
export function parseEntry(words: readonly [Word, ...Word[]], ports: ParsePorts): SecretEntry | undefined {
  const split = splitAtColon(words);
  if (split === undefined) {
    ports.error('expected indices, a colon between blanks, a kind and a value');
    return undefined;
  }
  const [kindWord, ...values] = split.rest;
  const kind = kindWord && ALL_KINDS.find((k) => isWord(kindWord, k) || (k === 'PPKS' && isWord(kindWord, 'PPK')));
  if (kind === undefined) {
    ports.error(`expected ${ALL_KINDS.join(', ')} after the colon`);
    return undefined;
  }
  const [{ file, line }] = words;
  const base = { file, line, indices: split.indices.map((word) => parseIndex(word, ports)) };
  const refuse = (text: string) => ports.error(`${kind}: ${text}`);
  switch (kind) {
    case 'PSK':
    case 'XAUTH': {
      const secret = onlySecret(values, refuse);
      return secret && { ...base, kind, secret };
    }
    case 'PPKS': {
      const [idWord, ...rest] = values;
      const id = idWord && octetsOf(idWord);
      if (id === undefined || id.length === 0 || id.length > MAX_PPK_ID) {
        refuse(`expected its ID first, "text" or 0x and hex, up to ${MAX_PPK_ID} octets`);
        return undefined;
      }
      const secret = onlySecret(rest, refuse);
      return secret && { ...base, kind, id, secret };
    }
    case 'PIN': {
      const value = values[0] && startsWithPercent(values[0]) && values.length > 1 ? values.slice(1) : values;
      if (value.length === 1 && isWord(value[0], '%prompt')) return { ...base, kind };
      const secret = onlySecret(value, refuse);
      return secret && { ...base, kind, secret };
    }
    default: {
      const key =
        values[0] && isBrace(values[0]) && kind === 'RSA' ? numbers(values, ports) : keyFile(kind, values, ports);
      return key && { ...base, kind, key };
    }
  }
}

/** libreswan's limit for a PPK_ID. */
const MAX_PPK_ID = 64;

const ALL_KINDS: readonly SecretKind[] = ['PSK', 'XAUTH', 'PPKS', ...KEY_KINDS, 'PIN'];

const startsWithPercent = ({ octets, isQuoted }: Word): boolean => !isQuoted && octets[0] === 0x25;
const isBrace = ({ octets, isQuoted }: Word): boolean => !isQuoted && octets[0] === 0x7b;

/** The colon stands alone, before the kind (`:PSK`) or behind the last index (`@east:`), where it is no part of it. */
function splitAtColon(
  words: readonly Word[],
): { readonly indices: readonly Word[]; readonly rest: readonly Word[] } | undefined {
  for (const [i, word] of words.entries()) {
    const { octets, isQuoted } = word;
    if (isQuoted) continue;
    const split = (own: readonly Word[], kind: readonly Word[]) => ({
      indices: [...words.slice(0, i), ...own],
      rest: [...kind, ...words.slice(i + 1)],
    });
    if (octets.length === 1 && octets[0] === COLON) return split([], []);
    if (octets[0] === COLON && octets.subarray(1).every(isLetter))
      return split([], [{ ...word, octets: octets.subarray(1) }]);
    if (octets[octets.length - 1] === COLON && !isAddress(word))
      return split([{ ...word, octets: octets.subarray(0, -1) }], []);
  }
  return undefined;
}

const isLetter = (octet: number): boolean => /[A-Za-z]/.test(String.fromCharCode(octet));
const isAddress = (word: Word): boolean => word.octets.length < 64 && parseAddress(textOf(word)) !== undefined;

/** A value that has lost the blank before it: `@east"…"`. One `'` alone is part of a name. */
const HAS_QUOTES = /"|'.*'/;

/** What cannot match stays in the list as that: leaving it out would widen the entry. */
function parseIndex(word: Word, ports: ParsePorts): Index {
  const text = textOf(word);
  const address = parseAddress(text);
  if (address?.isAny || /^%any[46]?$/i.test(text)) return { t: 'any' };
  const id = address ? Id.ofAddress(address) : !word.isQuoted && HAS_QUOTES.test(text) ? undefined : Id.parse(text);
  if (id !== undefined) return { t: 'id', id };
  ports.warn(
    'an index that is neither an address, @FQDN, user@FQDN, a distinguished name nor %any matches nobody: host names are not looked up',
  );
  return { t: 'none' };
}

function onlySecret([value, ...more]: readonly Word[], refuse: (text: string) => void): Secret | undefined {
  if (value === undefined) refuse('the secret is missing');
  else if (more.length > 0) refuse('more than one word; quote the secret');
  else {
    const octets = octetsOf(value);
    if (octets === undefined) refuse('expected "text", 0x and hex, 0s and base64, or 0t and text');
    else if (octets.length === 0) refuse('the secret is empty');
    else return new Secret(octets);
  }
  return undefined;
}

/** A copy. */
const octetsOf = ({ octets, isQuoted }: Word): Uint8Array | undefined =>
  isQuoted ? Uint8Array.from(octets) : parseEncoded(octets);

function numbers(words: readonly Word[], ports: ParsePorts): KeyEntry['key'] | undefined {
  const parsed = parseRsa(words);
  if ('t' in parsed) return parsed;
  if ('wrong' in parsed) ports.error(`RSA: ${parsed.wrong}`);
  else ports.warn('RSA: the private numbers are not here (they were in NSS); the entry is left out');
  return undefined;
}

/** `FILE ["passphrase" | %prompt]`. */
function keyFile(
  kind: KeyKind,
  [name, phrase, ...more]: readonly Word[],
  ports: ParsePorts,
): KeyEntry['key'] | undefined {
  const isPrompted = phrase !== undefined && isWord(phrase, '%prompt');
  if (name === undefined || name.octets.length === 0 || more.length > 0) {
    ports.error(`${kind}: expected a file, and "passphrase" or %prompt if it has one`);
    return undefined;
  }
  const passphrase =
    phrase && !isPrompted ? onlySecret([phrase], (text) => ports.error(`${kind}: passphrase: ${text}`)) : undefined;
  if (phrase && !isPrompted && !passphrase) return undefined;
  const read = ports.readKey(textOf(name), kind !== 'P12' && !isPrompted && { passphrase });
  if (typeof read !== 'string') return { t: 'file', ...read, passphrase, isPrompted };
  passphrase?.wipe();
  ports.warn(`${kind}: ${read}; the entry is left out`);
  return undefined;
}
