/** Our authenticator against wpa_supplicant's EAP: what strongSwan has not, PEAP and the other things inside of TTLS. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TrustReader } from '../../src/ike/auth/x509/trust-reader.ts';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import { KeyReader, KeyShelf } from '../../src/ike/crypto/signature/key-shelf.ts';
import type { EapWay } from '../../src/ike/policy.ts';
import type { EapPorts } from '../../src/services/eap/ports.ts';
import { TlsEngine } from '../../src/services/eap/tls-engine.ts';
import { login } from './eapol-gate.ts';
import { lacksPeer } from './peers/prefix.ts';
import { forgetPki, lacksPki, type Pki, pki } from './pki.ts';

const lacks = lacksPeer('eapoltest') ?? lacksPki();
const USER = 'carol@road.test';

const [keys, trust] = [new KeyShelf(), new TrustShelf()];
const refusals: string[] = [];
let directory: string;
let certificates: Pki;
let ports: EapPorts;

const der = (path: string) =>
  new Uint8Array(Buffer.from(readFileSync(path, 'latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64'));

beforeAll(async () => {
  if (lacks !== undefined) return;
  directory = await mkdtemp(join(tmpdir(), 'pluto-eapol-'));
  certificates = await pki();
  await certificates.leaf('gate', { san: 'DNS:gate.test', eku: 'serverAuth' });
  await certificates.leaf('carol', { san: `email:${USER}`, eku: 'clientAuth', issuer: 'two' });
  await certificates.leaf('mallory', { san: `email:${USER}`, eku: 'clientAuth', issuer: 'other' });
  trust.replaceCertificates([{ der: der(certificates.certificate('root')), isAnchor: true }]);
  const own = { key: keys.put(der(certificates.key('gate')))!, chain: [der(certificates.certificate('gate'))] };
  ports = {
    password: (user) => (user === USER ? Buffer.from('swordfish') : undefined),
    identity: () => own,
    tls: new TlsEngine(new KeyReader(keys.shared), new TrustReader(trust.shared)),
    random: (octets) => randomBytes(octets),
    onRefused: (text) => void refusals.push(text),
    rules: () => ({
      ...{ crlStrict: false, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined },
      at: Math.floor(Date.now() / 1000),
    }),
    lookUp: async () => {},
  };
});
afterAll(forgetPki);
afterAll(async () => {
  keys.dropAll();
  if (lacks === undefined) await rm(directory, { recursive: true, force: true });
});
beforeEach((context) => context.skip(lacks !== undefined, lacks));

interface Way {
  readonly way: EapWay;
  /** As wpa_supplicant.conf(5) writes them. */
  readonly eap: string;
  readonly phase2?: string;
}

const WAYS: readonly Way[] = [
  { way: 'eap-ttls', eap: 'TTLS', phase2: 'auth=PAP' },
  { way: 'eap-ttls', eap: 'TTLS', phase2: 'auth=CHAP' },
  { way: 'eap-ttls', eap: 'TTLS', phase2: 'auth=MSCHAPV2' },
  { way: 'eap-ttls', eap: 'TTLS', phase2: 'autheap=MSCHAPV2' },
  { way: 'eap-ttls', eap: 'TTLS', phase2: 'autheap=MD5' },
  { way: 'eap-peap', eap: 'PEAP', phase2: 'auth=MSCHAPV2' },
  { way: 'eap-peap', eap: 'PEAP', phase2: 'auth=MD5' },
  { way: 'eap-mschapv2', eap: 'MSCHAPV2' },
];

const titled = WAYS.map((way) => [`${way.eap} ${way.phase2 ?? ''}`.trim(), way] as const);

function network({ eap, phase2 }: Way, password: string, ca = 'root'): string[] {
  const inner = phase2 === undefined ? [] : [`phase2="${phase2}"`];
  const anchor = eap === 'MSCHAPV2' ? [] : [`ca_cert="${certificates.certificate(ca)}"`];
  return [`eap=${eap}`, `identity="${USER}"`, `password="${password}"`, ...inner, ...anchor];
}

const TLS13 = 'phase1="tls_disable_tlsv1_3=0"';
const where = () => ({ directory });

describe('wpa_supplicant logs in', () => {
  test.each(titled)('by %s, and has the same key', async (_, way) => {
    const { ours, theirs } = await login(ports, [way.way], network(way, 'swordfish'), where());
    expect(ours).toMatchObject({ outcome: 'success', user: USER });
    expect(theirs.stdout).toMatch(/MPPE keys OK: 1 {2}mismatch: 0\nSUCCESS\n$/);
  });

  test.each(titled.filter(([, { phase2 }]) => phase2 !== undefined))('by %s with TLS 1.3', async (_, way) => {
    const { ours, theirs } = await login(ports, [way.way], [...network(way, 'swordfish'), TLS13], where());
    expect(ours).toMatchObject({ outcome: 'success', user: USER });
    expect(theirs.stdout).toMatch(/MPPE keys OK: 1 {2}mismatch: 0\nSUCCESS\n$/);
  });

  test('by MD5, which makes no key', async () => {
    const way: Way = { way: 'eap-md5', eap: 'MD5' };
    const { ours } = await login(ports, ['eap-md5'], network(way, 'swordfish'), { directory, hasKeys: false });
    expect(ours).toMatchObject({ outcome: 'success', user: USER });
    expect(ours?.msk).toBeUndefined();
  });
});

describe('wpa_supplicant is refused', () => {
  test.each(titled)('by %s with a wrong password, and the log says so', async (_, way) => {
    refusals.length = 0;
    const { ours, theirs } = await login(ports, [way.way], network(way, 'guess'), where());
    expect(ours?.outcome).not.toBe('success');
    expect(`${ours?.why} ${refusals.join()}`).toContain(`of "${USER}": wrong password`);
    expect(theirs.stdout).toMatch(/FAILURE\n$/);
    expect(`${ours?.why} ${refusals.join()}`).not.toMatch(/guess|swordfish/);
  });

  test('with MS-CHAP of before, which nobody should speak', async () => {
    const way: Way = { way: 'eap-ttls', eap: 'TTLS', phase2: 'auth=MSCHAP' };
    const { ours } = await login(ports, ['eap-ttls'], network(way, 'swordfish'), where());
    expect(ours).toMatchObject({ outcome: 'failure', why: expect.stringContaining('neither EAP, PAP, CHAP nor') });
  });

  test.each(['TTLS', 'PEAP'])(
    'by %s, and refuses us, where another authority has made our certificate',
    async (eap) => {
      const way: Way = { way: eap === 'TTLS' ? 'eap-ttls' : 'eap-peap', eap, phase2: 'auth=MSCHAPV2' };
      const { ours, theirs } = await login(ports, [way.way], network(way, 'swordfish', 'other'), where());
      expect(ours?.outcome).not.toBe('success');
      expect(theirs.stdout).toMatch(/FAILURE\n$/);
    },
  );
});

describe('wpa_supplicant with a certificate', () => {
  const shown = (name: string) => [
    ...['eap=TLS', `identity="${USER}"`, `ca_cert="${certificates.certificate('root')}"`],
    ...[`client_cert="${certificates.file(`${name}.all`)}"`, `private_key="${certificates.key(name)}"`],
  ];
  /** The certificate, and the issuers that we do not have. */
  async function whole(name: string): Promise<readonly string[]> {
    const files = [certificates.certificate(name), certificates.file(`${name}.chain`)];
    await writeFile(certificates.file(`${name}.all`), files.map((path) => readFileSync(path, 'utf8')).join(''));
    return shown(name);
  }

  test.each([
    ['TLS 1.2', []],
    ['TLS 1.3', [TLS13]],
  ])('logs in by %s, through the issuers that it sends', async (_, more) => {
    const { ours, theirs } = await login(ports, ['eap-tls'], [...(await whole('carol')), ...more], where());
    expect(ours).toMatchObject({ outcome: 'success', user: USER });
    expect(theirs.stdout).toMatch(/MPPE keys OK: 1 {2}mismatch: 0\nSUCCESS\n$/);
  });

  test('is refused with one of another authority', async () => {
    const { ours, theirs } = await login(ports, ['eap-tls'], await whole('mallory'), where());
    expect(ours).toMatchObject({
      outcome: 'failure',
      why: expect.stringContaining('CN=other": it is self-signed, and not trusted here'),
    });
    expect(theirs.stdout).toMatch(/FAILURE\n$/);
  });
});
