/** The keys that ends prove themselves with, as far as their public halves can be read. */
import { atOnce } from '../../conf/at-once.ts';
import type { EndKeys } from '../../conf/conn.ts';
import { TrustShelf } from '../../ike/auth/x509/trust-shelf.ts';
import type { KeyKind } from '../../ike/crypto/signature/key-kind.ts';
import { CertificateStore } from '../../services/store/certificate-store.ts';

export interface Key {
  readonly kind: KeyKind;
  /** Of the modulus, or of the curve. */
  readonly bits: number;
}

/** Undefined: the end names none, it cannot be read, or it is of a size that nobody has. */
export type KeyOf = (keys: EndKeys) => Key | undefined;

/** Of the certificates below `ipsecdir`, which are read when the first is asked for; and of raw keys in the file itself. */
export function keysBelow(ipsecdir: string): KeyOf {
  let read: CertificateStore | undefined;
  const store = (): CertificateStore => {
    if (read) return read;
    read = new CertificateStore({ dir: ipsecdir, trust: new TrustShelf(), wall: () => 0 });
    atOnce(read.rereading(() => {}, ['certs']));
    return read;
  };
  return ({ cert, ckaid, publicKeys }) => {
    if (cert !== undefined) return keyIn(store().named(cert)?.keyFacts);
    if (ckaid === undefined) return keyIn(publicKeys.at(0));
    const isMeant = (key: { readonly ckaid: Uint8Array }) => Buffer.compare(key.ckaid, ckaid) === 0;
    return keyIn(publicKeys.find(isMeant) ?? store().withCkaid(Buffer.from(ckaid).toString('hex')).at(0)?.keyFacts);
  };
}

/** One to measure by can be made in seconds. */
const LEAST_RSA = 1024;
const MOST_RSA = 8192;

function keyIn(key: Key | undefined): Key | undefined {
  if (!key || (key.kind === 'rsa' && (key.bits < LEAST_RSA || key.bits > MOST_RSA))) return undefined;
  return { kind: key.kind, bits: key.bits };
}
