/** Phase 1 by certificates. RFC 2408 §3.9, §3.10; RFC 2409 §5.1. */

import { describe, expect, test } from 'vitest';
import type { Reply } from '../../../src/ike/questions.ts';
import { CERT_ENCODING } from '../../../src/ike/wire/registry.ts';
import { Id } from '../../../src/net/id.ts';
import { altNames, crlPoints, dns, NOW, name } from '../auth/x509/make.ts';
import { pkcs7 } from '../auth/x509/pkcs7-made.ts';
import { keyOf } from '../crypto/signature/keys.ts';
import { both, round } from '../v2/proofs.ts';
import { FAIR } from '../v2/wire.ts';
import { expectAgreement, type Pair, type PairOptions, pair, proposals, QUICK } from './pair.ts';
import {
  altered,
  certFor,
  certPayload,
  EAST_CERT,
  ISSUER,
  proofsOf,
  ROOT,
  RSA,
  trusting,
  WEST_CERT,
  withCerts,
} from './pki.ts';

const MAIN = [
  'Main Mode { SA }                                 -->',
  '                                                 <-- Main Mode { SA }',
  'Main Mode { KE, Nonce }                          -->',
  '                                                 <-- Main Mode { KE, Nonce, CERTREQ }',
  'Main Mode* { ID, CERT, CERT, CERTREQ, SIG }      -->',
  '                                                 <-- Main Mode* { ID, CERT, CERT, SIG }',
];
const AGGRESSIVE = [
  'Aggressive Mode { SA, KE, Nonce, ID, CERTREQ }   -->',
  '                      <-- Aggressive Mode { SA, KE, Nonce, ID, CERT, CERT, CERTREQ, SIG }',
  'Aggressive Mode* { CERT, CERT, SIG }             -->',
];

function up(options: PairOptions, lines: readonly string[]): Pair {
  const made = pair(options);
  made.west.up();
  for (const line of [...lines, ...QUICK]) made.wire.expect(line);
  made.wire.expectSilence();
  expectAgreement(made);
  expect(made.west.plane.size).toBe(1);
  return made;
}

/** With raw keys alone. */
const RAW = MAIN.map((line) => line.replace(/, CERT(REQ)?\b/g, ''));

describe('both ends with certificates of one authority', () => {
  test('Main Mode: who has issued them comes along, and one helper checks and signs', () => {
    const { west, east } = up(withCerts(), MAIN);
    expect(east.jobs).toEqual(['isakmp.keys', 'auth.check', 'ke.mix']);
    expect(west.jobs).toEqual(['ke.make', 'isakmp.keys', 'sign', 'auth.check', 'ke.make', 'ke.mix']);
    expect(west.lines.join('\n')).toContain(
      "authenticated peer certificate 'CN=east' and 2056-bit RSA digital signature issued by 'CN=issuer'; ID_FQDN '@east'",
    );
    expect(east.lines.join('\n')).toContain('ISAKMP SA established {auth=RSA_SIG ');
    expect([...west.distrusted, ...east.distrusted]).toEqual([]);
  });

  test('Aggressive Mode', () => {
    const { west, east } = up(withCerts({ policy: { v1: { aggressive: true } } }), AGGRESSIVE);
    expect(west.jobs.slice(0, 3)).toEqual(['ke.make', 'isakmp.keys', 'auth.check']);
    expect(east.jobs.slice(0, 3)).toEqual(['isakmp.keys', 'sign', 'auth.check']);
  });

  test.each([false, true])('in fragments, where both can put them together (aggressive %s)', (aggressive) => {
    const made = pair(withCerts({ policy: { fragmentation: true, v1: { aggressive } } }));
    made.wire.release();
    made.west.up();
    made.clock.advance(1_000);
    expectAgreement(made);
    expect(made.west.plane.size).toBe(1);
  });

  test.each([false, true])('lossy, with helpers that take their time (aggressive %s)', (aggressive) => {
    for (let seed = 0; seed < 30; seed++) {
      const weather = { loss: 0.2, duplication: 0.1, minDelay: 1, maxDelay: 400 };
      const ends = withCerts({ policy: { v1: { aggressive } } });
      const made = pair({
        ...ends,
        seed,
        weather,
        west: { ...ends.west, jobMs: 20 },
        east: { ...ends.east, jobMs: 90 },
      });
      made.west.up();
      made.clock.advance(9_000);
      made.wire.weather = FAIR;
      made.clock.advance(46_000);
      expect(made.west.agreed().isakmp, `seed ${seed}`).toEqual(made.east.agreed(true).isakmp);
      expect(made.west.distrusted, `seed ${seed}`).toEqual([]);
    }
  });

  test.each(['md5', 'sha1', 'sha2_256', 'sha2_384', 'sha2_512'])('a proof by %s is as long as that', (prf) => {
    up(withCerts({ policy: { ike: proposals('ike', `aes256-${prf}-dh19`) } }), MAIN);
  });

  test('keys of 1024 bits sign SHA-512, though no certificate has them', () => {
    const key = keyOf('rsa', 1024);
    const options = { policy: { ...RSA, ike: proposals('ike', 'aes256-sha2_512-dh19') } };
    const ends = {
      west: { proofs: { key, known: { '@east': [key] } } },
      east: { proofs: { key, known: { '@west': [key] } } },
    };
    up({ ...options, ...ends }, RAW);
  });

  test('identities that are names of certificates', () => {
    const policy = { policy: { localId: Id.parse('CN=west')!, remoteId: Id.parse('CN=east')! } };
    const mirrored = { policy: { localId: Id.parse('CN=east')!, remoteId: undefined } };
    const { east } = up(
      withCerts({
        west: { proofs: proofsOf(WEST_CERT), ...policy },
        east: { proofs: proofsOf(EAST_CERT), ...mirrored },
      }),
      MAIN,
    );
    expect(east.lines.join('\n')).toContain("Peer ID is ID_DER_ASN1_DN: 'CN=west'");
  });

  test('PKCS #7 in place of a chain, the leaf not at the front', () => {
    const made = pair(withCerts());
    const { west, east, wire, clock } = made;
    west.up();
    for (const line of MAIN.slice(0, 4)) wire.expect(line);
    const flight = wire.hold(MAIN[4]);
    let isFirst = true;
    const wrapped = altered(east, flight, (payload) => {
      if (payload.type !== 'CERT') return [payload];
      const bag = certPayload(pkcs7(ISSUER.der, WEST_CERT.der), CERT_ENCODING.PKCS7_WRAPPED_X509);
      const all = isFirst ? [bag] : [];
      isFirst = false;
      return all;
    });
    wire.deliver(wrapped);
    clock.flush();
    expect(east.sa.state).toBe('established');
  });
});

describe('a certificate is sent', () => {
  const sendCert = (when: 'always' | 'ifasked' | 'never') => ({
    ours: [round(['rsasig-v1.5'], { sendCert: when })] as const,
  });
  const asksNobody = { authorityNames: [] };

  test('always, if asked, or never, as sendcert= has it', () => {
    up(withCerts({ policy: sendCert('ifasked') }), MAIN);
    const raw = { known: { '@west': [WEST_CERT.key] } };
    const silent = withCerts({
      west: { proofs: proofsOf(WEST_CERT), policy: sendCert('never') },
      east: { proofs: proofsOf(EAST_CERT, raw) },
    });
    up(
      silent,
      MAIN.map((line) => (line.includes('CERTREQ, SIG') ? line.replaceAll(' CERT,', '') : line)),
    );
    const unasked = withCerts({
      west: { proofs: proofsOf(WEST_CERT), policy: sendCert('ifasked') },
      east: { proofs: proofsOf(EAST_CERT, { ...raw, ...asksNobody }) },
    });
    up(
      unasked,
      MAIN.map((line) =>
        line.includes('CERTREQ, SIG') ? line.replaceAll(' CERT,', '') : line.replace('Nonce, CERTREQ', 'Nonce'),
      ),
    );
  });

  test('with as many of its issuers as sendca= has', () => {
    const shelf = { anchors: [ROOT], intermediates: [ISSUER] };
    const knowing = { ...trusting(shelf) };
    const ends = (sendCa: 'none' | 'issuer') =>
      withCerts({
        policy: { sendCa },
        west: { proofs: proofsOf(WEST_CERT, knowing) },
        east: { proofs: proofsOf(EAST_CERT, knowing) },
      });
    up(
      ends('none'),
      MAIN.map((line) => line.replace('CERT, CERT,', 'CERT,')),
    );
    up(ends('issuer'), MAIN);
  });

  test('to a peer that names another authority, or none', () => {
    up(withCerts({ east: { proofs: proofsOf(EAST_CERT, { authorityNames: [name('CN=somebody else')] }) } }), MAIN);
    up(withCerts({ east: { proofs: proofsOf(EAST_CERT, { authorityNames: [new Uint8Array()] }) } }), MAIN);
  });

  test('nobody is asked for one where a secret is agreed on', () => {
    const ways = ['secret', 'rsasig-v1.5'] as const;
    const { wire, west } = pair(withCerts({ policy: both(ways) }));
    west.up();
    for (const line of MAIN.slice(0, 3)) wire.expect(line);
    wire.expect('<-- Main Mode { KE, Nonce }');
    wire.expect('Main Mode* { ID, HASH } -->');
  });

  test('of many authorities none is named, which asks for any', () => {
    const many = Array.from({ length: 60 }, (_, i) => name(`O=a name of some length, CN=authority ${i}`));
    const ends = withCerts({ east: { proofs: proofsOf(EAST_CERT, { authorityNames: many }) } });
    const { east, wire } = up(ends, MAIN);
    expect(east.debugs.filter((line) => line.includes('CERTREQ')).length).toBeGreaterThan(0);
    expect(wire.sent.find((d) => d.text.includes('Nonce, CERTREQ'))!.bytes.length).toBeLessThan(400);
  });
});

describe('what is looked up first', () => {
  const point = (cert: 'west') =>
    certFor(cert, { extensions: [altNames(dns('west')), crlPoints('http://crl.example/x')] });
  const fetching = { at: NOW, crlFetch: true };

  test.each([false, true])('a CRL, once, for as long as it takes (aggressive %s)', (aggressive) => {
    const ends = withCerts({
      policy: { v1: { aggressive } },
      west: { proofs: proofsOf(point('west')) },
      east: {
        proofs: proofsOf(EAST_CERT, { rules: fetching }),
        answers: () => ({ t: 'revocation', problems: ['http://crl.example/x: no answer'] }),
      },
    });
    const { east } = up(ends, aggressive ? AGGRESSIVE : MAIN);
    expect(east.questions.map(({ t }) => t)).toEqual(['revocation']);
    expect(east.jobs.filter((op) => op === 'auth.check')).toHaveLength(2);
    expect(east.lines.join('\n')).toContain('http://crl.example/x: no answer');
  });

  test('a raw key in DNS', () => {
    const spki = EAST_CERT.key;
    const dnsKeys = (): Reply => ({ t: 'dnsKeys', keys: [], isSecure: true, why: 'no record' });
    const theirs = [round(['rsasig-v1.5'], { keysFromDns: true })] as const;
    const made = pair({
      policy: RSA,
      west: { proofs: { key: WEST_CERT.key }, policy: { theirs }, answers: dnsKeys },
      east: { proofs: { key: spki, known: { '@west': [WEST_CERT.key] } } },
    });
    made.west.up();
    for (const line of RAW) made.wire.expect(line);
    expect(made.west.questions).toMatchObject([{ t: 'dnsKeys' }]);
    expect(made.west.lines.join('\n')).toContain("no key for ID_FQDN '@east' from DNS: no record");
    expect(made.west.distrusted).toEqual(['no-key']);
    expect(made.west.sa.state).toBe('mainI3');
  });
});
