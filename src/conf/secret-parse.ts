/** One entry of ipsec.secrets(5), from words to what it says. No message has a word of the entry. */
import { ID_TYPES, Id } from '../net/id.ts';
import { parseAddress } from './address-text.ts';
import { decode } from './encoded-bytes.ts';
import type { Place } from './scan.ts';
import type { Secret, SecretSlab } from './secret.ts';
import {
  type Index,
  KEY_KINDS,
  type KeyEntry,
  type KeyKind,
  type SecretEntry,
  type SecretKind,
} from './secret-entry.ts';
import { parseRsa } from './secret-rsa.ts';
import { type Entry, firstOf, isWord, lastOf, lengthOf, octetsOf, textOf, type Word } from './secret-words.ts';

export interface ParsePorts {
  error(place: Place, text: string): void;
  /** What is said with it does not keep the rest from being loaded. */
  warn(place: Place, text: string): void;
  /** A key's file, or why it cannot be read. */
  readKey(place: Place, name: string): ReadKey | string;
  /** Where the secrets go. */
  readonly slab: SecretSlab;
  /** Some of what has been read as an index; a gateway stands in the entry of each of its peers. */
  readonly indices: Map<string, Index>;
}

export interface ReadKey {
  readonly path: string;
  readonly octets: Secret;
}

/** `[index…] : KIND value…`. Undefined if it is malformed, or to be left out; `ports` have been told. */
export function parseEntry(words: Entry, ports: ParsePorts): SecretEntry | undefined {
  const { place } = words[0];
  const split = splitAtColon(words);
  if (split === undefined) {
    ports.error(place, 'expected indices, a colon between blanks, a kind and a value');
    return undefined;
  }
  const [kindWord, ...values] = split.rest;
  const kind = kindWord && ALL_KINDS.find((k) => isWord(kindWord, k) || (k === 'PPKS' && isWord(kindWord, 'PPK')));
  if (kind === undefined) {
    ports.error(place, `expected ${ALL_KINDS.join(', ')} after the colon`);
    return undefined;
  }
  const indices = split.indices.map((word) => (kind === 'EAP' ? userOf(word) : undefined) ?? indexOf(word, ports));
  const base = { file: place.file, line: place.line, indices };
  const refuse = (text: string) => ports.error(place, `${kind}: ${text}`);
  const owner = OWNERS[kind];
  // What were for everybody would let in whoever knows it by whatever name.
  if (owner !== undefined && indices.every(({ t }) => t === 'any')) {
    refuse(`expected ${owner} before the colon: it cannot be for everybody`);
    return undefined;
  }
  switch (kind) {
    case 'PSK':
    case 'XAUTH':
    case 'EAP':
    case 'RADIUS': {
      const secret = onlySecret(values, ports.slab, refuse);
      return secret && { ...base, kind, secret };
    }
    case 'PPKS': {
      const [idWord, ...rest] = values;
      const id = idWord && ppkId(idWord);
      if (id === undefined) {
        refuse(`expected its ID first, "text" or 0x and hex, up to ${MAX_PPK_ID} octets`);
        return undefined;
      }
      const secret = onlySecret(rest, ports.slab, refuse);
      return secret && { ...base, kind, id, secret };
    }
    case 'PIN': {
      const [first, ...rest] = values;
      const value = first && rest.length > 0 && !first.isQuoted && firstOf(first) === PERCENT ? rest : values;
      if (value.length === 1 && isWord(value[0], '%prompt')) return { ...base, kind };
      const secret = onlySecret(value, ports.slab, refuse);
      return secret && { ...base, kind, secret };
    }
    default: {
      const [first] = values;
      const isBrace = kind === 'RSA' && first && !first.isQuoted && firstOf(first) === OPEN;
      const key = isBrace ? numbers(place, values, ports) : keyFile(place, kind, values, ports);
      return key && { ...base, kind, key };
    }
  }
}

/** libreswan's limit for a PPK_ID, octets. */
const MAX_PPK_ID = 64;

const ALL_KINDS: readonly SecretKind[] = ['PSK', 'XAUTH', 'EAP', 'RADIUS', 'PPKS', ...KEY_KINDS, 'PIN'];

/** Whose the secrets of a kind are, one by one. */
const OWNERS: Partial<Readonly<Record<SecretKind, string>>> = {
  EAP: "the user's name",
  XAUTH: "the user's name, such as @joe,",
  RADIUS: "the server's address",
};

const PERCENT = 0x25;
const COLON = 0x3a;
const OPEN = 0x7b;

/** The colon stands alone, before the kind (`:PSK`) or behind the last index (`@east:`), where it is no part of it. */
function splitAtColon(
  words: readonly Word[],
): { readonly indices: readonly Word[]; readonly rest: readonly Word[] } | undefined {
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.isQuoted) continue;
    const split = (own: readonly Word[], kind: readonly Word[]) => ({
      indices: [...words.slice(0, i), ...own],
      rest: [...kind, ...words.slice(i + 1)],
    });
    if (firstOf(word) === COLON) {
      if (lengthOf(word) === 1) return split([], []);
      if (octetsOf(word).subarray(1).every(isLetter)) return split([], [{ ...word, start: word.start + 1 }]);
    }
    if (lastOf(word) === COLON && !isAddress(word)) return split([{ ...word, end: word.end - 1 }], []);
  }
  return undefined;
}

const isLetter = (octet: number): boolean => /[A-Za-z]/.test(String.fromCharCode(octet));
const isAddress = (word: Word): boolean => lengthOf(word) < 64 && parseAddress(textOf(word)) !== undefined;

const MAX_KNOWN = 256;

const ANY: Index = { t: 'any' };
const NONE: Index = { t: 'none' };

/** A value that has lost the blank before it: `@east"…"`. One `'` alone is part of a name. */
const HAS_QUOTES = /"|'.*'/;

/** What cannot match stays in the list as that: leaving it out would widen the entry. */
function indexOf(word: Word, ports: ParsePorts): Index {
  const text = textOf(word);
  const known = ports.indices.get(text);
  const index = known ?? (!word.isQuoted && HAS_QUOTES.test(text) ? NONE : parseIndex(text));
  if (index === NONE)
    ports.warn(
      word.place,
      'an index that is neither an address, @FQDN, user@FQDN, a distinguished name nor %any matches nobody: host names are not looked up',
    );
  else if (known === undefined) {
    if (ports.indices.size === MAX_KNOWN) ports.indices.clear();
    ports.indices.set(text, index);
  }
  return index;
}

/** A name alone, which strongSwan takes for a user's; of other entries it would be a host's, which is not looked up. */
function userOf(word: Word): Index | undefined {
  const text = textOf(word);
  const isName = /^[^@%"':=]+$/.test(text) && parseIndex(text) === NONE;
  return isName ? { t: 'id', id: new Id(ID_TYPES.ID_FQDN, Uint8Array.from(octetsOf(word))) } : undefined;
}

function parseIndex(text: string): Index {
  const address = parseAddress(text);
  if (address?.isAny || /^%any[46]?$/i.test(text)) return ANY;
  const id = address ? Id.ofAddress(address) : Id.parse(text);
  return id ? { t: 'id', id } : NONE;
}

function onlySecret(
  [value, ...more]: readonly Word[],
  slab: SecretSlab,
  refuse: (text: string) => void,
): Secret | undefined {
  if (value === undefined) refuse('the secret is missing');
  else if (more.length > 0) refuse('more than one word; quote the secret');
  else if (lengthOf(value) === 0) refuse('the secret is empty');
  else {
    const secret = slab.keep(lengthOf(value), (room) => writeValue(value, room));
    if (secret === undefined) refuse('expected "text", 0x and hex, 0s and base64, or 0t and text');
    return secret;
  }
  return undefined;
}

function writeValue(value: Word, room: Uint8Array): number | undefined {
  const octets = octetsOf(value);
  if (!value.isQuoted) return decode(octets, room);
  room.set(octets);
  return octets.length;
}

function ppkId(word: Word): Uint8Array | undefined {
  const octets = new Uint8Array(lengthOf(word));
  const length = writeValue(word, octets) ?? 0;
  return length > 0 && length <= MAX_PPK_ID ? octets.slice(0, length) : undefined;
}

function numbers(place: Place, words: readonly Word[], ports: ParsePorts): KeyEntry['key'] | undefined {
  const parsed = parseRsa(words, ports.slab);
  if ('t' in parsed) return parsed;
  if ('wrong' in parsed) ports.error(place, `RSA: ${parsed.wrong}`);
  else ports.warn(place, 'RSA: the private numbers are not here (they were in NSS); the entry is left out');
  return undefined;
}

/** `FILE ["passphrase" | %prompt]`. */
function keyFile(
  place: Place,
  kind: KeyKind,
  [name, phrase, ...more]: readonly Word[],
  ports: ParsePorts,
): KeyEntry['key'] | undefined {
  const isPrompted = phrase !== undefined && isWord(phrase, '%prompt');
  if (name === undefined || lengthOf(name) === 0 || more.length > 0) {
    ports.error(place, `${kind}: expected a file, and "passphrase" or %prompt if it has one`);
    return undefined;
  }
  const refuse = (text: string) => ports.error(place, `${kind}: passphrase: ${text}`);
  const passphrase = phrase && !isPrompted ? onlySecret([phrase], ports.slab, refuse) : undefined;
  if (phrase && !isPrompted && !passphrase) return undefined;
  const read = ports.readKey(place, textOf(name));
  if (typeof read !== 'string') return { t: 'file', ...read, passphrase, isPrompted };
  passphrase?.wipe();
  ports.warn(place, `${kind}: ${read}; the entry is left out`);
  return undefined;
}
