import { describe, expect, test } from 'vitest';
import { writeCertId } from '../../../../src/ike/auth/x509/cert-id.ts';
import { type Certificate, parseCertificate } from '../../../../src/ike/auth/x509/certificate.ts';
import { TrustReader } from '../../../../src/ike/auth/x509/trust-reader.ts';
import { CHECK_FLAGS, runJob } from '../../../../src/ike/crypto/job.ts';
import { good, text } from '../../crypto/signature/keys.ts';
import { accepted, check, jobOf, refusal, shelfOf } from '../checking.ts';
import { integer, seq } from './der.ts';
import { certIdOf, crl, crlNumber, entry, type OcspWish, ocsp, reason, scope } from './lists.ts';
import {
  altNames,
  another,
  basicConstraints,
  ca,
  certificate,
  crlPoints,
  DAY,
  dns,
  extension,
  keyUsage,
  type Made,
  NOW,
  ocspAt,
  purposes,
  uri,
  type Wish,
} from './make.ts';

const root = ca({ subject: 'CN=root', key: another('p256', 1) });
const SERIAL = integer(0x0badf00d);
const leaf = (wish: Wish = {}, ...more: Uint8Array[]): Made =>
  certificate({
    ...{ subject: 'CN=east', issuer: root, serial: SERIAL, key: another('p256', 2) },
    ...{ extensions: [altNames(dns('east.example')), ...more], ...wish },
  });
const east = leaf();

const { idOnCertificate, crlStrict, crlFetch, ocsp: asks, ocspStrict, hasLooked } = CHECK_FLAGS;
const strict = { flags: idOnCertificate | crlStrict };

const withCrls = (...crls: Uint8Array[]) => ({ anchors: [root], crls });

describe('CRLs', () => {
  const revoked = crl(root, { entries: [entry(integer(1)), entry(SERIAL, reason(1)), entry(integer(2), reason(4))] });

  test('a certificate on the list is refused, with why and since when', () => {
    expect(refusal([east], withCrls(revoked))).toBe(
      'certificate-revoked: certificate "CN=east": revoked 2025-12-31 00:00:00 UTC (keyCompromise)',
    );
  });

  test('one that is not on it is good, however strict we are', () => {
    expect(accepted([leaf({ serial: integer(3) })], withCrls(revoked), strict).names).toHaveLength(2);
    expect(accepted([east], withCrls(crl(root)), strict).names).toHaveLength(2);
  });

  test('without a list it is good unless we are strict', () => {
    expect(accepted([east], withCrls()).wants).toEqual([]);
    expect(refusal([east], withCrls(), strict)).toMatch('certificate "CN=east": its issuer has no CRL here');
  });

  test('authorities in between are looked up as well', () => {
    const middle = ca({ subject: 'CN=middle', issuer: root, serial: integer(99), key: another('p256', 3) });
    const chain = [leaf({ issuer: middle }), middle];
    expect(refusal(chain, withCrls(crl(root, { entries: [entry(integer(99))] })))).toMatch(
      'certificate "CN=middle": revoked 2025-12-31 00:00:00 UTC (unspecified)',
    );
    expect(refusal(chain, withCrls(crl(middle)), strict)).toMatch('certificate "CN=middle": its issuer has no CRL');
    expect(accepted(chain, withCrls(crl(middle), crl(root)), strict).names).toHaveLength(3);
  });

  test('of an issuer of the same name that has another key, a list says nothing', () => {
    const other = ca({ subject: 'CN=root', key: another('p256', 9) });
    const shelf = withCrls(crl(other, { entries: [entry(SERIAL)] }));
    expect(accepted([east], shelf).names).toHaveLength(2);
    expect(refusal([east], shelf, strict)).toMatch('its CRL is not to be believed: its signature does not match');
  });

  test.each([
    ['out of date', crl(root, { to: NOW - 60 }), 'its CRL is out of date since 2025-12-31 23:59:00 UTC'],
    ['of tomorrow', crl(root, { from: NOW + DAY, to: NOW + 2 * DAY }), 'its CRL is not valid before 2026-01-02'],
    [
      'with a weak hash',
      crl(root, { digest: 'sha1' }),
      'its CRL is not to be believed: its signature is made with SHA-1',
    ],
    ['for authorities', crl(root, { extensions: [scope({ only: 'ca' })] }), 'its CRL is about ca certificates only'],
    ['of attributes', crl(root, { extensions: [scope({ only: 'attribute' })] }), 'about attribute certificates only'],
    ['for one reason', crl(root, { extensions: [scope({ reasons: [1] })] }), 'its CRL is not about all reasons'],
    [
      'of elsewhere',
      crl(root, { extensions: [scope({ point: uri('http://x/') })] }),
      'its CRL is of another distribution point',
    ],
    ['with bad entries', crl(root, { body: seq(text('none')) }), 'its CRL cannot be read: userCertificate'],
    ['with negative numbers', crl(root, { entries: [entry(integer(Uint8Array.of(0x80)))] }), 'a negative number'],
    ['indirect by entry', crl(root, { entries: [entry(SERIAL, extension('2.5.29.29', seq(), true))] }), 'indirect'],
    [
      'with a riddle',
      crl(root, { entries: [entry(SERIAL, extension('1.2.3', seq(), true))] }),
      '1.2.3: it is critical and unknown',
    ],
  ])('a list %s lets nobody in', (_, list, why) => {
    expect(refusal([east], withCrls(list), strict)).toMatch(why);
    expect(accepted([east], withCrls(list)).names).toHaveLength(2);
  });

  test('what is on a list that is out of date stays revoked', () => {
    expect(refusal([east], withCrls(crl(root, { entries: [entry(SERIAL)], to: NOW - 60 })))).toMatch('revoked');
  });

  test('lists for users, for one point and for parts of the reasons are put together', () => {
    const points = [crlPoints('http://crl.example/a')];
    const pointed = leaf({}, ...points);
    const at = (name: string, only: 'user' | 'ca') =>
      crl(root, { extensions: [scope({ point: uri(name), only })], entries: [entry(SERIAL)] });
    expect(refusal([pointed], withCrls(at('http://crl.example/a', 'user')))).toMatch('revoked');
    expect(accepted([pointed], withCrls(at('http://crl.example/a', 'ca'))).names).toHaveLength(2);
    expect(accepted([pointed], withCrls(at('http://crl.example/b', 'user'))).names).toHaveLength(2);
    const halves = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ].map((reasons) => crl(root, { extensions: [scope({ reasons })] }));
    expect(accepted([east], withCrls(...halves), strict).names).toHaveLength(2);
    expect(refusal([east], withCrls(halves[0]), strict)).toMatch('not about all reasons');
  });

  test('what a delta has taken out is not on a list', () => {
    expect(accepted([east], withCrls(crl(root, { entries: [entry(SERIAL, reason(8))] })), strict).names).toHaveLength(
      2,
    );
  });

  test('an issuer that may not sign lists has none', () => {
    const silent = ca({ subject: 'CN=silent', extensions: [basicConstraints(true), keyUsage(5)] });
    const shelf = { anchors: [silent], crls: [crl(silent, { entries: [entry(SERIAL)] })] };
    expect(refusal([leaf({ issuer: silent })], shelf, strict)).toMatch(
      'which may not sign CRLs (keyUsage has no cRLSign)',
    );
  });

  test('the shelf refuses what is no CRL, or one of a kind that we do not know', () => {
    const shelf = shelfOf({});
    expect(shelf.putCrl(text('none'))).toMatchObject({ wrong: expect.stringMatching(/^CRL: /) });
    expect(shelf.putCrl(crl(root, { to: undefined }))).toMatchObject({ wrong: expect.stringMatching(/^nextUpdate: /) });
    const delta = crl(root, { extensions: [extension('2.5.29.27', integer(1), true)] });
    expect(shelf.putCrl(delta)).toMatchObject({ wrong: expect.stringMatching('it is a delta CRL') });
    const indirect = crl(root, { extensions: [scope({ indirect: true })] });
    expect(shelf.putCrl(indirect)).toMatchObject({ wrong: expect.stringMatching('it is an indirect CRL') });
    const riddle = crl(root, { extensions: [extension('1.2.3', seq(), true)] });
    expect(shelf.putCrl(riddle)).toMatchObject({
      wrong: expect.stringMatching('extension 1.2.3: it is critical and unknown'),
    });
    expect(shelf.putCrl(crl(root, { version: undefined, extensions: [] }))).toEqual({ number: 1 });
  });

  test('the newer of two lists is the one that counts, in whatever order they come', () => {
    const old = crl(root, { from: NOW - 2 * DAY, entries: [entry(SERIAL)] });
    const fresh = crl(root, { extensions: [crlNumber(2)] });
    expect(accepted([east], withCrls(old, fresh), strict).names).toHaveLength(2);
    expect(accepted([east], withCrls(fresh, old), strict).names).toHaveLength(2);
  });

  describe('that can be fetched', () => {
    const pointed = leaf(
      {},
      crlPoints('http://crl.example/a', 'ldap://crl.example/b', 'ftp://no', 'http://c', 'http://d', 'http://e'),
    );
    const want = {
      ...{ kind: 'crl', about: root.subject },
      urls: ['http://crl.example/a', 'ldap://crl.example/b', 'http://c', 'http://d'],
    };

    test('are wanted when there is none, or none that is up to date, and then nothing is decided', () => {
      const flags = { flags: idOnCertificate | crlFetch };
      expect(accepted([pointed], withCrls(), flags)).toMatchObject({ wants: [want], names: [], auth: undefined });
      expect(accepted([pointed], withCrls(crl(root, { to: NOW - 1 })), flags)).toMatchObject({ wants: [want] });
      expect(accepted([pointed], withCrls(crl(root)), flags).wants).toEqual([]);
      expect(accepted([pointed], withCrls()).wants).toEqual([]);
    });

    test('and what comes of that decides', () => {
      const flags = idOnCertificate | crlFetch | hasLooked;
      expect(accepted([pointed], withCrls(), { flags }).wants).toEqual([]);
      expect(refusal([pointed], withCrls(), { flags: flags | crlStrict })).toMatch('no CRL here');
    });

    test('are not wanted of a certificate that is refused anyway', () => {
      const flags = idOnCertificate | crlFetch;
      expect(refusal([pointed], withCrls(), { flags, as: '@west.example' })).toMatch('west.example');
      expect(refusal([pointed], withCrls(crl(root, { to: NOW - 1, entries: [entry(SERIAL)] })), { flags })).toMatch(
        'revoked',
      );
    });
  });
});

describe('OCSP', () => {
  const shelf = { anchors: [root] };
  const answer = (wish: Partial<OcspWish> = {}): Uint8Array => ocsp(root, { serial: SERIAL, ...wish });
  const flags = idOnCertificate | asks | ocspStrict;
  const asked = leaf({}, ocspAt('http://ocsp.example/'));
  const responder = certificate({
    ...{ subject: 'CN=responder', issuer: root, key: another('p256', 5), extensions: [purposes('1.3.6.1.5.5.7.3.9')] },
  });

  test('a response that the peer has sent along is enough', () => {
    const more = { flags: flags | hasLooked };
    for (const wish of [
      {},
      { by: 'key' },
      { hash: 'sha256' },
      { responder },
      { responder, by: 'key' },
      { to: undefined },
    ] as const)
      expect(accepted([asked], shelf, { ...more, ocsps: [answer(wish)] }).names).toHaveLength(2);
    expect(refusal([asked], shelf, { ...more, ocsps: [answer({ status: 'revoked' })] })).toBe(
      'certificate-revoked: certificate "CN=east": revoked 2025-12-31 00:00:00 UTC (OCSP)',
    );
  });

  test('one of before the revocation is not: what is on the CRL has been said later', () => {
    const listed = withCrls(crl(root, { entries: [entry(SERIAL)], from: NOW - 60 }));
    const more = { flags: flags | hasLooked };
    for (const from of [NOW - 3600, NOW - 60])
      expect(refusal([asked], listed, { ...more, ocsps: [answer({ from })] })).toMatch(/: revoked 2025/);
    // Put on hold, and taken off the list since.
    const ocsps = [answer({ from: NOW - 59 }), answer({ from: NOW - 3600 })];
    expect(accepted([asked], listed, { ...more, ocsps }).names).toHaveLength(2);
  });

  test('so is one on the shelf', () => {
    const own = shelfOf(shelf);
    const pair = [asked, root].map(({ der }) => good(parseCertificate(der))) as [Certificate, Certificate];
    const job = jobOf({ key: asked.key }, { certs: [asked.der], flags: flags | hasLooked });
    const trust = new TrustReader(own.shared);
    expect(runJob(job, undefined, trust)).toMatchObject({ ok: false });
    own.putOcsp(writeCertId(...pair), answer());
    expect(runJob(job, undefined, trust)).toMatchObject({ ok: true });
    own.putOcsp(writeCertId(...pair), answer({ status: 'revoked' }));
    expect(runJob(job, undefined, trust)).toMatchObject({ ok: false });
    own.dropAll('ocsp');
    expect(runJob(job, undefined, trust)).toMatchObject({
      ok: false,
      detail: expect.stringMatching('no OCSP response'),
    });
  });

  test('without an answer the responder is to be asked, and then nothing is decided', () => {
    const about = certIdOf(root, SERIAL);
    const urls = ['http://ocsp.example/'];
    expect(accepted([asked], shelf, { flags })).toMatchObject({
      ...{ names: [], wants: [{ kind: 'ocsp', urls, about, request: seq(seq(seq(seq(about)))) }] },
    });
    const ocspUri = text('http://other/');
    expect(accepted([asked], shelf, { flags, ocspUri }).wants[0].urls).toEqual(['http://other/']);
    expect(accepted([east], shelf, { flags, ocspUri }).wants[0].urls).toEqual(['http://other/']);
    expect(accepted([asked], shelf).wants).toEqual([]);
  });

  test('when there is none, we may be strict or not', () => {
    expect(accepted([asked], shelf, { flags: (flags & ~ocspStrict) | hasLooked }).names).toHaveLength(2);
    expect(refusal([asked], shelf, { flags: flags | hasLooked })).toMatch('there is no OCSP response about it');
    expect(refusal([east], shelf, { flags })).toMatch('it names no OCSP responder, and its issuer has no CRL here');
    expect(accepted([east], withCrls(crl(root)), { flags }).names).toHaveLength(2);
    expect(refusal([asked], withCrls(crl(root)), { flags: flags | hasLooked })).toMatch('no OCSP response');
  });

  test('the CRL is wanted too, unless OCSP alone will do', () => {
    const both = leaf({}, ocspAt('http://ocsp.example/'), crlPoints('http://crl.example/'));
    const kinds = (of: number) => accepted([both], shelf, { flags: of | crlFetch }).wants.map(({ kind }) => kind);
    expect(kinds(flags & ~ocspStrict)).toEqual(['ocsp', 'crl']);
    expect(kinds(flags)).toEqual(['ocsp']);
  });

  const other = ca({ subject: 'CN=other', key: another('p256', 6) });
  const purposeless = certificate({ subject: 'CN=responder', issuer: root, key: another('p256', 5), extensions: [] });
  const foreign = certificate({
    ...{ subject: 'CN=responder', issuer: other, key: another('p256', 5), extensions: [purposes('1.3.6.1.5.5.7.3.9')] },
  });
  const old = certificate({
    ...{ subject: 'CN=old', issuer: root, extensions: [purposes('1.3.6.1.5.5.7.3.9')], to: NOW - 1 },
  });
  test('whom our configuration names is believed whoever has issued it, for as long as it is valid', () => {
    const at = (named: Made) => ({ anchors: [root], responder: named });
    const more = { flags: flags | hasLooked };
    for (const wish of [{}, { isBare: true }, { isBare: true, by: 'key' }] as const)
      expect(accepted([asked], at(other), { ...more, ocsps: [answer({ responder: other, ...wish })] }).wants).toEqual(
        [],
      );
    expect(refusal([asked], at(other), { ...more, ocsps: [answer({ responder: other, status: 'revoked' })] })).toMatch(
      /: revoked 2025/,
    );
    expect(refusal([asked], at(foreign), { ...more, ocsps: [answer({ responder: other })] })).toMatch(
      'of the same issuer',
    );
    expect(refusal([asked], at(old), { ...more, ocsps: [answer({ responder: old })] })).toMatch('is not valid now');
    // In its name, by another key.
    const forged = { ...other, key: root.key };
    expect(refusal([asked], at(other), { ...more, ocsps: [answer({ responder: forged })] })).toMatch('believed');
  });

  test('a responder may leave its certificate to us to have, and is held to the same', () => {
    const more = { flags: flags | hasLooked };
    const by = (made: Made) => ({ ...more, ocsps: [answer({ responder: made, isBare: true })] });
    expect(accepted([asked], { anchors: [root], intermediates: [responder] }, by(responder)).wants).toEqual([]);
    expect(refusal([asked], shelf, by(responder))).toMatch('has not named');
    expect(refusal([asked], { anchors: [root], intermediates: [foreign] }, by(foreign))).toMatch('of the same issuer');
  });

  test.each<[string, Uint8Array, string]>([
    ['about another certificate', answer({ serial: integer(7) }), 'there is no OCSP response about it'],
    ['of another issuer', ocsp(other, { serial: SERIAL }), 'there is no OCSP response about it'],
    ['of a responder that may not', answer({ responder: purposeless }), 'extKeyUsage has no OCSPSigning'],
    ["of another authority's responder", answer({ responder: foreign }), 'its responder is not of the same issuer'],
    ['of an expired responder', answer({ responder: old }), "its responder's certificate is not valid now"],
    ['of somebody', answer({ responder: other }), 'its responder is not of the same issuer'],
    [
      'in the name of the issuer',
      ocsp({ ...root, key: other.key }, { serial: SERIAL }),
      'there is no OCSP response about it',
    ],
    [
      'out of date',
      answer({ to: NOW - 1, from: NOW - DAY }),
      'its OCSP response is out of date since 2025-12-31 23:59:59',
    ],
    [
      'old, with no word of the next',
      answer({ to: undefined, from: NOW - DAY }),
      'out of date since 2025-12-31 01:00:00',
    ],
    ['of tomorrow', answer({ from: NOW + DAY }), 'its OCSP response is not valid before'],
    ['with a weak hash', answer({ digest: 'sha1' }), 'SHA-1, which is weak'],
    ['that says unknown', answer({ status: 'unknown' }), 'its OCSP responder does not know it'],
    [
      'that says to come later',
      answer({ responseStatus: 3 }),
      'its OCSP response cannot be used: the responder says tryLater',
    ],
    ['of an unknown kind', answer({ kind: '1.2.3' }), 'responseType: it is not a basic one'],
    ['with a riddle', answer({ extensions: [extension('1.2.3', seq(), true)] }), 'it is critical and unknown'],
    ['that is none', text('none'), 'its OCSP response cannot be used: OCSPResponse'],
  ])('a response %s lets nobody in', (_, response, why) => {
    expect(refusal([asked], shelf, { flags: flags | hasLooked, ocsps: [response] })).toMatch(why);
    expect(check([asked], shelf, { ocsps: [response] })).toMatchObject({ ok: true });
  });

  test('one bad response does not spoil a good one', () => {
    const more = { flags: flags | hasLooked };
    for (const ocsps of [
      [text('none'), answer()],
      [answer(), text('none')],
      [answer(), answer({ to: NOW - 1 })],
    ])
      expect(accepted([asked], shelf, { ...more, ocsps }).names).toHaveLength(2);
    expect(refusal([asked], shelf, { ...more, ocsps: [answer(), answer({ status: 'revoked' })] })).toMatch('revoked');
  });
});
