/** Proofs by certificate that do not hold: nothing changes, and it is said and counted what is wrong. */
import { describe, expect, test } from 'vitest';
import { CERT_ENCODING } from '../../../src/ike/wire/registry.ts';
import { Id } from '../../../src/net/id.ts';
import { integer } from '../auth/x509/der.ts';
import { crl, entry } from '../auth/x509/lists.ts';
import { altNames, another, ca, dns, type Made, NOW } from '../auth/x509/make.ts';
import { round } from '../v2/proofs.ts';
import { expectNothing, type PairOptions, pair } from './pair.ts';
import {
  altered,
  certFor,
  certPayload,
  EAST_CERT,
  ISSUER,
  proofsOf,
  ROOT,
  STRANGER,
  spoilt,
  trusting,
  WEST_CERT,
  withCerts,
} from './pki.ts';
import type { Proofs } from './proofs.ts';

type End = 'west' | 'east';
type Mode = 'Main Mode' | 'Aggressive Mode';

/** By mode, and by who is not believed: what comes before its proof, the proof, and the state of whoever looks at it. */
const COURSES: readonly { mode: Mode; liar: End; before: readonly string[]; proof: string; state: string }[] = [
  {
    ...{ mode: 'Main Mode', liar: 'west', state: 'mainR2' },
    before: [
      'Main Mode { SA } -->',
      '<-- Main Mode { SA }',
      'Main Mode { KE, Nonce } -->',
      '<-- Main Mode { KE, Nonce, CERTREQ }',
    ],
    proof: 'Main Mode* { ID, CERT, CERT, CERTREQ, SIG } -->',
  },
  {
    ...{ mode: 'Main Mode', liar: 'east', state: 'mainI3' },
    before: [
      'Main Mode { SA } -->',
      '<-- Main Mode { SA }',
      'Main Mode { KE, Nonce } -->',
      '<-- Main Mode { KE, Nonce, CERTREQ }',
      'Main Mode* { ID, CERT, CERT, CERTREQ, SIG } -->',
    ],
    proof: '<-- Main Mode* { ID, CERT, CERT, SIG }',
  },
  {
    ...{ mode: 'Aggressive Mode', liar: 'east', state: 'aggrI1' },
    before: ['Aggressive Mode { SA, KE, Nonce, ID, CERTREQ } -->'],
    proof: '<-- Aggressive Mode { SA, KE, Nonce, ID, CERT, CERT, CERTREQ, SIG }',
  },
  {
    ...{ mode: 'Aggressive Mode', liar: 'west', state: 'aggrR1' },
    before: [
      'Aggressive Mode { SA, KE, Nonce, ID, CERTREQ } -->',
      '<-- Aggressive Mode { SA, KE, Nonce, ID, CERT, CERT, CERTREQ, SIG }',
    ],
    proof: 'Aggressive Mode* { CERT, CERT, SIG } -->',
  },
];

type Course = (typeof COURSES)[number];

/** Runs `course` up to its proof, which is held. */
function upTo({ mode, before, proof, liar }: Course, options: PairOptions) {
  const made = pair({
    ...options,
    policy: { ...options.policy, v1: { ...options.policy?.v1, aggressive: mode === 'Aggressive Mode' } },
  });
  made.west.up();
  for (const line of before) made.wire.expect(line);
  const flight = made.wire.hold(proof);
  return { made, flight, judge: liar === 'west' ? made.east : made.west };
}

/** `flight` comes, and nothing is other than before but for what was said. */
function expectDisbelief({ made, flight, judge }: ReturnType<typeof upTo>, course: Course, said: string): void {
  const before = judge.snapshot();
  expect(judge.sa.state).toBe(course.state);
  made.wire.deliver(flight);
  made.clock.flush();
  expect(judge.snapshot()).toBe(before);
  expect(judge.lines.join('\n')).toContain(`probable authentication failure: ${said}`);
}

const other = (end: End): End => (end === 'west' ? 'east' : 'west');
const CERT_OF = { west: WEST_CERT, east: EAST_CERT } as const;

/** The liar with `has`, and the other one, who knows `knows` besides. */
const ends = (liar: End, has: Proofs, knows: Proofs = {}): PairOptions =>
  withCerts({
    [liar]: { proofs: has },
    [other(liar)]: { proofs: proofsOf(CERT_OF[other(liar)], knows) },
  });

const from = (issuer: Made): Proofs => ({ issuers: [issuer.der] });
const OTHER_ISSUER = ca({ subject: 'CN=issuer', issuer: STRANGER, key: another('p256', 3) });

describe.each(COURSES)('$mode, $liar is not believed', (course) => {
  const { liar } = course;
  const own = CERT_OF[liar];
  const failed = `peer ID_FQDN '@${liar}' failed authentication with RSA: `;

  test.each<[string, () => PairOptions, string, string]>([
    [
      'another authority',
      () => ends(liar, proofsOf(certFor(liar, { issuer: OTHER_ISSUER }), from(OTHER_ISSUER))),
      'certificate-untrusted',
      `${failed}certificate "CN=issuer": its issuer "CN=stranger" is not known`,
    ],
    [
      'a certificate that has expired',
      () => ends(liar, proofsOf(certFor(liar, { to: NOW - 1 }))),
      'certificate-expired',
      `${failed}certificate "CN=${liar}": expired 2025-12-31 23:59:59 UTC`,
    ],
    [
      'a certificate that has been revoked',
      () => {
        const serial = integer(4711);
        const shelf = { anchors: [ROOT], crls: [crl(ISSUER, { entries: [entry(serial)] }), crl(ROOT)] };
        return ends(liar, proofsOf(certFor(liar, { serial })), trusting(shelf));
      },
      'certificate-revoked',
      `${failed}certificate "CN=${liar}": revoked 2025-12-31 00:00:00 UTC (unspecified)`,
    ],
    [
      'no CRL, where there must be one',
      () => ends(liar, proofsOf(own), { rules: { at: NOW, crlStrict: true } }),
      'certificate-unchecked',
      `${failed}certificate "CN=${liar}": its issuer has no CRL here`,
    ],
    [
      "somebody else's certificate",
      () => ends(liar, proofsOf(certFor(liar, { subject: 'CN=mallory', extensions: [altNames(dns('mallory'))] }))),
      'certificate-name',
      `${failed}certificate "CN=mallory": the identity "@${liar}" is not among its subjectAltNames`,
    ],
    [
      'a certificate of another key',
      () => ends(liar, proofsOf({ ...own, key: another('rsa', 16) })),
      'bad-signature',
      `${failed}certificate "CN=${liar}": its signature has 258 octets instead of ${liar === 'west' ? 256 : 257}`,
    ],
  ])('%s', (_, options, kind, said) => {
    const run = upTo(course, options());
    expectDisbelief(run, course, said);
    expect(run.judge.distrusted).toEqual([kind]);
    run.made.clock.advance(120_000);
    expectNothing(run.judge);
  });

  test('rightca= of somebody else', () => {
    const theirs = [round(['rsasig-v1.5'], { ca: Id.parse('CN=stranger')! })] as const;
    const options = withCerts({
      [other(liar)]: { proofs: proofsOf(CERT_OF[other(liar)]), policy: { theirs } },
    });
    const run = upTo(course, options);
    expectDisbelief(run, course, `peer ID_FQDN '@${liar}' has a certificate of another authority than 'CN=stranger'`);
    expect(run.judge.lines.join('\n')).toContain(
      "why: the peer's certificate is from CN=issuer, under CN=root; ca= of",
    );
    expect(run.judge.distrusted).toEqual(['certificate-untrusted']);
  });

  test('no certificate at all, and no key that is known', () => {
    const run = upTo(course, withCerts());
    const flight = altered(run.judge, run.flight, (p) => (p.type === 'CERT' ? [] : [p]));
    expectDisbelief(
      { ...run, flight },
      course,
      `peer ID_FQDN '@${liar}' failed authentication: no public key is known`,
    );
    expect(run.judge.distrusted).toEqual(['no-key']);
    expect(run.judge.jobs.at(-1)).not.toBe('auth.check');
  });

  test.each(['SIG', 'CERT'] as const)('an altered %s, and the real message is heard after it', (type) => {
    const run = upTo(course, withCerts());
    const flight = altered(run.judge, run.flight, (p) => [p.type === type ? { ...p, data: spoilt(p.data) } : p]);
    expectDisbelief({ ...run, flight }, course, `peer ID_FQDN '@${liar}' failed authentication with RSA: `);
    expect(run.judge.distrusted).toHaveLength(1);
    run.made.wire.deliver(run.flight);
    run.made.clock.flush();
    expect(run.judge.sa.state).toBe('established');
  });

  test('more wrong signatures than anybody needs are not looked at', () => {
    const run = upTo(course, withCerts());
    for (let i = 0; i < 50; i++) {
      const data = new Uint8Array(257).fill(i + 1);
      run.made.wire.deliver(altered(run.judge, run.flight, (p) => [p.type === 'SIG' ? { ...p, data } : p]));
      run.made.clock.flush();
    }
    expect(run.judge.jobs.filter((op) => op === 'auth.check')).toHaveLength(32);
    expect(run.judge.lines.filter((line) => line.includes('probable authentication failure'))).toHaveLength(1);
  });

  test('more certificates than are taken, junk among them, do no harm to those that come first', () => {
    const run = upTo(course, withCerts());
    let isFirst = true;
    const flight = altered(run.judge, run.flight, (p) => {
      if (p.type !== 'CERT') return [p];
      const many = Array.from({ length: 20 }, (_, i) => certPayload(new Uint8Array(40).fill(i)));
      const more = [certPayload(Uint8Array.of(1), CERT_ENCODING.PKCS7_WRAPPED_X509), ...many];
      const all = isFirst ? [p] : [p, ...more];
      isFirst = false;
      return all;
    });
    run.made.wire.deliver(flight);
    run.made.clock.flush();
    expect(run.judge.sa.state).toBe('established');
    expect(run.judge.lines.join('\n')).toContain('peer sends PKCS #7 that cannot be read: ');
    expect(run.judge.lines.join('\n')).toContain('peer sends more certificates than we take; 12 of them ignored');
  });
});

test('what we have to prove ourselves with is no RSA key: nothing is sent', () => {
  const { west, wire } = pair(withCerts({ west: { proofs: proofsOf({ ...WEST_CERT, key: another('p256', 0) }) } }));
  west.up();
  wire.expectSilence();
  expectNothing(west);
  expect(west.ends[0].text).toBe('cannot prove who we are: IKEv1 signs with RSA, and our key is 256 bits of p256');
  expect(west.distrusted).toEqual(['ourselves']);
});

/** It trusts whom it should, and has nothing of its own. */
const KEYLESS: Proofs = { rules: { at: NOW }, ...trusting({ anchors: [ROOT] }) };

test('as responder, a connection that cannot prove itself is none', () => {
  const { west, east, wire } = pair(withCerts({ east: { proofs: KEYLESS } }));
  west.up();
  for (const line of COURSES[0].before) wire.expect(line);
  wire.expect(COURSES[0].proof);
  wire.expectSilence();
  expect(east.sa.state).toBe('mainR2');
  expect(east.lines.join('\n')).toContain('probable authentication failure: there is no private key');
  const aggressive = pair(withCerts({ policy: { v1: { aggressive: true } }, east: { proofs: KEYLESS } }));
  aggressive.west.up();
  aggressive.wire.expect(COURSES[2].before[0]);
  aggressive.wire.expectSilence();
  expectNothing(aggressive.east);
  expect(aggressive.east.jobs).toEqual([]);
});
