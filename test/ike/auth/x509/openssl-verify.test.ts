/** Chains of every kind, judged by us and by `openssl verify`. Where the two differ it is said why. RFC 5280. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CHECK_FLAGS } from '../../../../src/ike/crypto/job.ts';
import { keyOf } from '../../crypto/signature/keys.ts';
import { check } from '../checking.ts';
import { integer, NULL } from './der.ts';
import { crl, entry } from './lists.ts';
import {
  altNames,
  another,
  basicConstraints,
  ca,
  certificate,
  DAY,
  directory,
  dns,
  email,
  extension,
  ip,
  keyUsage,
  type Made,
  NOW,
  nameConstraints,
  purposes,
  type Wish,
} from './make.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pluto-verify-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
const pems = (made: readonly Pick<Made, 'der'>[]): string => made.map(({ der }) => pem('CERTIFICATE', der)).join('');

function write(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

interface Chain {
  readonly chain: readonly Made[];
  readonly anchors?: readonly Made[];
  readonly crls?: readonly Uint8Array[];
}

/** Which of `leaves`, each in place of the chain's, OpenSSL believes. */
function openssl({ chain, anchors = [root], crls }: Chain, leaves: readonly Pick<Made, 'der'>[]): readonly boolean[] {
  const between = chain.slice(1);
  const files = leaves.map((leaf, i) => write(`leaf${i}.pem`, pems([leaf])));
  const args = ['verify', '-attime', `${NOW}`, '-auth_level', '1', '-no-CApath', '-no-CAstore'];
  args.push('-CAfile', write('anchors.pem', pems(anchors)));
  if (between.length > 0) args.push('-untrusted', write('between.pem', pems(between)));
  if (crls) args.push('-crl_check', '-CRLfile', write('crls.pem', crls.map((der) => pem('X509 CRL', der)).join('')));
  const { stdout } = spawnSync('openssl', [...args, ...files], { encoding: 'latin1', maxBuffer: 1 << 24 });
  const good = new Set(stdout.split('\n'));
  return files.map((file) => good.has(`${file}: OK`));
}

function ours({ chain, anchors = [root], crls = [] }: Chain): { readonly ok: boolean; readonly why: string } {
  const flags = crls.length > 0 ? CHECK_FLAGS.crlStrict | CHECK_FLAGS.hasLooked : 0;
  const result = check(chain, { anchors, crls }, { flags });
  return { ok: result.ok, why: result.ok ? 'believed' : result.detail };
}

const key = (n: number) => another('p256', n);
const root = ca({ subject: 'CN=root', key: key(1) });
const middle = ca({ subject: 'CN=middle', key: key(2), issuer: root });
const lower = ca({ subject: 'CN=lower', key: key(3), issuer: middle });
const stranger = ca({ subject: 'CN=stranger', key: key(4) });
const impostor = ca({ subject: 'CN=middle', key: key(5), issuer: root });
const names = altNames(dns('east.example'));
const leaf = (wish: Wish = {}): Made =>
  certificate({ subject: 'CN=east', issuer: middle, extensions: [names], ...wish });
const below = (authority: Made, wish: Wish = {}): Chain => ({
  chain: [leaf({ issuer: authority, ...wish }), authority],
});
const authority = (wish: Wish): Made => ca({ subject: 'CN=middle', key: key(2), issuer: root, ...wish });

const SERVER = '1.3.6.1.5.5.7.3.1';
const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';

type Case = readonly [story: string, chain: Chain];

const constrained = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[], wish: Wish): Chain =>
  below(
    authority({ extensions: [basicConstraints(true), keyUsage(5, 6), nameConstraints(permitted, excluded)] }),
    wish,
  );
const named = (...all: readonly Uint8Array[]): Wish => ({ extensions: [altNames(...all)] });
const NET = ip(192, 0, 2, 0, 255, 255, 255, 0);
const serial = integer(0x4711);
const listed = (issuer: Made, ...serials: readonly Uint8Array[]): Uint8Array =>
  crl(issuer, { entries: serials.map((one) => entry(one)) });

const GOOD: readonly Case[] = [
  ['the issuer trusted itself', { chain: [leaf({ issuer: root })] }],
  ['one between', below(middle)],
  ['two between', { chain: [leaf({ issuer: lower }), lower, middle] }],
  ['in disorder', { chain: [leaf({ issuer: lower }), middle, lower] }],
  ['with some that nobody needs', { chain: [leaf(), stranger, lower, middle] }],
  [
    'room for one more below',
    { chain: [leaf({ issuer: lower }), lower, authority({ extensions: [basicConstraints(true, 1), keyUsage(5)] })] },
  ],
  ['no authority below, and none there', below(authority({ extensions: [basicConstraints(true, 0), keyUsage(5)] }))],
  [
    'RSA',
    {
      chain: [leaf({ issuer: ca({ subject: 'CN=root', key: keyOf('rsa') }), key: keyOf('rsa') })],
      anchors: [ca({ subject: 'CN=root', key: keyOf('rsa') })],
    },
  ],
  [
    'Ed25519',
    {
      chain: [leaf({ issuer: ca({ subject: 'CN=root', key: keyOf('ed25519') }) })],
      anchors: [ca({ subject: 'CN=root', key: keyOf('ed25519') })],
    },
  ],
  ['an extension that is unknown', below(middle, { extensions: [names, extension('1.2.3.4', NULL)] })],
  ['a purpose that fits', below(middle, { extensions: [names, purposes(SERVER)] })],
  ['a host that is permitted', constrained([dns('example')], [], {})],
  ['a host that is not excluded', constrained([], [dns('other')], {})],
  ['a mailbox that is permitted', constrained([email('example.com')], [], named(email('a@example.com')))],
  ['an address that is permitted', constrained([NET], [], named(ip(192, 0, 2, 7)))],
  ['an address that is not excluded', constrained([], [NET], named(ip(192, 0, 3, 7)))],
  ['a subject that is permitted', constrained([directory('C=AT')], [], { subject: 'C=AT, CN=east' })],
  ['names of a kind that nothing is said of', constrained([email('example.com')], [], {})],
  ['a CRL that lists others', { ...below(root, { serial }), crls: [listed(root, integer(5))] }],
];

const BAD: readonly Case[] = [
  ['expired', below(middle, { to: NOW - 1 })],
  ['not valid yet', below(middle, { from: NOW + DAY })],
  ['below an authority that is expired', below(authority({ to: NOW - 1 }))],
  ['below an authority that is not valid yet', below(authority({ from: NOW + DAY }))],
  ['of an authority that nobody trusts', { chain: [leaf({ issuer: stranger }), stranger] }],
  ['of another with the authority’s name', { chain: [leaf({ issuer: impostor }), middle] }],
  ['without what is between', { chain: [leaf()] }],
  [
    'more below than there may be',
    { chain: [leaf({ issuer: lower }), lower, authority({ extensions: [basicConstraints(true, 0), keyUsage(5)] })] },
  ],
  ['of no authority: without basicConstraints', below(authority({ extensions: [keyUsage(5, 6)] }))],
  [
    'of no authority: basicConstraints say so',
    below(authority({ extensions: [basicConstraints(false), keyUsage(5)] })),
  ],
  ['of an authority that may not sign', below(authority({ extensions: [basicConstraints(true), keyUsage(6)] }))],
  ['a critical extension that is unknown', below(middle, { extensions: [names, extension('1.2.3.4', NULL, true)] })],
  ['one of an authority', below(authority({ extensions: [basicConstraints(true), extension('1.2.3.4', NULL, true)] }))],
  ['signed with SHA-1', below(middle, { digest: 'sha1' })],
  ['below what is signed with SHA-1', below(authority({ digest: 'sha1' }))],
  ['a host that is not permitted', constrained([dns('other')], [], {})],
  ['a host that is excluded', constrained([], [dns('example')], {})],
  ['one of two that is not permitted', constrained([dns('example')], [], named(dns('a.example'), dns('b.other')))],
  ['a mailbox that is not permitted', constrained([email('example.com')], [], named(email('a@example.org')))],
  ['a mailbox that is excluded', constrained([], [email('example.com')], named(email('a@example.com')))],
  ['an address that is not permitted', constrained([NET], [], named(ip(192, 0, 3, 7)))],
  ['an address that is excluded', constrained([], [NET], named(ip(192, 0, 2, 7)))],
  ['a subject that is not permitted', constrained([directory('C=AT')], [], { subject: 'C=DE, CN=east' })],
  ['a subject that is excluded', constrained([], [directory('C=AT')], { subject: 'C=AT, CN=east' })],
  ['revoked', { ...below(root, { serial }), crls: [listed(root, serial)] }],
  [
    'known to no CRL that is in force',
    { ...below(root, { serial }), crls: [crl(root, { from: NOW - 2 * DAY, to: NOW - DAY })] },
  ],
  ['known to a CRL of another’s alone', { ...below(root, { serial }), crls: [crl({ ...root, key: key(9) }, {})] }],
];

/** We are stricter than `openssl verify`, which knows of no purpose. */
const STRICTER: readonly (readonly [...Case, why: RegExp])[] = [
  [
    'for mail alone (RFC 4945 §5.1.3.12)',
    below(middle, { extensions: [names, purposes(EMAIL_PROTECTION)] }),
    /extKeyUsage|purpose/i,
  ],
  ['that may not sign (RFC 4945 §5.1.3.2)', below(middle, { extensions: [names, keyUsage(2)] }), /keyUsage/],
];

describe('we and OpenSSL', () => {
  beforeEach(({ skip }) => skip(!hasOpenssl, 'openssl is not installed: chains are not held against it'));

  test.each(GOOD)('believe: %s', (_, chain) => {
    expect([ours(chain), openssl(chain, [chain.chain[0]])]).toEqual([{ ok: true, why: 'believed' }, [true]]);
  });

  test.each(BAD)('refuse: %s', (_, chain) => {
    expect([ours(chain).ok, openssl(chain, [chain.chain[0]])]).toEqual([false, [false]]);
  });

  test.each(STRICTER)('differ on a leaf %s', (_, chain, why) => {
    expect(ours(chain)).toMatchObject({ ok: false, why: expect.stringMatching(why) });
    expect(openssl(chain, [chain.chain[0]])).toEqual([true]);
  });

  // RFC 4158 §2.4: who finds that one path leads nowhere tries the next.
  test('differ where two authorities have a name: OpenSSL takes the first that comes', () => {
    const chain = { chain: [leaf(), impostor, middle] };
    expect([ours(chain).ok, openssl(chain, [chain.chain[0]])]).toEqual([true, [false]]);
  });

  test('refuse a leaf with any octet changed', () => {
    const chain = below(middle);
    const { der, key, subject } = chain.chain[0];
    const changed = Array.from({ length: der.length }, (_, at) => {
      const octets = Uint8Array.from(der);
      octets[at] ^= 1 << (at % 8);
      return { der: octets, key, subject };
    });
    const believed = changed.filter((one) => ours({ chain: [one, middle] }).ok);
    expect(believed).toEqual([]);
    expect(openssl(chain, [...changed, chain.chain[0]]).filter((ok) => ok)).toHaveLength(1);
  });
});
