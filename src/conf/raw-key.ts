/** Public keys as `leftrsasigkey=`, `leftecdsakey=` and `leftpubkey=` have them. */
import { ckaid } from '../ike/crypto/signature/key-id.ts';
import { kindRow } from '../ike/crypto/signature/key-kind.ts';
import {
  encodeSpki,
  type PublicKey,
  parseEcdsaKey,
  parseRsaKey,
  parseSpki,
  type Wrong,
} from '../ike/crypto/signature/public-key.ts';
import type { RawKey } from './conn.ts';
import { parseEncoded } from './encoded-bytes.ts';
import { shown } from './printable.ts';
import type { ValueFault } from './values.ts';

export const KEY_KEYWORDS = ['rsasigkey', 'ecdsakey', 'pubkey'] as const;
export type KeyKeyword = (typeof KEY_KEYWORDS)[number];

/** The key; `dns`: to be looked for there; undefined: none here, or in the certificate. */
export function parseRawKey(keyword: KeyKeyword, text: string): RawKey | 'dns' | undefined | ValueFault {
  const word = text.toLowerCase();
  if (WORDS.has(word)) return undefined;
  if (DNS_WORDS.has(word)) return 'dns';
  if (text.startsWith('%'))
    return { fault: `${shown(text)} is none of ${[...WORDS, ...DNS_WORDS].filter(Boolean).join(', ')}` };
  const octets = decoded(text);
  if (isWrong(octets)) return { fault: octets.wrong };
  const key = read(keyword, octets);
  if (isWrong(key)) return { fault: `bad key: ${key.wrong}` };
  const { kind, bits } = key;
  return Object.freeze({ kind, bits, spki: encodeSpki(key), ckaid: ckaid(key) });
}

const WORDS: ReadonlySet<string> = new Set(['', '%cert', '%none']);
const DNS_WORDS: ReadonlySet<string> = new Set(['%dns', '%dnsondemand', '%dnsonload']);

/** No key of any kind takes more: 16384 bits of RSA, with an exponent as long. */
const MAX_CHARACTERS = 12_000;

/** `0s` base64, `0x` hex, or base64 as it is. */
function decoded(text: string): Uint8Array | Wrong {
  if (text.length > MAX_CHARACTERS) return { wrong: `a key of ${text.length} characters is too long` };
  const form = text.slice(0, 2).toLowerCase();
  const isHex = form === '0x';
  const octets = parseEncoded(Buffer.from(isHex || form === '0s' ? text : `0s${text}`, 'latin1'));
  if (octets) return octets;
  if (isHex) return { wrong: 'bad hex: expected 0x and pairs of hex digits' };
  return { wrong: 'bad base64: expected a key as base64 (0s…, or as it is), hex (0x…), %cert, %dns or %none' };
}

function read(keyword: KeyKeyword, octets: Uint8Array): PublicKey | Wrong {
  const spki = octets[0] === SEQUENCE ? parseSpki(octets) : undefined;
  if (spki && !isWrong(spki)) return ofKind(keyword, spki);
  switch (keyword) {
    case 'rsasigkey':
      return parseRsaKey(octets);
    case 'ecdsakey':
      return parseEcdsaKey(octets);
    case 'pubkey':
      return spki ?? { wrong: 'it is no SubjectPublicKeyInfo in DER' };
  }
}

const SEQUENCE = 0x30;

function ofKind(keyword: KeyKeyword, key: PublicKey): PublicKey | Wrong {
  const { type, name } = kindRow(key.kind);
  const isOther = (keyword === 'rsasigkey' && type !== 'RSA') || (keyword === 'ecdsakey' && type !== 'ECDSA');
  return isOther ? { wrong: `it is ${name}; pubkey= takes keys of any kind` } : key;
}

const isWrong = (value: object): value is Wrong => 'wrong' in value;

/** 20 octets in hex, with or without `0x` and colons: SHA-1 of a public key. */
export function parseCkaid(text: string): Uint8Array | ValueFault {
  const isCkaid = /^(0x)?[0-9a-f]{40}$/i.test(text) || /^[0-9a-f]{2}(:[0-9a-f]{2}){19}$/i.test(text);
  if (!isCkaid) return { fault: 'expected the 40 hex digits of a CKAID' };
  return Uint8Array.from(Buffer.from(text.replace(/^0x/i, '').replaceAll(':', ''), 'hex'));
}
