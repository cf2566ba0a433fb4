/**
 * Certificates and keys for the interop tests, made by openssl(1) once per process in a folder of its own:
 *
 *   root ─┬─ one ── two ── leaves (`chained`)         `other`: a root that nobody trusts
 *         └─ leaves
 */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandExists } from '../support/machine.ts';
import { must } from '../support/process.ts';

export type Kind = 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519' | 'ed448';

export interface LeafWish {
  readonly kind?: Kind;
  /** `root` unless said. */
  readonly issuer?: 'root' | 'two' | 'other';
  /** `DNS:NAME.test` unless said. */
  readonly san?: string;
  readonly eku?: string;
  readonly days?: number;
  readonly digest?: 'sha256' | 'sha1';
  /** URLs that it carries. */
  readonly crl?: string;
  readonly ocsp?: string;
}

export interface Pki {
  /** PEM, PKCS#8. */
  readonly key: (name: string) => string;
  /** PEM. */
  readonly certificate: (name: string) => string;
  /** Made on demand, once for each name: its key, certificate and NAME.p12 (empty password, old algorithms, with its issuers). */
  readonly leaf: (name: string, wish?: LeafWish) => Promise<void>;
  /** A bare key pair: NAME.key, NAME.pub (SubjectPublicKeyInfo in PEM). */
  readonly pair: (name: string, kind: Kind) => Promise<void>;
  readonly publicKey: (name: string) => string;
  /** A CRL of `root`, PEM, that revokes these leaves. */
  readonly crl: (file: string, revoked: readonly string[]) => Promise<string>;
  /** The command of an OCSP responder of `root`. */
  readonly ocsp: (file: string, port: number, known: Known) => Promise<readonly string[]>;
  readonly file: (name: string) => string;
  /** The issuers of a leaf, from its own to the last before the root. */
  readonly issuers: (name: string) => readonly string[];
}

/** Leaves that a responder or a CRL knows of. */
export interface Known {
  readonly good?: readonly string[];
  readonly revoked?: readonly string[];
}

/** Why there can be none here. */
export const lacksPki = (): string | undefined =>
  commandExists('openssl') ? undefined : 'openssl is missing: install openssl';

let made: Promise<Pki> | undefined;
export function pki(): Promise<Pki> {
  made ??= make();
  return made;
}

/** Whoever has called `pki` does so when no test of the file is left. */
export async function forgetPki(): Promise<void> {
  const gone = await made;
  made = undefined;
  if (gone) await rm(gone.file(''), { recursive: true, force: true });
}

const GENERATE: Readonly<Record<Kind, readonly string[]>> = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  ed25519: ['-algorithm', 'ED25519'],
  ed448: ['-algorithm', 'ED448'],
};

const CA = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n';

async function make(): Promise<Pki> {
  const directory = await mkdtemp(join(tmpdir(), 'pluto-pki-'));
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): Promise<string> => must(['openssl', ...args], { cwd: directory });
  const begun = new Map<string, Promise<void>>();
  const issuerOf = new Map<string, string>();

  async function pair(name: string, kind: Kind): Promise<void> {
    await openssl('genpkey', ...GENERATE[kind], '-out', `${name}.key`);
    await openssl('pkey', '-in', `${name}.key`, '-pubout', '-out', `${name}.pub`);
  }
  async function certify(name: string, kind: Kind, issuer: string | undefined, extensions: string, more: LeafWish) {
    const { days = 3650, digest = 'sha256' } = more;
    const subject = `/C=AT/O=Test/CN=${name}`;
    await pair(name, kind);
    await writeFile(at(`${name}.ext`), extensions);
    await openssl('req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`);
    const signer = issuer ? ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`] : ['-signkey', `${name}.key`];
    const serial = `0x${Buffer.from(name).toString('hex').slice(0, 30)}`;
    const how = ['-set_serial', serial, '-days', `${days}`, `-${digest}`, '-extfile', `${name}.ext`];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...signer, ...how, '-out', `${name}.crt`);
    if (issuer) issuerOf.set(name, issuer);
  }
  const issuers = (name: string): string[] => {
    const issuer = issuerOf.get(name);
    return issuer === undefined || issuer === 'root' ? [] : [issuer, ...issuers(issuer)];
  };

  await certify('root', 'rsa', undefined, CA, {});
  await certify('other', 'rsa', undefined, CA, {});
  await certify('one', 'p256', 'root', `${CA}authorityKeyIdentifier=keyid\n`, {});
  await certify('two', 'rsa', 'one', `${CA}authorityKeyIdentifier=keyid\n`, {});

  async function makeLeaf(name: string, wish: LeafWish): Promise<void> {
    const { kind = 'rsa', issuer = 'root', san = `DNS:${name}.test`, eku, crl, ocsp } = wish;
    const extensions = [
      'basicConstraints=CA:FALSE',
      'keyUsage=digitalSignature',
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid',
      `subjectAltName=${san}`,
      ...(eku === undefined ? [] : [`extendedKeyUsage=${eku}`]),
      ...(crl === undefined ? [] : [`crlDistributionPoints=URI:${crl}`]),
      ...(ocsp === undefined ? [] : [`authorityInfoAccess=OCSP;URI:${ocsp}`]),
    ];
    await certify(name, kind, issuer, `${extensions.join('\n')}\n`, wish);
    await writeFile(at(`${name}.chain`), '');
    for (const each of issuers(name)) await appendFile(at(`${name}.chain`), await readFile(at(`${each}.crt`)));
    // What NSS 3.87 reads; the root is put beside it.
    const old = ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];
    const chain = issuers(name).length > 0 ? ['-certfile', `${name}.chain`] : [];
    const into = ['-name', name, '-passout', 'pass:', ...old, '-out', `${name}.p12`];
    await openssl('pkcs12', '-export', '-inkey', `${name}.key`, '-in', `${name}.crt`, ...chain, ...into);
  }
  /** openssl's list of what a CA has issued. */
  async function index(file: string, { good = [], revoked = [] }: Known): Promise<void> {
    const row = async (name: string, status: string): Promise<string> => {
      const serial = (await openssl('x509', '-in', `${name}.crt`, '-noout', '-serial')).trim().replace('serial=', '');
      return `${status}\t${serial}\tunknown\t/C=AT/O=Test/CN=${name}\n`;
    };
    const rows = [
      ...good.map((name) => row(name, 'V\t491231235959Z\t')),
      ...revoked.map((name) => row(name, 'R\t491231235959Z\t240101000000Z,keyCompromise')),
    ];
    await writeFile(at(`${file}.index`), (await Promise.all(rows)).join(''));
  }
  const once = (name: string, work: () => Promise<void>): Promise<void> => {
    const known = begun.get(name) ?? work();
    begun.set(name, known);
    return known;
  };

  return {
    key: (name) => at(`${name}.key`),
    certificate: (name) => at(`${name}.crt`),
    publicKey: (name) => at(`${name}.pub`),
    file: at,
    issuers,
    leaf: (name, wish = {}) => once(name, () => makeLeaf(name, wish)),
    pair: (name, kind) => once(name, () => pair(name, kind)),
    crl: async (file, revoked) => {
      await index(file, { revoked });
      await writeFile(at(`${file}.number`), '01\n');
      const settings = [`database=${at(`${file}.index`)}`, `crlnumber=${at(`${file}.number`)}`, 'default_md=sha256'];
      const more = ['default_crl_days=3650', 'crl_extensions=x', '[x]', 'authorityKeyIdentifier=keyid', ''];
      await writeFile(at(`${file}.cnf`), ['[ca]', 'default_ca=c', '[c]', ...settings, ...more].join('\n'));
      const by = ['-cert', 'root.crt', '-keyfile', 'root.key'];
      await openssl('ca', '-gencrl', '-config', `${file}.cnf`, ...by, '-out', `${file}.crl`);
      return at(`${file}.crl`);
    },
    ocsp: async (file, port, known) => {
      await index(file, known);
      const by = ['-rsigner', at('root.crt'), '-rkey', at('root.key'), '-CA', at('root.crt')];
      return ['openssl', 'ocsp', '-index', at(`${file}.index`), '-port', `${port}`, ...by, '-nmin', '60', '-text'];
    },
  };
}
