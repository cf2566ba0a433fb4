import { expect, test } from 'vitest';
import { KeyRing } from '../../src/actors/key-ring.ts';
import type { Holdings } from '../../src/actors/report-certs.ts';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { atOnce } from '../../src/conf/at-once.ts';
import { jsonReport } from '../../src/control/status/json.ts';
import { textReport } from '../../src/control/status/report.ts';
import { statusSchema } from '../../src/control/status/schema.ts';
import { TrustShelf } from '../../src/ike/auth/x509/trust-shelf.ts';
import { parsePrivateKey } from '../../src/ike/crypto/signature/private-key.ts';
import { encodeSpki, ipseckeyOf } from '../../src/ike/crypto/signature/public-key.ts';
import { CertificateStore } from '../../src/services/store/certificate-store.ts';
import { faults } from '../control/status/validator.ts';
import { good, keyOf } from '../ike/crypto/signature/keys.ts';
import { certificate, crl } from '../services/store/pki.ts';
import { conn, noHoldings, town } from './town.ts';

/** Of a town's clock. */
const NOW = Date.UTC(2026, 0, 1) / 1000;
const DAY = 86_400;

const root = certificate({ subject: 'CN=root', isCa: true, until: NOW + 400 * DAY });
const between = certificate({ subject: 'CN=between', isCa: true, issuer: root });
const west = certificate({ subject: 'CN=west', issuer: between, names: ['west.example'], until: NOW + 3 * DAY });
const gone = certificate({ subject: 'CN=gone', issuer: root, until: NOW - 1 });
const fresh = certificate({ subject: 'CN=fresh', issuer: root, until: NOW + 60 * DAY });

function holdings(keys: readonly string[] = []): Holdings {
  const files: Record<string, string | Uint8Array> = {
    'certs/west.pem': west.pem + between.pem,
    'certs/gone.pem': gone.pem,
    'certs/fresh.pem': fresh.pem,
    'cacerts/root.pem': root.pem,
    'crls/root.crl': crl(root, [7, 8], NOW - DAY),
  };
  const port = {
    list: (dir: string) =>
      Object.keys(files).flatMap((path) => (`/d/${path}`.startsWith(`${dir}/`) ? [path.replace(/.*\//, '')] : [])),
    stamp: () => '1',
    read: (path: string) => Uint8Array.from(Buffer.from(files[path.slice(3)] as string)),
  };
  const certificates = new CertificateStore({
    dir: '/d',
    trust: new TrustShelf(),
    files: port,
    wall: () => NOW * 1000,
  });
  atOnce(certificates.rereading(() => {}));
  const ring = new KeyRing(new TestClock());
  const next = ring.begin();
  for (const key of keys) next.add(good(parsePrivateKey(Buffer.from(key))), undefined, 'x.pem');
  next.use();
  return { keys: ring, certificates, since: NOW * 1000 };
}

type Kind = 'listpubkeys' | 'checkpubkeys' | 'listcerts' | 'listcacerts' | 'listcrls' | 'listall';

/** What whack prints. */
async function listed(kind: Kind, having: Holdings, both = conn()): Promise<string> {
  const { west: house } = town({ both, west: { holdings: having } });
  house.whack({ kind: 'pubkey', id: '@south', key: `0s${RSA}` });
  const heard = await house.report({ kind });
  const [text, json] = [textReport(kind, { now: NOW, utc: true }), jsonReport(kind)];
  const slices = (report: typeof text) => heard.frames.map((frame) => report.slice(frame)).join('') + report.finish();
  expect(faults(JSON.parse(slices(json)), SCHEMA.$defs[`report.${kind}`], SCHEMA.$defs)).toEqual([]);
  return slices(text);
}

const SCHEMA = statusSchema();
const RSA = Buffer.from(ipseckeyOf(keyOf('rsa').public).octets).toString('base64');
const raw = Buffer.from(encodeSpki(keyOf('ed25519').public)).toString('base64');

test('listcerts: end certificates by the order of their files, with what expires', async () => {
  const text = await listed('listcerts', holdings([west.keyPem]));
  const numbers = [...text.matchAll(/SN: (0x\w+)/g)].map(([, sn]) => sn);
  expect(text.replaceAll(/0x\w+/g, 'N')).toBe(` 
List of X.509 End Certificates:
 
End certificate "fresh" - SN: N
  subject: CN=fresh
  issuer: CN=root
  not before: Sep 13 12:26:40 UTC 2020
  not after: Mar 02 00:00:00 UTC 2026 ok
  256 bit ECDSA
 
End certificate "gone" - SN: N
  subject: CN=gone
  issuer: CN=root
  not before: Sep 13 12:26:40 UTC 2020
  not after: Dec 31 23:59:59 UTC 2025 fatal (expired)
  256 bit ECDSA
 
End certificate "west" - SN: N
  subject: CN=west
  issuer: CN=between
  not before: Sep 13 12:26:40 UTC 2020
  not after: Jan 04 00:00:00 UTC 2026 warning (expires in 3 days)
  256 bit ECDSA: has private key
`);
  expect(new Set(numbers).size).toBe(3);
});

test('listcacerts: those that are trusted, and those between', async () => {
  const text = await listed('listcacerts', holdings());
  expect(text.match(/^CA certificate ".*"/gm)).toEqual(['CA certificate "root"', 'CA certificate "between"']);
  expect(text).toContain('not after: Feb 05 00:00:00 UTC 2027 ok');
});

test('listcrls: how many are revoked, and until when that holds', async () => {
  expect(await listed('listcrls', holdings())).toBe(` 
List of CRLs:
 
issuer: CN=root
revoked certs: 2
updates: this Dec 31 00:00:00 UTC 2025
         next Mar 22 04:26:40 UTC 2049 ok
`);
});

test("listpubkeys: whack's, those of connections, those of certificates, and what else is ours", async () => {
  const spare = certificate({ subject: 'CN=spare' });
  const own = holdings([west.keyPem, spare.keyPem]);
  const text = await listed('listpubkeys', own, conn('w-e', { authby: 'eddsa', rightpubkey: `0s${raw}` }));
  expect(text.split('\n').filter((line) => line.includes(' Key ')).length).toBe(6);
  const rows = text.matchAll(
    /(\d+ \w+) Key \S+ \((\w+) private key\), until (.*)\n +(\S+) '(.*)'(?:\n +Issuer '(.*)')?/g,
  );
  expect([...rows].map(([, key, has, , kind, id, issuer]) => [key, has, kind, id, issuer])).toEqual([
    ['2048 RSA', 'no', 'ID_FQDN', '@south', undefined],
    ['256 EdDSA', 'no', 'ID_FQDN', '@east', undefined],
    ['256 ECDSA', 'has', 'ID_DER_ASN1_DN', 'CN=west', 'CN=between'],
    ['256 ECDSA', 'no', 'ID_DER_ASN1_DN', 'CN=gone', 'CN=root'],
    ['256 ECDSA', 'no', 'ID_DER_ASN1_DN', 'CN=fresh', 'CN=root'],
    ['256 ECDSA', 'has', '%any', '%any', undefined],
  ]);
});

test('checkpubkeys: those that have expired and those that will within two weeks, no others', async () => {
  const text = await listed('checkpubkeys', holdings());
  expect([...text.matchAll(/until .* (\w+ \(.*\))\n +\S+ '(.*)'/g)].map(([, how, id]) => [how, id])).toEqual([
    ['warning (expires in 3 days)', 'CN=west'],
    ['fatal (expired)', 'CN=gone'],
  ]);
});

test('listall: all of it, in one answer', async () => {
  const text = await listed('listall', holdings());
  for (const heading of [
    'Public Keys',
    'Pre-shared secrets',
    'X.509 End Certificates',
    'X.509 CA Certificates',
    'CRLs',
  ])
    expect(text).toContain(`List of ${heading}`);
});

test('without any there are headings', async () => {
  expect(await listed('listcerts', noHoldings())).toBe(' \nList of X.509 End Certificates:\n');
});
