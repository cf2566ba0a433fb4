/** Keys, certificates and CRLs as listings show them: what is loaded, whose it is, and until when. */
import type { CertificateRow, PublicKeyRow } from '../control/status/rows.ts';
import { EXPIRY_WARNING } from '../control/status/time.ts';
import { parseCrl } from '../ike/auth/x509/crl.ts';
import { nameText } from '../ike/auth/x509/name.ts';
import { kindRow } from '../ike/crypto/signature/key-kind.ts';
import { Id } from '../net/id.ts';
import type { CertificateStore, StoredCertificate } from '../services/store/certificate-store.ts';
import { factsOf } from '../services/store/spki-facts.ts';
import { inOrder } from './in-order.ts';
import type { KeyRing, OurKey } from './key-ring.ts';
import { type Making, slices } from './reporter.ts';
import type { World } from './world.ts';

export interface Holdings {
  readonly keys: KeyRing;
  readonly certificates: CertificateStore;
  /** Of the daemon's start, ms since 1970. */
  readonly since: number;
}

/** Raw keys of whack's and of connections, keys of certificates, and what is left of our own. */
export function* publicKeys(world: World, holdings: Holdings): Making {
  yield* shown(allKeys(world, holdings));
}

/** Those that have expired, and those that will before long. */
export function* expiringKeys(world: World, holdings: Holdings): Making {
  const limit = world.wall() / 1000 + EXPIRY_WARNING;
  yield* shown(certifiedKeys(holdings, ({ notAfter }) => notAfter < limit));
}

export function* certificates({ keys, certificates: store }: Holdings): Making {
  const sorted = yield* inOrder(ofKind(store.certificates(), false), nameOf);
  for (const slice of slices(sorted)) yield { of: 'certificates', rows: slice.map((one) => certificateRow(one, keys)) };
}

/** Those that are trusted, and what comes between them and others. */
export function* caCertificates({ keys, certificates: store }: Holdings): Making {
  const sorted = yield* inOrder([...store.authorities(), ...ofKind(store.certificates(), true)], nameOf);
  for (const slice of slices(sorted))
    yield { of: 'caCertificates', rows: slice.map((one) => certificateRow(one, keys)) };
}

/** Those of files and those that were fetched. */
export function* crls({ certificates: { trust } }: Holdings): Making {
  for (const { der } of trust.list('crl')) {
    const crl = parseCrl(der);
    if ('wrong' in crl) continue;
    const { issuer, thisUpdate, nextUpdate, revoked } = crl;
    const count = 'wrong' in revoked ? 0 : revoked.count;
    yield { of: 'crls', rows: [{ issuer: nameText(issuer), revoked: count, thisUpdate, nextUpdate }] };
  }
}

/** Of what is there to be looked at some is to be shown. */
function* shown(rows: Iterable<PublicKeyRow | undefined>): Making {
  for (const slice of slices(rows)) {
    const wanted = slice.filter((row) => row !== undefined);
    yield wanted.length > 0 ? { of: 'publicKeys', rows: wanted } : undefined;
  }
}

function* allKeys({ publicKeys: standing, registry }: World, holdings: Holdings): Generator<PublicKeyRow | undefined> {
  const { keys } = holdings;
  const listed = new Set<string>();
  const since = Math.floor(holdings.since / 1000);
  const row = (whose: Whose, spki: Uint8Array, installed: number): PublicKeyRow => {
    const own = keys.matching(spki);
    if (own) listed.add(own.ckaid);
    return keyRow(whose, spki, own !== undefined, installed);
  };
  for (const { id, spki, installed } of standing.list()) yield row(of(id), spki, Math.floor(installed / 1000));
  for (const { conn } of registry.entries()) {
    yield undefined;
    for (const { id, host, keys: said } of [conn.left, conn.right])
      for (const { spki } of said.publicKeys) {
        const whose = id ?? (host.t === 'address' ? Id.ofAddress(host.address) : undefined);
        yield row(whose ? of(whose) : ANYBODY, spki, since);
      }
  }
  for (const one of certifiedKeys(holdings, () => true)) {
    if (one?.hasPrivate) listed.add(one.ckaid);
    yield one;
  }
  for (const key of keys.list()) {
    if (listed.has(key.ckaid)) continue;
    for (const whose of ownersOf(key)) yield keyRow(whose, key.spki, true, since);
  }
}

/** Of end certificates, by their subject. */
function* certifiedKeys(
  { keys, certificates: store }: Holdings,
  isWanted: (certificate: StoredCertificate) => boolean,
): Generator<PublicKeyRow | undefined> {
  for (const certificate of store.certificates()) {
    if (certificate.isCa || !isWanted(certificate)) {
      yield undefined;
      continue;
    }
    const { spki, readAt, notAfter, issuer, subject } = certificate;
    const row = keyRow(of(subject), spki, keys.matching(spki) !== undefined, Math.floor(readAt / 1000));
    yield { ...row, until: notAfter, issuer: `${issuer}` };
  }
}

interface Whose {
  readonly idType: string;
  readonly id: string;
}

const ANYBODY: Whose = { idType: '%any', id: '%any' };
const of = (id: Id): Whose => ({ idType: id.typeName, id: `${id}` });

function ownersOf({ owners }: OurKey): readonly Whose[] {
  const ids = owners.flat().flatMap((index) => (index.t === 'id' ? [of(index.id)] : []));
  return ids.length > 0 ? ids : [ANYBODY];
}

function keyRow(whose: Whose, spki: Uint8Array, hasPrivate: boolean, installed: number): PublicKeyRow {
  const { kind, bits, keyId, ckaid } = factsOf(spki)!;
  return { algorithm: kindRow(kind).type, bits, keyId, ckaid: hex(ckaid), hasPrivate, installed, ...whose };
}

function certificateRow(certificate: StoredCertificate, keys: KeyRing): CertificateRow {
  const { nickname, commonName, path, isCa, ckaid, notBefore, notAfter, spki } = certificate;
  const { subject, issuer, serial } = certificate.fields();
  const { kind, bits } = certificate.keyFacts;
  return {
    nickname: nickname ?? commonName ?? '',
    isCa,
    subject: nameText(subject),
    issuer: nameText(issuer),
    serialNumber: hex(serial),
    algorithm: kindRow(kind).type,
    bits,
    hasPrivate: keys.matching(spki) !== undefined,
    notBefore,
    notAfter,
    ckaid,
    names: certificate.names.map((name) => `${name}`),
    file: path,
  };
}

function* ofKind(all: Iterable<StoredCertificate>, isCa: boolean): Generator<StoredCertificate, void> {
  for (const one of all) if (one.isCa === isCa) yield one;
}

const nameOf = ({ path }: StoredCertificate): string => path;
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
