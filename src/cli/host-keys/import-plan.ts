/**
 * Where what is imported goes, and whether it may:
 *
 *     private/NAME.pem   a key                               certs/NAME.pem    its certificate, or a peer's
 *     cacerts/NAME.pem   an authority that signs itself      certs/NAME.pem    one that another has certified
 *     crls/NAME.pem      a CRL
 *
 * Nothing of anybody else's is written over: a file under the name must hold the same, or an older certificate of the
 * same subject. Authorities that others have certified are not trusted for lying there: who wants that copies them.
 */
import { createHash } from 'node:crypto';
import { nameText } from '../../ike/auth/x509/name.ts';
import { ckaid } from '../../ike/crypto/signature/key-id.ts';
import { encodePkcs8, type PrivateKey, parsePrivateKey } from '../../ike/crypto/signature/private-key.ts';
import { isSameKey, type Wrong } from '../../ike/crypto/signature/public-key.ts';
import { blocksOf, pemOf } from '../../services/store/pem.ts';
import { StoredCertificate } from '../../services/store/stored-certificate.ts';
import type { Contents, Named } from './contents.ts';

export interface Placement {
  readonly kind: 'key' | 'certificate' | 'authority' | 'crl';
  /** Without the ending: what `leftcert=` says of a certificate. */
  readonly name: string;
  readonly path: string;
  /** PEM; of a key, the caller's to wipe. */
  readonly octets: Uint8Array;
  /** `same`: it is there already. */
  readonly how: 'new' | 'same' | 'replaces';
  /** For people. */
  readonly about: string;
  readonly certificate?: StoredCertificate;
  readonly hasKey?: boolean;
}

export interface Planning {
  readonly dir: string;
  /** In place of the names in the file, for what is ours. */
  readonly name: string | undefined;
  /** When nothing else gives a name. */
  readonly fallback: string;
  /** Undefined if there is no such file. */
  readonly read: (path: string) => Uint8Array | undefined;
}

/** Of all, or why not. */
export function planImport(contents: Contents, planning: Planning): readonly Placement[] | Wrong {
  const { keys, certificates, crls } = contents;
  const ids = keys.map(({ is }) => Buffer.from(ckaid(is.public)).toString('hex'));
  const placed: Placement[] = [];
  const taken = new Set<Named<StoredCertificate>>();
  for (const [i, key] of keys.entries()) {
    const all = certificates.filter(({ is }) => is.ckaid === ids[i]);
    if (all.length === 0 && certificates.length > 0)
      return { wrong: `the private key with CKAID ${ids[i]} belongs to none of the certificates in the file` };
    const ends = all.filter(({ is }) => !is.isCa);
    const [own, another] = ends.length > 0 ? ends : all;
    if (another) return { wrong: `the private key with CKAID ${ids[i]} belongs to several certificates` };
    if (own) taken.add(own);
    const name = nameFor(planning.name, own?.name ?? key.name, own?.is.commonName, planning.fallback);
    const certificate = own && placeCertificate(own.is, name, true, planning);
    if (certificate && 'wrong' in certificate) return certificate;
    const placement = placeKey(key.is, name, certificate?.how === 'replaces', planning);
    if ('wrong' in placement) return placement;
    placed.push(placement, ...(certificate ? [certificate] : []));
  }
  for (const other of certificates) {
    if (taken.has(other)) continue;
    const { is, name } = other;
    const isOnly = certificates.length === 1;
    const nickname = nameFor(isOnly ? planning.name : undefined, name, is.commonName, planning.fallback);
    const placement = is.isCa
      ? placeAuthority(is, nickname, planning)
      : placeCertificate(is, nickname, false, planning);
    if ('wrong' in placement) return placement;
    placed.push(placement);
  }
  for (const crl of crls) placed.push(placeCrl(crl, planning));
  const twin = placed.find(({ path }, i) => placed.findIndex((other) => other.path === path) !== i);
  return twin ? { wrong: `two things in the file would be ${twin.path}` } : placed;
}

/** A file's name that nothing has to be quoted in, and that leads nowhere else. */
export function nameFor(...wishes: readonly (string | undefined)[]): string {
  for (const wish of wishes) {
    const name = (wish ?? '')
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^A-Za-z0-9._@+=-]+/g, '_')
      .replace(/^[._-]+|_+$/g, '')
      .slice(0, MOST_NAME);
    if (name !== '') return name;
  }
  return 'imported';
}

const MOST_NAME = 100;

function placeKey(key: PrivateKey, name: string, replaces: boolean, { dir, read }: Planning): Placement | Wrong {
  const path = `${dir}/private/${name}.pem`;
  const pkcs8 = encodePkcs8(key);
  const octets = Buffer.from(pemOf('PRIVATE KEY', pkcs8));
  pkcs8.fill(0);
  const known = read(path);
  const about = `private key, CKAID ${Buffer.from(ckaid(key.public)).toString('hex')}`;
  const placement = { kind: 'key', name, path, octets, about } as const;
  if (known === undefined) return { ...placement, how: 'new' };
  const there = parsePrivateKey(known);
  if (!('wrong' in there) && isSameKey(there.public, key.public)) return { ...placement, how: 'same' };
  return replaces ? { ...placement, how: 'replaces' } : { wrong: `${path} is another key: say --name` };
}

function placeCertificate(
  certificate: StoredCertificate,
  name: string,
  hasKey: boolean,
  { dir, read }: Planning,
): Placement | Wrong {
  const path = `${dir}/certs/${name}.pem`;
  const known = read(path);
  const octets = pem(certificate);
  const placement = {
    kind: 'certificate',
    name,
    path,
    octets,
    about: aboutIt(certificate),
    certificate,
    hasKey,
  } as const;
  if (known === undefined) return { ...placement, how: 'new' };
  const there = firstIn(known);
  if (there && isSame(there, certificate)) return { ...placement, how: 'same' };
  if (there === undefined || !there.subject.equals(certificate.subject))
    return { wrong: `${path} is there, and is ${there ? aboutIt(there) : 'something else'}: say --name` };
  if (there.notAfter > certificate.notAfter) return { wrong: `${path} lasts longer than the certificate in the file` };
  return { ...placement, how: 'replaces' };
}

/** It goes by another name where one is taken: nobody calls it by that. */
function placeAuthority(certificate: StoredCertificate, wanted: string, { dir, read }: Planning): Placement {
  const folder = certificate.isSelfIssued ? 'cacerts' : 'certs';
  const fingerprint = createHash('sha256').update(certificate.der).digest('hex').slice(0, 8);
  const octets = pem(certificate);
  const about = aboutIt(certificate);
  for (const name of [wanted, `${wanted}-${fingerprint}`]) {
    const path = `${dir}/${folder}/${name}.pem`;
    const known = read(path);
    const there = known && firstIn(known);
    const placement = { kind: 'authority', name, path, octets, about, certificate, hasKey: false } as const;
    if (known === undefined) return { ...placement, how: 'new' };
    if (there && isSame(there, certificate)) return { ...placement, how: 'same' };
  }
  const name = `${wanted}-${fingerprint}`;
  const path = `${dir}/${folder}/${name}.pem`;
  return { kind: 'authority', name, path, octets, about, certificate, hasKey: false, how: 'replaces' };
}

function placeCrl({ is, name: issuer }: Named<Uint8Array>, { dir, read, fallback }: Planning): Placement {
  const name = nameFor(issuer, fallback);
  const path = `${dir}/crls/${name}.pem`;
  const octets = Buffer.from(pemOf('X509 CRL', is));
  const known = read(path);
  const how = known === undefined ? 'new' : Buffer.compare(known, octets) === 0 ? 'same' : 'replaces';
  return { kind: 'crl', name, path, octets, how, about: `CRL of ${issuer}` };
}

const pem = ({ der }: StoredCertificate): Uint8Array => Buffer.from(pemOf('CERTIFICATE', der));
const isSame = (a: StoredCertificate, b: StoredCertificate): boolean => Buffer.compare(a.der, b.der) === 0;

const aboutIt = (certificate: StoredCertificate): string => {
  const { subject, issuer } = certificate.fields();
  const until = new Date(certificate.notAfter * 1000).toISOString().slice(0, 10);
  return `${nameText(subject)}, issued by ${nameText(issuer)}, until ${until}`;
};

function firstIn(octets: Uint8Array): StoredCertificate | undefined {
  for (const { der } of blocksOf(octets)) {
    const certificate = StoredCertificate.of(der, { path: '', nickname: undefined, readAt: 0 });
    if (!('wrong' in certificate)) return certificate;
  }
  return undefined;
}
