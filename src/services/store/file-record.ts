/** One file of the store: what was in it when it was last written to. */
import { posix } from 'node:path';
import { type Block, blocksOf } from './pem.ts';
import { isStoreFault, type StoreFiles } from './store-files.ts';
import { StoredCertificate } from './stored-certificate.ts';

export const STORE_DIRS = ['certs', 'cacerts', 'crls', 'ocspcerts'] as const;
export type StoreDir = (typeof STORE_DIRS)[number];

export interface FileRecord {
  readonly dir: StoreDir;
  readonly path: string;
  readonly name: string;
  /** As it was when it was read; undefined: it was broken, and this is what it was before that. */
  readonly stamp: string | undefined;
  readonly certificates: readonly StoredCertificate[];
  /** DER. */
  readonly crls: readonly Uint8Array[];
}

export interface Reading {
  readonly dir: StoreDir;
  readonly path: string;
  readonly name: string;
  /** The same file as it was. */
  readonly known: FileRecord | undefined;
  readonly files: StoreFiles;
  /** Now, ms since 1970. */
  readonly at: number;
  readonly say: (text: string) => void;
}

/** Certificates and CRLs of one file. */
const MOST_BLOCKS = 4096;

/** `known` if it has not changed, or is broken now; undefined for what is no file, or has never been whole. */
export function readRecord({ dir, path, name, known, files, at, say }: Reading): FileRecord | undefined {
  const stamp = files.stamp(path);
  if (typeof stamp === 'string' && known?.stamp === stamp) return known;
  const kept = known ? `; kept as it was` : '';
  const octets = files.read(path);
  if (isStoreFault(octets)) {
    if (octets.errno !== 'EISDIR') say(`${path}: cannot read it: ${octets.errno}${kept}`);
    return known;
  }
  const certificates: StoredCertificate[] = [];
  const crls: Uint8Array[] = [];
  const nickname = posix.parse(name).name;
  const problems: string[] = [];
  let count = 0;
  for (const block of blocksOf(octets)) {
    if (++count > MOST_BLOCKS) {
      problems.push(`it has more than ${MOST_BLOCKS} certificates`);
      break;
    }
    const wrong = take(block);
    if (wrong !== undefined) problems.push(count === 1 ? wrong : `in part ${count}: ${wrong}`);
  }
  if (count === 0) problems.push('there is nothing in PEM or DER');
  for (const problem of problems.slice(0, FEW)) say(`${path}: ${problem}${kept}`);
  if (problems.length > FEW) say(`${path}: and ${problems.length - FEW} more like that`);
  if (problems.length > 0 && (known || certificates.length + crls.length === 0)) return known;
  return {
    dir,
    path,
    name,
    stamp: typeof stamp === 'string' ? stamp : undefined,
    certificates,
    crls: crls.length === 0 ? NONE : crls,
  };

  function take({ label, der }: Block): string | undefined {
    if (label !== '' && CERTIFICATES.has(label) !== (dir !== 'crls') && (CERTIFICATES.has(label) || label === CRL))
      return `a ${label} does not belong into ${dir}`;
    if (dir === 'crls') {
      if (label === '' || label === CRL) crls.push(der);
      return undefined;
    }
    if (label !== '' && !CERTIFICATES.has(label)) return undefined;
    const certificate = StoredCertificate.of(der, {
      path,
      nickname: certificates.length === 0 ? nickname : undefined,
      readAt: at,
    });
    if ('wrong' in certificate) return `it is no certificate: ${certificate.wrong}`;
    if (dir === 'cacerts' && !certificate.isCa) return 'it is no authority’s: its basicConstraints do not say so';
    certificates.push(certificate);
    return undefined;
  }
}

const NONE: readonly never[] = Object.freeze([]);

/** Of a bundle in which much is wrong. */
const FEW = 5;

const CRL = 'X509 CRL';
const CERTIFICATES: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);
