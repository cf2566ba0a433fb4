import { describe, expect, test } from 'vitest';
import { keyOf } from '../../crypto/signature/keys.ts';
import { accepted, refusal } from '../checking.ts';
import { integer, NULL, oid, seq } from './der.ts';
import {
  altNames,
  another,
  authorityKeyId,
  basicConstraints,
  ca,
  certificate,
  DAY,
  dns,
  extension,
  keyUsage,
  type Made,
  NOW,
  name,
  purposes,
  subjectKeyId,
  type Wish,
} from './make.ts';

const key = (n: number) => another('p256', n);
const root = ca({ subject: 'CN=root', key: key(1) });
const middle = ca({ subject: 'CN=middle', key: key(2), issuer: root });
const names = altNames(dns('east.example'));
const leaf = (wish: Wish = {}): Made =>
  certificate({ subject: 'CN=east', issuer: middle, extensions: [names], ...wish });
const trusting = { anchors: [root] };

const IPSEC_IKE = '1.3.6.1.5.5.7.3.17';
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';

describe('leaves that are good', () => {
  test.each<[string, Wish]>([
    ['signs', { extensions: [names, keyUsage(0)] }],
    ['does not repudiate', { extensions: [names, keyUsage(1, 2)] }],
    ...['17', '1', '2', '5', '6', '7'].map((n): [string, Wish] => [
      `is for purpose ${n}`,
      { extensions: [names, purposes(EMAIL_PROTECTION, `1.3.6.1.5.5.7.3.${n}`)] },
    ]),
    ['is for any purpose', { extensions: [names, purposes('2.5.29.37.0')] }],
    ['is for IKE as of old', { extensions: [names, purposes('1.3.6.1.5.5.8.2.2')] }],
    ['has an extension that is unknown', { extensions: [names, extension('1.2.3.4', NULL)] }],
    ['begins now', { from: NOW }],
    ['ends now', { to: NOW }],
    ['ends in 2049', { to: Date.UTC(2049, 11, 31, 23, 59, 59) / 1000 }],
    ['ends in 9999', { to: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000 }],
    ['has a serial number of 20 octets', { serial: integer(new Uint8Array(20).fill(0x7f)) }],
  ])('one that %s', (_, wish) => {
    expect(accepted([leaf(wish), middle], trusting).names).toHaveLength(3);
  });

  test.each(['rsa', 'p256', 'p384', 'p521', 'bp256', 'ed25519', 'ed448'] as const)('an authority with %s', (kind) => {
    const own = ca({ subject: 'CN=own', key: keyOf(kind) });
    expect(accepted([leaf({ issuer: own, key: keyOf(kind) })], { anchors: [own] }).names).toHaveLength(2);
  });

  test.each(['sha384', 'sha512', 'pss'] as const)('an authority that signs with RSA and %s', (digest) => {
    const own = ca({ subject: 'CN=own', key: keyOf('rsa'), digest });
    expect(accepted([leaf({ issuer: own, digest })], { anchors: [own] }).names).toHaveLength(2);
  });
});

describe('leaves that are refused', () => {
  test.each<[string, Wish, string]>([
    ['expired', { to: NOW - 1 }, 'expired 2025-12-31 23:59:59 UTC'],
    ['of tomorrow', { from: NOW + DAY }, 'not valid before 2026-01-02 00:00:00 UTC'],
    [
      'that may not sign',
      { extensions: [names, keyUsage(2, 3)] },
      'keyUsage has neither digitalSignature nor nonRepudiation',
    ],
    ['for mail', { extensions: [names, purposes(EMAIL_PROTECTION)] }, 'it is not for IKE (extKeyUsage)'],
    [
      'with a riddle',
      { extensions: [names, extension('1.2.3.4', NULL, true)] },
      'a critical extension that is unknown (1.2.3.4)',
    ],
    ['that another has signed', { issuer: { ...middle, key: key(3) } }, 'its signature does not match'],
    ['with a damaged signature', { signature: new Uint8Array(8) }, 'its signature is no ECDSA-Sig-Value'],
    ['with SHA-1', { digest: 'sha1' }, 'its signature is made with SHA-1, which is weak'],
  ])('one %s', (_, wish, why) => {
    expect(refusal([leaf(wish), middle], trusting)).toMatch(
      /^certificate-(untrusted|expired): certificate "CN=east": /,
    );
    expect(refusal([leaf(wish), middle], trusting)).toMatch(why);
  });

  test.each([
    ['md5', 'its signature is made with MD5, which is weak'],
    ['sha1', 'its signature is made with SHA-1, which is weak'],
  ] as const)('one that is signed with RSA and %s', (digest, why) => {
    const own = ca({ subject: 'CN=own', key: keyOf('rsa') });
    expect(refusal([leaf({ issuer: own, digest })], { anchors: [own] })).toMatch(why);
  });

  test('one with RSA of 1024 bits', () => {
    expect(refusal([leaf({ key: keyOf('rsa', 1024) }), middle], trusting)).toMatch(
      'certificate "CN=east": its RSA key has 1024 bits, and at least 2048 are wanted',
    );
  });

  test('one with a key that is none', () => {
    const spki = seq(seq(oid('1.2.3')), integer(1));
    expect(refusal([leaf({ spki }), middle], trusting)).toMatch(
      'bad-certificate: certificate "CN=east": bad key: it is no Subj',
    );
  });
});

describe('authorities that are refused', () => {
  const may = [basicConstraints(true), keyUsage(5, 6)];
  test.each<[string, Wish, string]>([
    ['a leaf', { extensions: [names] }, 'it is no authority (basicConstraints)'],
    ['one that says it is none', { extensions: [basicConstraints(false)] }, 'it is no authority (basicConstraints)'],
    ['of v1', { version: undefined, extensions: undefined }, 'it is no authority (basicConstraints)'],
    ['that may not sign', { extensions: [basicConstraints(true), keyUsage(0, 6)] }, 'keyUsage has no keyCertSign'],
    ['expired', { to: NOW - 1 }, 'expired 2025-12-31'],
    ['of tomorrow', { from: NOW + 1 }, 'not valid before 2026-01-01 00:00:01'],
    ['for mail', { extensions: [...may, purposes(EMAIL_PROTECTION)] }, 'it is not for IKE (extKeyUsage)'],
    ['with a riddle', { extensions: [...may, extension('1.2.3', NULL, true)] }, 'critical extension that is unknown'],
    ['with a short key', { key: keyOf('rsa', 1024) }, 'its RSA key has 1024 bits'],
    ['that somebody else has made', { issuer: { ...root, key: key(9) } }, 'its signature does not match'],
    ['with a weak signature', { digest: 'sha1' }, 'SHA-1, which is weak'],
  ])('%s', (_, wish, why) => {
    const bad = ca({ subject: 'CN=bad', key: key(5), issuer: root, ...wish });
    const said = refusal([leaf({ issuer: bad }), bad], trusting);
    expect(said).toMatch(/^certificate-(untrusted|expired): certificate "CN=bad": /);
    expect(said).toMatch(why);
    expect(refusal([leaf({ issuer: bad })], { anchors: [root], intermediates: [bad] })).toBe(said);
  });

  test('that we trust: their dates and their tasks count, their signature does not', () => {
    const old = ca({ subject: 'CN=old', key: key(5), to: NOW - 1 });
    expect(refusal([leaf({ issuer: old })], { anchors: [old] })).toMatch('certificate "CN=old": expired');
    const mere = ca({ subject: 'CN=mere', key: key(5), extensions: [] });
    expect(refusal([leaf({ issuer: mere })], { anchors: [mere] })).toMatch('certificate "CN=mere": it is no authority');
    const weak = ca({ subject: 'CN=weak', key: key(5), digest: 'sha1' });
    expect(accepted([leaf({ issuer: weak })], { anchors: [weak] }).names).toHaveLength(2);
    const v1 = ca({ subject: 'CN=v1', key: key(5), version: undefined, extensions: undefined });
    expect(accepted([leaf({ issuer: v1 })], { anchors: [v1] }).names).toHaveLength(2);
  });

  test('beyond the length that one above allows', () => {
    const only = ca({ subject: 'CN=only', key: key(5), issuer: root, extensions: [basicConstraints(true, 0)] });
    expect(accepted([leaf({ issuer: only }), only], trusting).names).toHaveLength(3);
    const below = ca({ subject: 'CN=below', key: key(6), issuer: only });
    expect(refusal([leaf({ issuer: below }), below, only], trusting)).toMatch(
      'certificate "CN=only": it allows 0 authorities below it (pathLenConstraint), and there are 1',
    );
    const renewed = ca({ subject: 'CN=only', key: key(7), issuer: only, extensions: [basicConstraints(true, 0)] });
    expect(accepted([leaf({ issuer: renewed }), renewed, only], trusting).names).toHaveLength(4);
  });
});

describe('ways up', () => {
  test('a chain has seven certificates, and no eighth', () => {
    const line: Made[] = [root];
    for (let i = 0; i < 6; i++) line.unshift(ca({ subject: `CN=n${i}`, key: key(10 + i), issuer: line[0] }));
    const [, ...six] = line;
    expect(accepted([leaf({ issuer: six[0] }), ...six.slice(0, -1)], trusting).names).toHaveLength(7);
    expect(refusal([leaf({ issuer: line[0] }), ...line.slice(0, -1)], trusting)).toMatch(
      'with it there are 7 certificates and no authority',
    );
  });

  test('an authority in the middle of a longer chain is where it ends', () => {
    expect(accepted([leaf(), middle, root], { anchors: [middle] }).names).toEqual([name('CN=east'), name('CN=middle')]);
  });

  test('what comes along may be in any order, and there may be more than is needed', () => {
    const other = ca({ subject: 'CN=other', key: key(8) });
    expect(accepted([leaf(), other, root, middle], trusting).names).toHaveLength(3);
  });

  test('of issuers with one name the right one is found, with the help of key identifiers or without', () => {
    const id = Uint8Array.of(1, 2, 3);
    const twins = [3, 4, 5].map((n) => ca({ subject: 'CN=middle', key: key(n), issuer: root }));
    const [a, b, c] = twins;
    expect(accepted([leaf({ issuer: c }), a, b, c], trusting).names).toHaveLength(3);
    const known = ca({
      ...{ subject: 'CN=middle', key: key(6), issuer: root },
      extensions: [basicConstraints(true), subjectKeyId(id)],
    });
    const pointed = leaf({ issuer: known, extensions: [names, authorityKeyId(id)] });
    expect(accepted([pointed, ...twins, known], trusting).names).toHaveLength(3);
  });

  test('when one of two ways is barred the other is taken', () => {
    const crossed = ca({ subject: 'CN=middle', key: key(2), issuer: ca({ subject: 'CN=gone', key: key(7) }) });
    const expired = ca({ subject: 'CN=middle', key: key(2), issuer: root, to: NOW - 1 });
    expect(accepted([leaf(), crossed, expired, middle], trusting).names).toHaveLength(3);
  });

  test('two who have signed each other lead nowhere, and end', () => {
    const a = ca({ subject: 'CN=a', key: key(3) });
    const b = ca({ subject: 'CN=b', key: key(4), issuer: a });
    const aByB = ca({ subject: 'CN=a', key: key(3), issuer: b });
    expect(refusal([leaf({ issuer: aByB }), aByB, b], trusting)).toMatch('certificate-untrusted: certificate');
  });

  test('a maze of good signatures is given up', () => {
    const twins = Array.from({ length: 9 }, () =>
      ca({ subject: 'CN=maze', key: key(3), issuer: { ...root, key: key(3), subject: name('CN=maze') } }),
    );
    expect(refusal([leaf({ issuer: twins[0] }), ...twins], trusting)).toMatch(
      'none of 32 ways up leads to an authority',
    );
  });

  test('a self-signed leaf is good where it is trusted as an authority, and nowhere else', () => {
    const own = ca({ subject: 'CN=own', key: key(3), extensions: [basicConstraints(true), keyUsage(0, 5), names] });
    expect(accepted([own], { anchors: [own] }).names).toEqual([own.subject, own.subject]);
    expect(refusal([own], trusting)).toMatch('certificate "CN=own": it is self-signed, and not trusted here');
  });

  test('names are compared as RFC 5280 has it', () => {
    const shouting = { ...root, subject: name('CN=ROOT') };
    expect(accepted([leaf({ issuer: shouting })], trusting).names).toHaveLength(2);
  });

  test('IPsec is what most certificates for it say', () => {
    const own = ca({
      subject: 'CN=own',
      key: key(3),
      extensions: [basicConstraints(true), purposes(IPSEC_IKE)],
      issuer: root,
    });
    expect(
      accepted([leaf({ issuer: own, extensions: [names, purposes(IPSEC_IKE)] }), own], trusting).names,
    ).toHaveLength(3);
  });
});
