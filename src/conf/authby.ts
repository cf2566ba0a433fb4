/** `authby=`: which ways to prove an identity, in order of preference. */
import type { Authby } from './conn.ts';
import { nearest } from './nearest.ts';
import { shown } from './printable.ts';
import type { ValueFault } from './values.ts';

const RSA2: readonly Authby[] = ['rsa-sha2_256', 'rsa-sha2_384', 'rsa-sha2_512'];
const ECDSA: readonly Authby[] = ['ecdsa-sha2_256', 'ecdsa-sha2_384', 'ecdsa-sha2_512'];

const WORDS: Readonly<Record<string, readonly Authby[]>> = {
  secret: ['secret'],
  null: ['null'],
  never: ['never'],
  rsasig: [...RSA2, 'rsasig-v1.5'],
  rsa: [...RSA2, 'rsasig-v1.5'],
  'rsa-sha1': ['rsasig-v1.5'],
  'rsa-sha2': RSA2,
  'rsa-sha2_256': ['rsa-sha2_256'],
  'rsa-sha2_384': ['rsa-sha2_384'],
  'rsa-sha2_512': ['rsa-sha2_512'],
  ecdsa: ECDSA,
  'ecdsa-sha2': ECDSA,
  'ecdsa-sha2_256': ['ecdsa-sha2_256'],
  'ecdsa-sha2_384': ['ecdsa-sha2_384'],
  'ecdsa-sha2_512': ['ecdsa-sha2_512'],
  eddsa: ['eddsa'],
};

const KNOWN = new Map<string, readonly Authby[]>();
/** A file has a handful; whoever writes every order of every word shares less. */
const MOST_KNOWN = 256;

/** IKEv1 knows only a few of the words. */
const IKEV1_WORDS: ReadonlySet<string> = new Set(['secret', 'rsasig', 'rsa', 'never']);

/** Equal lists are one and the same. */
export function parseAuthby(words: readonly string[], version: 1 | 2): readonly Authby[] | ValueFault {
  const found = new Set<Authby>();
  for (const text of words) {
    const word = text.toLowerCase();
    if (!Object.hasOwn(WORDS, word)) {
      const meant = nearest(word, Object.keys(WORDS));
      return { fault: `${shown(text)} is unknown${meant === undefined ? '' : `; did you mean ${meant}?`}` };
    }
    if (version === 1 && !IKEV1_WORDS.has(word)) return { fault: `${word} needs IKEv2` };
    for (const way of WORDS[word]) found.add(way);
  }
  if (version === 1 && found.has('secret') && found.size > 1)
    return { fault: 'IKEv1 takes only one way to authenticate' };
  if (found.size === 0) return { fault: 'a way to authenticate is missing' };
  if (found.has('never') && found.size > 1) return { fault: 'never goes with nothing else' };
  const list = Object.freeze([...found]);
  const key = list.join();
  const known = KNOWN.get(key);
  if (known) return known;
  if (KNOWN.size < MOST_KNOWN) KNOWN.set(key, list);
  return list;
}

/** What a conn that says nothing means. */
export const DEFAULT_AUTHBY = parseAuthby(['rsasig', 'ecdsa'], 2) as readonly Authby[];
export const DEFAULT_AUTHBY_V1 = parseAuthby(['rsasig'], 1) as readonly Authby[];
