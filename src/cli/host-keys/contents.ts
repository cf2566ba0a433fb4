/** What a file holds that somebody wants to import: PKCS#12, PEM with any number of parts, or one thing in DER. */

import { parseCrl } from '../../ike/auth/x509/crl.ts';
import { nameText } from '../../ike/auth/x509/name.ts';
import { wipe } from '../../ike/crypto/misc.ts';
import { type PrivateKey, parsePrivateKey } from '../../ike/crypto/signature/private-key.ts';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { blocksOf } from '../../services/store/pem.ts';
import { StoredCertificate } from '../../services/store/stored-certificate.ts';
import type { Locked } from './passphrase-crypto.ts';
import { type Bag, readPkcs12 } from './pkcs12.ts';

export interface Contents {
  readonly keys: readonly Named<PrivateKey>[];
  readonly certificates: readonly Named<StoredCertificate>[];
  readonly crls: readonly Named<Uint8Array>[];
}

export interface Named<T> {
  readonly is: T;
  /** As whoever made the file called it; of a CRL, its issuer. */
  readonly name: string | undefined;
}

/** Larger files are nothing that anybody imports. */
export const MOST_OCTETS = 16 << 20;

/** `octets` stay the caller's. */
export function readContents(octets: Uint8Array, passphrase: string): Contents | Wrong | Locked {
  const isPem = Buffer.from(octets.buffer, octets.byteOffset, octets.length).includes('-----BEGIN ');
  const bags = isPem ? readPem(octets, passphrase) : readDer(octets, passphrase);
  if ('wrong' in bags) return bags;
  const keys: Named<PrivateKey>[] = [];
  const certificates: Named<StoredCertificate>[] = [];
  const crls: Named<Uint8Array>[] = [];
  for (const { kind, der, name } of bags) {
    if (kind === 'key') {
      const key = parsePrivateKey(der);
      wipe(der);
      if ('wrong' in key) return { wrong: `a private key in it is bad: ${key.wrong}` };
      keys.push({ is: key, name });
    } else if (kind === 'certificate') {
      const certificate = StoredCertificate.of(der, { path: '', nickname: undefined, readAt: 0 });
      if ('wrong' in certificate) return { wrong: `a certificate in it is none: ${certificate.wrong}` };
      if (!certificates.some(({ is }) => Buffer.compare(is.der, der) === 0))
        certificates.push({ is: certificate, name });
    } else {
      const crl = parseCrl(der);
      if ('wrong' in crl) return { wrong: `a CRL in it is none: ${crl.wrong}` };
      crls.push({ is: der, name: nameText(crl.issuer) });
    }
  }
  if (keys.length + certificates.length + crls.length === 0) return { wrong: 'there is nothing in it to import' };
  return { keys, certificates, crls };
}

function readPem(octets: Uint8Array, passphrase: string): readonly Bag[] | Wrong | Locked {
  const bags: Bag[] = [];
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  let at = 0;
  for (const { label, der } of blocksOf(octets)) {
    const from = text.indexOf(`-----BEGIN ${label}-----`, at);
    const end = `-----END ${label}-----`;
    at = Math.max(from, text.indexOf(end, from)) + end.length;
    if (label.endsWith('PRIVATE KEY')) {
      // As PEM, whose headers may say how it is encrypted.
      const key = keyOf(octets.subarray(from, at), passphrase);
      if ('wrong' in key) return key;
      bags.push(key);
    } else if (label.endsWith('CERTIFICATE')) bags.push({ kind: 'certificate', der, name: undefined });
    else if (label === 'X509 CRL') bags.push({ kind: 'crl', der, name: undefined });
  }
  return bags;
}

function readDer(octets: Uint8Array, passphrase: string): readonly Bag[] | Wrong | Locked {
  const bags = readPkcs12(octets, passphrase);
  if (!('wrong' in bags) || 'isLocked' in bags) return bags;
  const der = Uint8Array.from(octets);
  const name = undefined;
  if (!('wrong' in StoredCertificate.of(der, { path: '', nickname: undefined, readAt: 0 })))
    return [{ kind: 'certificate', der, name }];
  if (!('wrong' in parseCrl(der))) return [{ kind: 'crl', der, name }];
  const key = keyOf(octets, passphrase);
  return 'wrong' in key && !('isLocked' in key) ? bags : 'wrong' in key ? key : [key];
}

function keyOf(octets: Uint8Array, passphrase: string): Bag | Wrong | Locked {
  const key = parsePrivateKey(octets, passphrase === '' ? undefined : Buffer.from(passphrase));
  if ('wrong' in key) {
    const isLocked = /encrypted|passphrase/.test(key.wrong);
    return isLocked ? { wrong: key.wrong, isLocked: true } : { wrong: `a private key in it is bad: ${key.wrong}` };
  }
  return { kind: 'key', der: Uint8Array.from(key.handle.export({ type: 'pkcs8', format: 'der' })), name: undefined };
}
