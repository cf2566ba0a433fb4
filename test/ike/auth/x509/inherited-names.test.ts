/** Octets of OIDs that spell what every object of JavaScript has: to us they are as unknown as any other. */
import { describe, expect, test } from 'vitest';
import { isIdOf } from '../../../../src/ike/auth/x509/cert-id.ts';
import { parseCertificate } from '../../../../src/ike/auth/x509/certificate.ts';
import { good } from '../../crypto/signature/keys.ts';
import { ascii, bool, octetString, seq, tlv } from './der.ts';
import { altNames, dns, leaf } from './make.ts';

const INHERITED = Object.getOwnPropertyNames(Object.prototype);

const oidThatSpells = (name: string): Uint8Array => tlv(0x06, ascii(name));

describe.each(INHERITED)('an OID that spells %s', (name) => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['something', Uint8Array.of(0x05, 0)],
  ])('is of an extension that is unknown, with %s in it', (_, inside) => {
    const critical = seq(oidThatSpells(name), bool(true), octetString(inside));
    const { der } = leaf({ extensions: [altNames(dns('east.example')), critical] });
    const { unknownCritical } = good(parseCertificate(der)).extensions;
    expect(unknownCritical).toMatch(/^2\.\d+\./);
  });

  test('is of no hash by which OCSP names anybody', () => {
    const east = good(parseCertificate(leaf({}).der));
    const { serial, subject, spki } = east;
    expect(isIdOf({ hash: name, issuerName: subject, issuerKey: spki, serial }, east, east)).toBe(false);
  });
});
