/**
 * Certificates and CRLs as files below `ipsecdir=`:
 *
 *     certs/       ours, those of peers that are pinned, and what comes between ours and their authorities
 *     cacerts/     authorities that are trusted, and what comes between them and others
 *     crls/        revocation lists
 *     ocspcerts/   of those who answer for authorities
 *
 * PEM, many to a file, or DER. A certificate goes by its file's name without the ending, or by its common name where
 * that is one alone's. `private/` is not looked at here. What a rereading does not find changed is kept as it is;
 * what it cannot read is reported by name, and stays as it was.
 *
 *     files ─► file-reader ─► records, by path ─► indexes here
 *                                    └──────────► trust shelf: authorities, intermediates, CRLs, for the helpers
 */
import { parseCertificate } from '../../ike/auth/x509/certificate.ts';
import type { TrustShelf } from '../../ike/auth/x509/trust-shelf.ts';
import { dateText } from '../../ike/auth/x509/usage.ts';
import type { Id } from '../../net/id.ts';
import { type FileRecord, readRecord, STORE_DIRS, type StoreDir } from './file-record.ts';
import { Issuers } from './issuers.ts';
import { factsOf } from './spki-facts.ts';
import { isStoreFault, nodeStoreFiles, type StoreFiles } from './store-files.ts';
import { StoredCertificate } from './stored-certificate.ts';

export type { StoreDir } from './file-record.ts';
export type { StoredCertificate } from './stored-certificate.ts';

export interface StoreOptions {
  /** `ipsecdir=`. */
  readonly dir: string;
  readonly trust: TrustShelf;
  readonly files?: StoreFiles;
  /** ms since 1970. */
  readonly wall: () => number;
  /** Name of the certificate whose OCSP answers are believed about anybody (`ocsp-trustname=`). */
  readonly responder?: string | undefined;
}

/** What a reading has come to. */
export interface Reading {
  readonly certificates: number;
  readonly authorities: number;
  readonly crls: number;
  /** Files that were not there before, or are others now; and files that have gone. */
  readonly changed: number;
  readonly gone: number;
}

/** Files of all directories. Each is a certificate at least; who has more has a database. */
export const MOST_FILES = 100_000;

type Say = (text: string) => void;
type Records = Map<string, FileRecord>;

export class CertificateStore {
  readonly dir: string;
  readonly trust: TrustShelf;
  readonly #files: StoreFiles;
  readonly #wall: () => number;
  #records: Records = new Map();
  #index = new Index();
  #crls = new Set<number>();
  readonly #responder: string | undefined;
  #turns = 0;
  #inForce = 0;

  constructor({ dir, trust, wall, files = nodeStoreFiles, responder }: StoreOptions) {
    this.#responder = responder;
    this.dir = dir;
    this.trust = trust;
    this.#files = files;
    this.#wall = wall;
  }

  /** Another object after each change: what was worked out beside this one holds for as long. */
  get edition(): object {
    return this.#index;
  }

  /** By its nickname, by its file's name or path, or by its common name. */
  named(name: string): StoredCertificate | undefined {
    const { byName, byCommonName } = this.#index;
    const inFile = this.#records.get(`${this.dir}/certs/${name}`) ?? this.#records.get(name);
    const first = inFile?.dir === 'certs' ? inFile.certificates.at(0) : undefined;
    return byName.get(name) ?? first ?? byCommonName.get(name) ?? undefined;
  }

  /** Up to `most` of those in `certs` that are no authorities'. */
  nicknames(most: number): readonly string[] {
    const names: string[] = [];
    for (const { nickname, isCa } of this.certificates()) {
      if (names.length === most) break;
      if (nickname !== undefined && !isCa) names.push(nickname);
    }
    return names;
  }

  withCkaid(ckaid: string): readonly StoredCertificate[] {
    const found = this.#index.byCkaid.get(ckaid) ?? NONE;
    return found instanceof StoredCertificate ? [found] : found;
  }

  /** The one that these octets are, as they came out of the store. */
  holding(der: Uint8Array): StoredCertificate | undefined {
    const { byOctets } = this.#index;
    const known = byOctets.get(der);
    if (known) return known;
    const certificate = parseCertificate(der);
    const facts = 'wrong' in certificate ? undefined : factsOf(certificate.spki);
    const found = facts && this.withCkaid(hex(facts.ckaid)).find((one) => one.der === der);
    if (found) byOctets.set(der, found);
    return found;
  }

  /** Of `certs`, in no order. */
  *certificates(): Generator<StoredCertificate, void> {
    for (const { dir, certificates } of this.#records.values()) if (dir === 'certs') yield* certificates;
  }

  /** Of `cacerts`. */
  authorities(): readonly StoredCertificate[] {
    return this.#index.issuers.authorities;
  }

  /** From who has issued it upwards, as far as we know them. */
  issuersOf(certificate: StoredCertificate): readonly StoredCertificate[] {
    return this.#index.issuers.of(certificate);
  }

  /** `ca` has issued it, or an authority above; or it is `ca` itself. */
  isBelow(certificate: StoredCertificate, ca: Id): boolean {
    return this.#index.issuers.isBelow(certificate, ca);
  }

  isNamed(certificate: StoredCertificate, id: Id): boolean {
    return certificate.isNamed(id);
  }

  /**
   * Reads what has changed in `dirs`, in steps of a file; until the last of them all is as it was. `say` is told of each
   * file that is broken, and what it has come to.
   */
  *rereading(say: Say, dirs: readonly StoreDir[] = STORE_DIRS): Generator<undefined, Reading> {
    const turn = ++this.#turns;
    const next: Records = new Map();
    const count = { changed: 0, gone: 0 };
    for (const record of this.#records.values()) if (!dirs.includes(record.dir)) next.set(record.path, record);
    for (const dir of dirs) count.changed += yield* this.#readingDir(dir, next, say);
    for (const path of this.#records.keys()) if (!next.has(path)) count.gone++;
    const hasChanged = count.changed > 0 || count.gone > 0;
    const index = hasChanged ? yield* indexing(next, say) : this.#index;
    // Whoever began later has read what is newer.
    if (turn >= this.#inForce) {
      this.#inForce = turn;
      this.#records = next;
      if (hasChanged) yield* this.#using(index, turn, say);
    }
    const { size } = this.#crls;
    return { certificates: this.#index.count, authorities: this.authorities().length, crls: size, ...count };
  }

  *#readingDir(dir: StoreDir, next: Records, say: Say): Generator<undefined, number> {
    const path = `${this.dir}/${dir}`;
    const names = this.#files.list(path);
    if (isStoreFault(names)) {
      say(`${path}: cannot read it: ${names.errno}`);
      for (const record of this.#records.values()) if (record.dir === dir) next.set(record.path, record);
      return 0;
    }
    let changed = 0;
    for (const name of names) {
      yield undefined;
      if (next.size >= MOST_FILES) {
        say(`${path}: more than ${MOST_FILES} files; "${name}" and others are left out`);
        return changed;
      }
      const known = this.#records.get(`${path}/${name}`);
      const at = { dir, path: `${path}/${name}`, name, at: this.#wall() };
      const record = readRecord({ ...at, known, files: this.#files, say });
      if (record) next.set(record.path, record);
      if (!record || record === known) continue;
      changed++;
      for (const { notAfter } of record.certificates)
        if (notAfter * 1000 < at.at) say(`${at.path}: expired ${dateText(notAfter)}`);
    }
    return changed;
  }

  #trustResponder(say: Say): void {
    const name = this.#responder;
    if (name === undefined) return;
    const found = this.named(name) ?? this.#records.get(`${this.dir}/ocspcerts/${name}`)?.certificates.at(0);
    const wrong = this.trust.trustResponder(found?.der);
    if (!found || wrong) say(`ocsp-trustname=${name}: ${wrong?.wrong ?? 'there is no such certificate'}`);
  }

  /** A rereading that has come into force meanwhile goes on alone. */
  *#using(index: Index, turn: number, say: Say): Generator<undefined, void> {
    this.#index = index;
    const { trusted } = index.issuers;
    for (const { at, wrong } of yield* this.trust.replacingCertificates(trusted))
      say(`${index.issuers.pathOf(at)}: ${wrong}; left out`);
    this.#trustResponder(say);
    const crls = new Set<number>();
    for (const record of this.#records.values())
      for (const der of record.crls) {
        yield undefined;
        if (turn !== this.#inForce) return;
        const before = this.trust.generation;
        const put = this.trust.putCrl(der);
        if ('wrong' in put) say(`${record.path}: ${put.wrong}; left out`);
        // A newer one that was fetched is not this file's, and does not go with it.
        else if (this.trust.generation !== before || this.#crls.has(put.number)) crls.add(put.number);
      }
    if (turn !== this.#inForce) return;
    for (const number of this.#crls) if (!crls.has(number)) this.trust.drop(number);
    this.#crls = crls;
  }
}

/** What certificates are found by; made anew when a file has changed. */
class Index {
  readonly byName = new Map<string, StoredCertificate>();
  /** null: several have it. */
  readonly byCommonName = new Map<string, StoredCertificate | null>();
  /** Most keys have one certificate, and a list takes room. */
  readonly byCkaid = new Map<string, StoredCertificate | readonly StoredCertificate[]>();
  /** Of those that were asked for: our own, with each peer. */
  readonly byOctets = new WeakMap<Uint8Array, StoredCertificate>();
  issuers = new Issuers([], []);
  count = 0;
}

/** Certificates to a step. */
const STEP = 16;

function* indexing(records: Records, say: Say): Generator<undefined, Index> {
  const index = new Index();
  const between: StoredCertificate[] = [];
  const authorities: StoredCertificate[] = [];
  let seen = 0;
  for (const { dir, certificates, path } of records.values()) {
    for (const certificate of certificates) {
      if (++seen % STEP === 0) yield undefined;
      if (dir === 'cacerts') authorities.push(certificate);
      else if (certificate.isCa || dir === 'ocspcerts') between.push(certificate);
      if (dir !== 'certs') continue;
      index.count++;
      enter(index, certificate, path, say);
    }
  }
  index.issuers = new Issuers(authorities, between);
  yield* index.issuers.linking();
  return index;
}

function enter(index: Index, certificate: StoredCertificate, path: string, say: Say): void {
  const { nickname, ckaid, isCa, commonName } = certificate;
  const known = index.byCkaid.get(ckaid);
  index.byCkaid.set(ckaid, known ? [known, certificate].flat() : certificate);
  if (nickname === undefined) return;
  const twin = index.byName.get(nickname);
  const first = twin && twin.path < path ? twin : certificate;
  if (twin && twin.path !== path)
    say(`${path}: "${nickname}" is ${twin.path} too; ${first.path} is taken by that name`);
  index.byName.set(nickname, first);
  if (isCa || commonName === undefined || commonName === nickname) return;
  const other = index.byCommonName.get(commonName);
  index.byCommonName.set(commonName, other === undefined ? certificate : null);
}

const NONE: readonly never[] = Object.freeze([]);
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
