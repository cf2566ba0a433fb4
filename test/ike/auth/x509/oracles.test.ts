/** Others read what we read, and see the same: OpenSSL, by way of Node, and pkijs. */
import { X509Certificate } from 'node:crypto';
import { fromBER } from 'asn1js';
import fc from 'fast-check';
import { BasicOCSPResponse, Certificate, CertificateRevocationList, OCSPRequest, OCSPResponse } from 'pkijs';
import { describe, expect, test } from 'vitest';
import { writeCertId, writeOcspRequest } from '../../../../src/ike/auth/x509/cert-id.ts';
import { parseCertificate } from '../../../../src/ike/auth/x509/certificate.ts';
import { parseCrl } from '../../../../src/ike/auth/x509/crl.ts';
import { dotted } from '../../../../src/ike/auth/x509/extensions.ts';
import { ia5Text, NAME } from '../../../../src/ike/auth/x509/general-name.ts';
import { parseOcspResponse } from '../../../../src/ike/auth/x509/ocsp-response.ts';
import { unsigned } from '../../../../src/ike/auth/x509/signatures.ts';
import type { KeyKind } from '../../../../src/ike/crypto/signature/key-kind.ts';
import { good, keyOf, toHex } from '../../crypto/signature/keys.ts';
import { integer } from './der.ts';
import { crl, entry, ocsp, reason } from './lists.ts';
import {
  altNames,
  another,
  basicConstraints,
  ca,
  certificate,
  dns,
  email,
  ip,
  keyUsage,
  NOW,
  purposes,
} from './make.ts';

const kinds: readonly KeyKind[] = ['rsa', 'p256', 'p384', 'ed25519'];
const word = fc.stringMatching(/^[a-zA-Z0-9 ]{1,20}$/).filter((text) => text.trim() === text);
const anybody = fc.record({
  kind: fc.constantFrom(...kinds),
  subject: fc.array(fc.tuple(fc.constantFrom('CN', 'O', 'OU', 'L'), word), { minLength: 1, maxLength: 4 }),
  serial: fc.uint8Array({ minLength: 1, maxLength: 20 }).filter(([first]) => first > 0 && first < 0x80),
  from: fc.integer({ min: 0, max: NOW }),
  days: fc.integer({ min: 0, max: 40_000 }),
  hosts: fc.array(fc.stringMatching(/^[a-z]{1,8}\.example$/), { minLength: 1, maxLength: 4 }),
  address: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
  pathLength: fc.option(fc.nat(5), { nil: undefined }),
  usage: fc.uniqueArray(fc.nat(8), { minLength: 1 }),
});
type Anybody = typeof anybody extends fc.Arbitrary<infer T> ? T : never;

const root = ca({ subject: 'CN=root', key: another('p256', 1) });

const made = (who: Anybody) =>
  certificate({
    subject: who.subject.map(([type, value]) => `${type}=${value}`).join(', '),
    ...{
      issuer: root,
      key: keyOf(who.kind),
      serial: integer(who.serial),
      from: who.from,
      to: who.from + 86_400 * who.days,
    },
    extensions: [
      altNames(...who.hosts.map(dns), email('a@b.example'), ip(...who.address)),
      ...[basicConstraints(true, who.pathLength), keyUsage(...who.usage), purposes('1.3.6.1.5.5.7.3.1')],
    ],
  });

const asBuffer = (octets: Uint8Array): ArrayBuffer => Uint8Array.from(octets).buffer;

describe('certificates', () => {
  test('say the same to OpenSSL', () => {
    fc.assert(
      fc.property(anybody, (who) => {
        const { der } = made(who);
        const ours = good(parseCertificate(der));
        const theirs = new X509Certificate(der);
        expect(toHex(ours.serial).replace(/^0+/, '')).toBe(theirs.serialNumber.toLowerCase().replace(/^0+/, ''));
        expect([ours.notBefore, ours.notAfter]).toEqual(
          [theirs.validFrom, theirs.validTo].map((at) => Date.parse(at) / 1000),
        );
        const key = good(ours.key).handle;
        expect(theirs.publicKey.equals(key)).toBe(true);
        expect(ours.extensions.basicConstraints).toEqual({ isCa: true, pathLength: who.pathLength });
        expect(theirs.ca).toBe(who.usage.includes(5));
        const names = ours.extensions.altNames.map((name) => {
          if (name.type === NAME.ip) return `IP Address:${name.value.join('.')}`;
          return `${name.type === NAME.dns ? 'DNS' : 'email'}:${ia5Text(name)}`;
        });
        expect(names.join(', ')).toBe(theirs.subjectAltName);
        const above = good(parseCertificate(root.der));
        expect(unsigned(ours, ours.fingerprint, above)).toBeUndefined();
        expect(theirs.verify(root.key.public.handle)).toBe(true);
        expect(theirs.checkIssued(new X509Certificate(root.der))).toBe(true);
        expect(ours.extensions.extendedKeyUsage?.map(dotted)).toEqual(theirs.keyUsage);
      }),
      { numRuns: 60 },
    );
  });

  test('say the same to pkijs', () => {
    fc.assert(
      fc.property(anybody, (who) => {
        const { der } = made(who);
        const ours = good(parseCertificate(der));
        const theirs = Certificate.fromBER(asBuffer(der));
        expect(toHex(new Uint8Array(theirs.tbsView))).toBe(toHex(ours.signedPart));
        expect(toHex(new Uint8Array(theirs.subject.toSchema().toBER()))).toBe(toHex(ours.subject));
        expect(toHex(new Uint8Array(theirs.subjectPublicKeyInfo.toSchema().toBER()))).toBe(toHex(ours.spki));
        expect(theirs.notAfter.value.getTime() / 1000).toBe(ours.notAfter);
        expect(theirs.extensions).toHaveLength(4);
      }),
      { numRuns: 30 },
    );
  });

  test('that we read are certificates to OpenSSL, whatever has been done to them', () => {
    const samples = [
      made({
        kind: 'p256',
        subject: [['CN', 'x']],
        serial: Uint8Array.of(5),
        from: 0,
        days: 9,
        hosts: ['a.example'],
        address: [1, 2, 3, 4],
        pathLength: 3,
        usage: [5],
      }).der,
      root.der,
    ];
    let taken = 0;
    for (const sample of samples) {
      const { issuer, subject, spki, der } = good(parseCertificate(sample));
      // Values in names may be of any kind here, and keys are read when they are used.
      const isIn = (part: Uint8Array, at: number): boolean => {
        const from = part.byteOffset - der.byteOffset;
        return at >= from && at < from + part.length;
      };
      for (let at = 0; at < sample.length; at++) {
        if ([issuer, subject, spki].some((part) => isIn(part, at))) continue;
        for (const by of [1, 2, 0x10, 0x80]) {
          const der = Uint8Array.from(sample);
          der[at] ^= by;
          if ('wrong' in parseCertificate(der)) continue;
          taken++;
          expect(() => new X509Certificate(der), `octet ${at} ^ ${by}`).not.toThrow();
        }
      }
    }
    // Most octets of a certificate are values that may be others.
    expect(taken).toBeGreaterThan(500);
  });
});

test('a CRL says the same to pkijs', () => {
  const serials = fc.uniqueArray(fc.integer({ min: 1, max: 0xffffff }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      serials,
      fc.integer({ min: 1, max: 0xffffff }),
      fc.integer({ min: 0, max: 6 }),
      (listed, other, code) => {
        const der = crl(root, {
          entries: listed.map((serial, i) => entry(integer(serial), ...(i % 2 ? [reason(code)] : []))),
        });
        const ours = good(parseCrl(der));
        const theirs = CertificateRevocationList.fromBER(asBuffer(der));
        expect(theirs.thisUpdate.value.getTime() / 1000).toBe(ours.thisUpdate);
        expect(theirs.nextUpdate!.value.getTime() / 1000).toBe(ours.nextUpdate);
        const revoked = good(ours.revoked);
        expect(revoked.count).toBe(theirs.revokedCertificates!.length);
        for (const serial of [...listed, other]) {
          const { der } = certificate({ issuer: root, serial: integer(serial), subject: 'CN=x' });
          const found = revoked.find(good(parseCertificate(der)).serial);
          expect(found !== undefined).toBe(theirs.isCertificateRevoked(Certificate.fromBER(asBuffer(der))));
          expect(found !== undefined).toBe(listed.includes(serial));
        }
      },
    ),
    { numRuns: 20 },
  );
});

describe('OCSP', () => {
  const serial = integer(0x00c0ffee);
  const east = certificate({ subject: 'CN=east', issuer: root, serial });

  test('pkijs reads our request, and would ask the same', async () => {
    const id = writeCertId(good(parseCertificate(east.der)), good(parseCertificate(root.der)));
    const request = OCSPRequest.fromBER(asBuffer(writeOcspRequest(id)));
    const own = new OCSPRequest();
    await own.createForCertificate(Certificate.fromBER(asBuffer(east.der)), {
      ...{ hashAlgorithm: 'SHA-1', issuerCertificate: Certificate.fromBER(asBuffer(root.der)) },
    });
    const [asked, theirs] = [request, own].map(({ tbsRequest }) => tbsRequest.requestList[0].reqCert);
    expect(asked.serialNumber.isEqual(theirs.serialNumber)).toBe(true);
    for (const field of ['issuerNameHash', 'issuerKeyHash'] as const)
      expect(toHex(new Uint8Array(asked[field].valueBlock.valueHexView))).toBe(
        toHex(new Uint8Array(theirs[field].valueBlock.valueHexView)),
      );
  });

  test('pkijs reads a response as we do', () => {
    const der = ocsp(root, { serial });
    const ours = good(parseOcspResponse(der));
    const whole = OCSPResponse.fromBER(asBuffer(der));
    const inner = fromBER(whole.responseBytes!.response.valueBlock.valueHexView);
    const theirs = new BasicOCSPResponse({ schema: inner.result });
    expect(theirs.tbsResponseData.producedAt.getTime() / 1000).toBe(ours.producedAt);
    const [single] = theirs.tbsResponseData.responses;
    expect(single.thisUpdate.getTime() / 1000).toBe(ours.answers[0].thisUpdate);
    expect(single.nextUpdate!.getTime() / 1000).toBe(ours.answers[0].nextUpdate);
    expect(ours.answers[0].status).toBe('good');
  });
});
