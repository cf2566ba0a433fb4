/** What is altered, in whatever octet, is not believed; what is no certificate harms nobody. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCertificate } from '../../../../src/ike/auth/x509/certificate.ts';
import { parseCrl } from '../../../../src/ike/auth/x509/crl.ts';
import { parseOcspResponse } from '../../../../src/ike/auth/x509/ocsp-response.ts';
import { readRevoked } from '../../../../src/ike/auth/x509/revoked.ts';
import { CHECK_FLAGS } from '../../../../src/ike/crypto/job.ts';
import { keyOf } from '../../crypto/signature/keys.ts';
import { accepted, check } from '../checking.ts';
import { integer } from './der.ts';
import { crl, entry, ocsp, reason, scope } from './lists.ts';
import {
  altNames,
  another,
  authorityKeyId,
  basicConstraints,
  ca,
  certificate,
  crlPoints,
  directory,
  dns,
  email,
  ip,
  keyUsage,
  nameConstraints,
  ocspAt,
  purposes,
  subjectKeyId,
  uri,
} from './make.ts';

const id = Uint8Array.of(1, 2, 3, 4);
const root = ca({ subject: 'C=AT, CN=root', key: another('p256', 1) });
const middle = ca({
  ...{ subject: 'C=AT, O=Test, CN=middle', issuer: root, key: keyOf('ed25519') },
  extensions: [
    basicConstraints(true, 1),
    keyUsage(5, 6),
    subjectKeyId(id),
    nameConstraints([dns('example')], [ip(10, 0, 0, 0, 255, 0, 0, 0)]),
  ],
});
const SERIAL = integer(0x1234567);
const east = certificate({
  ...{ subject: 'CN=east', issuer: middle, key: keyOf('p256'), serial: SERIAL },
  extensions: [
    altNames(dns('east.example'), email('a@b'), uri('http://x'), ip(1, 2, 3, 4), directory('CN=x')),
    ...[keyUsage(0), purposes('1.3.6.1.5.5.7.3.17'), authorityKeyId(id)],
    ...[crlPoints('http://crl.example/a', 'http://b'), ocspAt('http://ocsp.example')],
  ],
});
const lists = [
  crl(root),
  crl(middle, { entries: [entry(integer(5), reason(1)), entry(integer(6))], extensions: [scope({ only: 'user' })] }),
];
const anchors = [root];
const flags = CHECK_FLAGS.idOnCertificate | CHECK_FLAGS.crlStrict;

function altered(octets: Uint8Array, at: number, by: number): Uint8Array {
  const copy = Uint8Array.from(octets);
  copy[at] ^= by;
  return copy;
}

/** Each octet in turn, one bit or several. */
function eachAltered(octets: Uint8Array, is: (octets: Uint8Array, at: number) => void): void {
  for (let at = 0; at < octets.length; at++) is(altered(octets, at, 1 << (at % 8)), at);
}

const octet = fc.integer({ min: 1, max: 255 });

describe('no octet can be changed', () => {
  test('of a chain that is good as it is', () => {
    expect(accepted([east, middle], { anchors, crls: lists }, { flags }).names).toHaveLength(3);
  });

  test('of the certificate', () => {
    eachAltered(east.der, (der) => expect(check([{ ...east, der }, middle], { anchors }).ok).toBe(false));
  });

  test('of the one above', () => {
    eachAltered(middle.der, (der) => expect(check([east, { ...middle, der }], { anchors }).ok).toBe(false));
  });

  test('of the signature of IKE_AUTH, or of what it covers', () => {
    const octets = Uint8Array.from(Buffer.from('message | nonce | prf'));
    eachAltered(octets, (other) => expect(check([east, middle], { anchors }, { octets: other }).ok).toBe(false));
  });

  test('of a CRL', () => {
    for (const [i, list] of lists.entries())
      eachAltered(list, (der, at) => {
        const crls = lists.with(i, der);
        if ('wrong' in parseCrl(der)) return;
        expect(check([east, middle], { anchors, crls }, { flags }).ok, `octet ${at}`).toBe(false);
      });
  });

  test('of an OCSP response', () => {
    const whole = ocsp(middle, { serial: SERIAL });
    const asking = CHECK_FLAGS.ocsp | CHECK_FLAGS.ocspStrict | CHECK_FLAGS.hasLooked | CHECK_FLAGS.idOnCertificate;
    const shelf = { anchors, crls: [lists[0]] };
    expect(accepted([east, middle], shelf, { flags: asking, ocsps: [whole] }).names).toHaveLength(3);
    eachAltered(whole, (response, at) =>
      expect(check([east, middle], shelf, { flags: asking, ocsps: [response] }).ok, `octet ${at}`).toBe(false),
    );
  });

  test('however it is changed', () => {
    fc.assert(
      fc.property(
        fc.nat(east.der.length - 1),
        octet,
        fc.nat(middle.der.length - 1),
        octet,
        fc.nat(2),
        (a, x, b, y, which) => {
          const chain = [
            which === 1 ? east : { ...east, der: altered(east.der, a, x) },
            which === 0 ? middle : { ...middle, der: altered(middle.der, b, y) },
          ];
          expect(check(chain, { anchors }).ok).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('and none can be cut off or put behind', () => {
    for (const der of [east.der, middle.der]) {
      for (let length = 0; length < der.length; length++)
        expect(parseCertificate(der.subarray(0, length))).toHaveProperty('wrong');
      expect(parseCertificate(Buffer.concat([der, Uint8Array.of(0)]))).toHaveProperty('wrong');
    }
    for (const list of lists) {
      for (let length = 0; length < list.length; length++)
        expect(parseCrl(list.subarray(0, length))).toHaveProperty('wrong');
      expect(parseCrl(Buffer.concat([list, Uint8Array.of(0)]))).toHaveProperty('wrong');
    }
  });
});

describe('any octets are read, or refused in one line', () => {
  const READERS = { parseCertificate, parseCrl, parseOcspResponse, readRevoked } as const;
  const samples = [east.der, middle.der, ...lists, ocsp(middle, { serial: SERIAL })];
  /** Of something that is good, with a few changes, so that readers get far. */
  const near = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    )
    .map(([sample, changes]) => {
      const copy = Uint8Array.from(sample);
      for (const [at, value] of changes) copy[at % copy.length] = value;
      return copy;
    });
  test.each(Object.entries(READERS))('%s', (_, read) => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), near), (octets) => {
        const result = read(octets);
        if ('wrong' in result) expect(result.wrong).toMatch(/^[\x20-\x7e]{1,400}$/);
      }),
      { numRuns: 2000 },
    );
  });

  test('a job with anything in it has a result', () => {
    fc.assert(
      fc.property(
        fc.array(near, { maxLength: 12 }),
        fc.array(near, { maxLength: 3 }),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        (certs, ocsps, id) => {
          const result = check([east], { anchors }, { certs, ocsps, id, flags: 63 });
          expect(result).toHaveProperty('ok');
          if (!result.ok) expect(result.why).not.toBe('failed');
        },
      ),
      { numRuns: 300 },
    );
  });
});
