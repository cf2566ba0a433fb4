/**
 * PKCS#12 (RFC 7292): a private key with its certificates, under a passphrase.
 *
 *     PFX  version, ContentInfo: safes, MacData
 *       safe  in clear or encrypted: bags
 *         bag  a key, in clear or encrypted; a certificate; a CRL. With attributes: a name, an id that key and
 *              certificate share
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { encode, type Node, octetsOf, oidOf, parseBer, partsOf, textOf } from './ber.ts';
import { decrypt, derive, type Locked, MAC, NOT_THE_ONE, Passphrase } from './passphrase-crypto.ts';

export interface Bag {
  readonly kind: 'key' | 'certificate' | 'crl';
  /** DER: PKCS#8, unencrypted and the caller's to wipe; a certificate; a CRL. */
  readonly der: Uint8Array;
  /** As whoever made the file called it. */
  readonly name: string | undefined;
}

/** Bags of one file, and safes. */
const MOST_BAGS = 256;

/** Everything that is in it. */
export function readPkcs12(octets: Uint8Array, text: string): readonly Bag[] | Wrong | Locked {
  const [version, authSafe, macData] = partsOf(parseBer(octets));
  const [type, content] = partsOf(authSafe);
  if (octetsOf(version)[0] !== 3 || oidOf(type) !== DATA) return { wrong: 'it is no PKCS#12 file with a passphrase' };
  const safes = octetsOf(partsOf(content)[0]);
  const passphrase = unlock(macData, safes, text);
  if ('wrong' in passphrase) return passphrase;
  const bags: Bag[] = [];
  for (const safe of partsOf(parseBer(safes)).slice(0, MOST_BAGS)) {
    const contents = openSafe(safe, passphrase);
    if ('wrong' in contents) return contents;
    for (const bag of partsOf(parseBer(contents))) {
      const read = readBag(bag, passphrase);
      if (read && 'wrong' in read) return read;
      if (read && bags.push(read) > MOST_BAGS)
        return { wrong: `it holds more than ${MOST_BAGS} keys and certificates` };
    }
  }
  return bags;
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const BAG = '1.2.840.113549.1.12.10.1.';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const X509_CRL = '1.2.840.113549.1.9.23.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';

const HASHES: Readonly<Record<string, readonly [name: string, octets: number] | undefined>> = {
  '1.3.14.3.2.26': ['sha1', 20],
  '2.16.840.1.101.3.4.2.1': ['sha256', 32],
  '2.16.840.1.101.3.4.2.2': ['sha384', 48],
  '2.16.840.1.101.3.4.2.3': ['sha512', 64],
  '2.16.840.1.101.3.4.2.4': ['sha224', 28],
};

/** The form of the passphrase that the MAC is good for. RFC 7292 §4, §B. */
function unlock(macData: Node | undefined, safes: Uint8Array, text: string): Passphrase | Wrong | Locked {
  if (macData === undefined) return new Passphrase(text);
  const [digestInfo, salt, iterations] = partsOf(macData);
  const [algorithm, expected] = partsOf(digestInfo);
  const hash = HASHES[oidOf(partsOf(algorithm)[0])];
  if (hash === undefined) return { wrong: 'its MAC is of an unknown kind' };
  const [name, length] = hash;
  for (const passphrase of text === '' ? [new Passphrase(''), new Passphrase(undefined)] : [new Passphrase(text)]) {
    const rounds = passphrase.rounds(iterations);
    if (typeof rounds !== 'number') return rounds;
    const key = derive({ id: MAC, length, hash: name, salt: octetsOf(salt), rounds, password: passphrase.bmp });
    const mac = createHmac(name, key).update(safes).digest();
    const wanted = octetsOf(expected);
    if (wanted.length === mac.length && timingSafeEqual(mac, wanted)) return passphrase;
  }
  return NOT_THE_ONE;
}

/** A safe's bags, as octets. */
function openSafe(safe: Node, passphrase: Passphrase): Uint8Array | Wrong {
  const [type, content] = partsOf(safe);
  const [inner] = partsOf(content);
  if (oidOf(type) === DATA) return octetsOf(inner);
  if (oidOf(type) !== ENCRYPTED_DATA) return { wrong: 'a part of it is encrypted for somebody’s public key' };
  const [, encrypted] = partsOf(inner);
  const [, algorithm, octets] = partsOf(encrypted);
  return decrypt(algorithm, octetsOf(octets), passphrase);
}

/** Undefined for what is of no use: secrets of other kinds, attribute certificates. */
function readBag(bag: Node, passphrase: Passphrase): Bag | Wrong | undefined {
  const [type, content, attributes] = partsOf(bag);
  const [inner] = partsOf(content);
  if (inner === undefined) return undefined;
  const name = friendlyName(attributes);
  switch (oidOf(type)) {
    case `${BAG}1`:
      return { kind: 'key', der: encode(inner), name };
    case `${BAG}2`: {
      const [algorithm, octets] = partsOf(inner);
      const der = decrypt(algorithm, octetsOf(octets), passphrase);
      return 'wrong' in der ? der : { kind: 'key', der, name };
    }
    case `${BAG}3`:
    case `${BAG}4`: {
      const [kind, value] = partsOf(inner);
      const der = octetsOf(partsOf(value)[0]);
      if (oidOf(kind) === X509_CERTIFICATE) return { kind: 'certificate', der, name };
      return oidOf(kind) === X509_CRL ? { kind: 'crl', der, name } : undefined;
    }
    default:
      return undefined;
  }
}

function friendlyName(attributes: Node | undefined): string | undefined {
  for (const attribute of partsOf(attributes)) {
    const [type, values] = partsOf(attribute);
    const text = oidOf(type) === FRIENDLY_NAME ? textOf(partsOf(values)[0]) : '';
    if (text !== '') return text;
  }
  return undefined;
}
