/** A small CA by OpenSSL's commands, as its manual has them: what our own code has no hand in. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';

export function withOpenssl(context: TestContext): void {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
  } catch {
    context.skip(true, 'openssl is not installed');
  }
}

const CONFIG = (dir: string) => `
[ca]
default_ca = here
[here]
database = ${dir}/index.txt
serial = ${dir}/serial
new_certs_dir = ${dir}
certificate = ${dir}/ca.pem
private_key = ${dir}/ca.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
x509_extensions = root
prompt = no
[name]
CN = test root
[root]
basicConstraints = critical,CA:true
subjectKeyIdentifier = hash
`;

export interface Ca {
  /** A path in its folder. */
  at(name: string): string;
  /** With these words, in its folder. */
  run(...words: string[]): Buffer;
  issue(name: string): void;
  revoke(name: string): void;
  /** DER. */
  crl(): Uint8Array;
  /** An OCSPRequest about one of its certificates, and the CertID in it. DER. */
  request(name: string): { readonly request: Uint8Array; readonly certId: Uint8Array };
  /** `openssl ocsp -index`, until the test is over; its port. */
  responder(): Promise<number>;
}

export function makeCa(): Ca {
  const dir = mkdtempSync(join(tmpdir(), 'pluto-ca-'));
  const at = (name: string) => join(dir, name);
  const run = (...words: string[]) => execFileSync('openssl', words, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  writeFileSync(at('openssl.cnf'), CONFIG(dir));
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('serial'), '1000\n');
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  run('req', '-x509', ...ec, '-config', 'openssl.cnf', '-keyout', 'ca.key', '-out', 'ca.pem');
  return {
    at,
    run,
    issue(name) {
      run(
        'req',
        '-new',
        ...ec,
        '-config',
        'openssl.cnf',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        `${name}.key`,
        '-out',
        'r',
      );
      run('ca', '-batch', '-config', 'openssl.cnf', '-in', 'r', '-out', `${name}.pem`, '-notext');
    },
    revoke: (name) => void run('ca', '-config', 'openssl.cnf', '-revoke', `${name}.pem`),
    crl() {
      run('ca', '-config', 'openssl.cnf', '-gencrl', '-out', 'crl.pem');
      return Uint8Array.from(run('crl', '-in', 'crl.pem', '-outform', 'DER'));
    },
    request(name) {
      run('ocsp', '-issuer', 'ca.pem', '-cert', `${name}.pem`, '-no_nonce', '-reqout', 'r.der');
      const request = Uint8Array.from(readFileSync(at('r.der')));
      // OCSPRequest { TBSRequest { SEQUENCE OF { Request { CertID } } } }, all of them short.
      return { request, certId: request.subarray(8) };
    },
    responder: () => responder(dir),
  };
}

function responder(dir: string): Promise<number> {
  // It prints the port that it was given: 0 is any.
  const words = ['ocsp', '-index', 'index.txt', '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key', '-port', '0'];
  const child = spawn('openssl', [...words, '-nmin', '10'], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (part: Buffer) => {
      said += part.toString();
      const port = /ACCEPT \S*:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (status) => reject(new Error(`openssl ocsp: status ${status}: ${said}`)));
  });
}
