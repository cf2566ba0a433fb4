import { describe, expect, test } from 'vitest';
import { accepted, refusal } from '../checking.ts';
import { explicit, implicit, integer, oid, seq } from './der.ts';
import {
  altNames,
  another,
  basicConstraints,
  ca,
  certificate,
  directory,
  dns,
  email,
  extension,
  ip,
  type Made,
  nameConstraints,
  uri,
} from './make.ts';

const key = (n: number) => another('p256', n);

function under(
  constraints: Uint8Array,
  names: readonly Uint8Array[],
  subject = 'C=AT, CN=east',
): Parameters<typeof accepted> {
  const root = ca({ subject: 'CN=root', key: key(1), extensions: [basicConstraints(true), constraints] });
  const east = certificate({ subject, issuer: root, extensions: names.length > 0 ? [altNames(...names)] : [] });
  return [[east], { anchors: [root] }, { flags: 0 }];
}

const ip4 = (...octets: number[]) => ip(...octets);
const net6 = ip(
  0x20,
  1,
  0xd,
  0xb8,
  ...new Array<number>(12).fill(0),
  255,
  255,
  255,
  255,
  ...new Array<number>(12).fill(0),
);
const host6 = (last: number, first = 0x20) => ip(first, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), last);

/** Base, what is within, what is not. */
const CASES: readonly [string, Uint8Array, Uint8Array[], Uint8Array[]][] = [
  [
    'DNS',
    dns('example.com'),
    [dns('example.com'), dns('a.b.EXAMPLE.com'), dns('x.example.com.')],
    [dns('example.org'), dns('badexample.com'), dns('com')],
  ],
  ['DNS, below alone', dns('.example.com'), [dns('a.example.com')], [dns('example.com'), dns('badexample.com')]],
  [
    'mailbox',
    email('root@example.com'),
    [email('Root@example.com')],
    [email('toor@example.com'), email('root@a.example.com')],
  ],
  [
    'mail of a host',
    email('example.com'),
    [email('root@example.com')],
    [email('root@a.example.com'), email('root@badexample.com')],
  ],
  ['mail of a domain', email('.example.com'), [email('root@a.example.com')], [email('root@example.com')]],
  [
    'URI of a host',
    uri('example.com'),
    [uri('http://example.com/x'), uri('ftp://u@example.com:21')],
    [uri('http://a.example.com'), uri('http://example.org?example.com')],
  ],
  ['URI of a domain', uri('.example.com'), [uri('http://a.example.com#x')], [uri('http://example.com/')]],
  ['IPv4', ip4(10, 1, 0, 0, 255, 255, 0, 0), [ip4(10, 1, 2, 3)], [ip4(10, 2, 0, 1), host6(1)]],
  ['IPv6', net6, [host6(7)], [host6(7, 0x30), ip4(32, 1, 13, 184)]],
  [
    'directory',
    directory('C=AT, O=X'),
    [directory('C=AT, O=X'), directory('c=at, o=x, CN=y')],
    [directory('C=AT'), directory('C=AT, O=XY'), directory('O=X, C=AT')],
  ],
];

describe('name constraints', () => {
  test.each(CASES)('%s, permitted', (_, base, within, without) => {
    const subject = base[0] === 0xa4 ? '' : 'C=AT, CN=east';
    for (const name of within)
      expect(accepted(...under(nameConstraints([base]), [name], subject)).names).toHaveLength(2);
    for (const name of without)
      expect(refusal(...under(nameConstraints([base]), [name], subject))).toMatch(
        /not permitted by "CN=root" \(nameConstraints\)/,
      );
  });

  test.each(CASES)('%s, excluded', (_, base, within, without) => {
    for (const name of within)
      expect(refusal(...under(nameConstraints([], [base]), [name]))).toMatch('is excluded by "CN=root"');
    for (const name of without) expect(accepted(...under(nameConstraints([], [base]), [name])).names).toHaveLength(2);
  });

  test('names of one kind are not bound by those of another', () => {
    expect(
      accepted(...under(nameConstraints([dns('example.com')]), [ip4(1, 2, 3, 4), email('a@b')])).names,
    ).toHaveLength(2);
  });

  test('one bad name among good ones is enough', () => {
    const names = [dns('a.example.com'), dns('a.example.org'), dns('b.example.com')];
    expect(refusal(...under(nameConstraints([dns('example.com')]), names))).toBe(
      'certificate-untrusted: certificate "C=AT, CN=east": "a.example.org" is not permitted by "CN=root" (nameConstraints)',
    );
  });

  test('excluded outweighs permitted', () => {
    const constraints = nameConstraints([dns('example.com')], [dns('bad.example.com')]);
    expect(refusal(...under(constraints, [dns('x.bad.example.com')]))).toMatch('is excluded');
    expect(accepted(...under(constraints, [dns('good.example.com')])).names).toHaveLength(2);
  });

  test('the subject is a name too, and so are its mailboxes', () => {
    expect(refusal(...under(nameConstraints([directory('C=DE')]), []))).toMatch('its subject is not permitted');
    expect(refusal(...under(nameConstraints([], [email('example.com')]), [], 'CN=x, E=a@example.com'))).toMatch(
      '"a@example.com" is excluded',
    );
    expect(
      accepted(...under(nameConstraints([], [email('example.com')]), [email('a@b')], 'CN=x, E=a@example.com')).names,
    ).toHaveLength(2);
  });

  test('a URI without a host, and kinds of names that cannot be told apart, are refused', () => {
    expect(refusal(...under(nameConstraints([uri('example.com')]), [uri('urn:x')]))).toMatch('not permitted');
    expect(refusal(...under(nameConstraints([], [uri('example.com')]), [uri('http://[::1]/')]))).toMatch('excluded');
    const other = explicit(0, oid('1.2.3'), explicit(0, integer(1)));
    expect(refusal(...under(nameConstraints([other]), [other]))).toMatch('a name of an uncommon kind is not permitted');
    expect(
      refusal(...under(nameConstraints([], [implicit(8, Uint8Array.of(42))]), [implicit(8, Uint8Array.of(43))])),
    ).toMatch('excluded');
  });

  test('all authorities above count, and authorities below are bound as well', () => {
    const root = ca({
      subject: 'CN=root',
      key: key(1),
      extensions: [basicConstraints(true), nameConstraints([directory('C=AT')])],
    });
    const line = (subject: string, ...constraints: Uint8Array[]): Made =>
      ca({ subject, key: key(2), issuer: root, extensions: [basicConstraints(true), ...constraints] });
    const end = (issuer: Made): Made[] => [
      certificate({ subject: 'C=AT, CN=e', issuer, extensions: [altNames(dns('a.b'))] }),
      issuer,
    ];
    expect(accepted(end(line('C=AT')), { anchors: [root] }, { flags: 0 }).names).toHaveLength(3);
    expect(refusal(end(line('C=DE')), { anchors: [root] }, { flags: 0 })).toMatch(
      'certificate "C=DE": its subject is not permitted',
    );
    expect(refusal(end(line('C=AT', nameConstraints([dns('c')]))), { anchors: [root] }, { flags: 0 })).toMatch(
      '"a.b" is not permitted by "C=AT"',
    );
  });

  test('an authority that renews its own key is not below itself', () => {
    const constraints = nameConstraints([directory('C=AT')]);
    const root = ca({ subject: 'CN=root', key: key(1), extensions: [basicConstraints(true), constraints] });
    const renewed = ca({ subject: 'CN=root', key: key(2), issuer: root });
    const east = certificate({ subject: 'C=AT, CN=e', issuer: renewed });
    expect(accepted([east, renewed], { anchors: [root] }, { flags: 0 }).names).toHaveLength(3);
  });

  test.each([
    ['nothing', extension('2.5.29.30', seq(), true), 'there are none'],
    ['a mask that is cut', nameConstraints([ip4(1, 2, 3, 4, 5, 6)]), 'an address and mask of 6 octets'],
    [
      'a maximum',
      extension('2.5.29.30', seq(explicit(0, seq(dns('x'), implicit(1, Uint8Array.of(3)))))),
      'something follows',
    ],
  ])('%s is no constraint', (_, constraints, why) => {
    const root = ca({ subject: 'CN=root', key: key(1) });
    const bad = ca({ subject: 'CN=bad', key: key(2), issuer: root, extensions: [basicConstraints(true), constraints] });
    expect(refusal([bad], { anchors: [root] })).toMatch(why);
  });

  test('there is an end to comparing', () => {
    const many = Array.from({ length: 256 }, (_, i) => dns(`x${i}.example`));
    const names = Array.from({ length: 1024 }, (_, i) => dns(`y${i}.other`));
    expect(refusal(...under(nameConstraints([], many), names))).toMatch('too many names for the constraints above it');
  });
});
