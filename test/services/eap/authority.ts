/** A certificate authority for tests: certificates by openssl(1), made once for each file of tests. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrustShelf } from '../../../src/ike/auth/x509/trust-shelf.ts';
import { KeyShelf } from '../../../src/ike/crypto/signature/key-shelf.ts';

export interface Issued {
  /** DER. */
  readonly certificate: Uint8Array;
  /** On the shelf. */
  readonly key: number;
}

export class Authority {
  /** Of all authorities of a test. */
  readonly shelf: KeyShelf;
  readonly certificate: Uint8Array;
  /** Where it is believed. */
  readonly trust = new TrustShelf();
  readonly #folder = mkdtempSync(join(tmpdir(), 'pluto-eap-'));
  #count = 0;

  constructor(name: string, shelf = new KeyShelf()) {
    this.shelf = shelf;
    this.#openssl('req', '-x509', ...EC, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=${name}`, '-days', '30');
    this.certificate = this.#der('ca.pem');
    this.trust.replaceCertificates([{ der: this.certificate, isAnchor: true }]);
  }

  /** `extensions` as openssl.cnf(5) has them; `days` may be negative: already expired. */
  issue(
    commonName: string,
    { extensions = [], days = 20 }: { extensions?: readonly string[]; days?: number } = {},
  ): Issued {
    const name = `leaf${++this.#count}`;
    this.#openssl('req', ...EC, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${commonName}`);
    writeFileSync(join(this.#folder, `${name}.ext`), extensions.join('\n'));
    const [from, until] = days < 0 ? ['20200101000000Z', '20210101000000Z'] : [undefined, undefined];
    const issuing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    if (from && until) {
      // x509(1) knows no dates in the past; ca(1) does.
      writeFileSync(join(this.#folder, 'index'), '');
      writeFileSync(
        join(this.#folder, 'ca.cnf'),
        '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\nCN=supplied\n',
      );
      this.#openssl(
        ...['ca', '-config', 'ca.cnf', '-batch', '-rand_serial', '-notext', '-startdate', from, '-enddate', until],
        ...['-cert', 'ca.pem', '-keyfile', 'ca.key', '-in', `${name}.csr`, '-out', `${name}.pem`],
        ...['-extfile', `${name}.ext`],
      );
    } else this.#openssl('x509', '-req', '-in', `${name}.csr`, '-days', `${days}`, '-out', `${name}.pem`, ...issuing);
    const pkcs8 = createPrivateKey(readFileSync(join(this.#folder, `${name}.key`))).export({
      type: 'pkcs8',
      format: 'der',
    });
    return { certificate: this.#der(`${name}.pem`), key: this.shelf.put(pkcs8)! };
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #der(name: string): Uint8Array {
    const base64 = readFileSync(join(this.#folder, name), 'latin1').replace(/-----[^-]+-----|\s/g, '');
    return Uint8Array.from(Buffer.from(base64, 'base64'));
  }
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
