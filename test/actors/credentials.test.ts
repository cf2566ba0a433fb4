import { describe, expect, test } from 'vitest';
import { TestClock } from '../../src/actors/runtime/index.ts';
import type { End } from '../../src/conf/conn.ts';
import { sha1 } from '../../src/ike/crypto/misc.ts';
import { ckaid } from '../../src/ike/crypto/signature/key-id.ts';
import { KeyReader } from '../../src/ike/crypto/signature/key-shelf.ts';
import { encodeSpki, parseSpki } from '../../src/ike/crypto/signature/public-key.ts';
import type { AuthRound, KeyName, Policy } from '../../src/ike/policy.ts';
import { Id } from '../../src/net/id.ts';
import { good, keyOf } from '../ike/crypto/signature/keys.ts';
import { certificate, type Made } from '../services/store/pki.ts';
import { DIR, type Having, kept } from './kept.ts';

/** Of a `TestClock`. */
const NOW = Date.UTC(2026, 0, 1) / 1000;

interface House extends Having {
  readonly ends?: { readonly ours?: Partial<End['keys']>; readonly theirs?: Partial<End['keys']> };
}

function house({ ends = {}, ...having }: House) {
  const end = (own: Partial<End['keys']> = {}) => ({ keys: { publicKeys: [], ...own } }) as unknown as End;
  const both = { ours: end(ends.ours), theirs: end(ends.theirs) };
  const clock = new TestClock();
  const { credentials, keys, certificates, publicKeys, write, reread } = kept(having, clock, () => both);
  return {
    credentials,
    keys,
    certificates,
    publicKeys,
    clock,
    /** A file anew, and all of them read. */
    put: (name: string, text: string) => {
      write(name, text);
      reread();
    },
    /** Where the chosen key is, and the certificate's nickname; or why there is none. */
    own: (wish: Wish = {}) => {
      const own = credentials.credential(policy(wish), 0);
      if ('wrong' in own) return own.wrong;
      const key = keys.list().find(({ number }) => number === own.key)!;
      return [
        key.where.replace(/.*\//, ''),
        own.certificate && certificates.holding(own.certificate)?.path.replace(/.*\//, ''),
      ];
    },
  };
}

interface Wish {
  readonly id?: string;
  readonly ways?: AuthRound['ways'];
  readonly key?: KeyName;
  readonly ca?: string;
  readonly theirs?: Partial<AuthRound>;
  readonly ppkIds?: readonly string[];
}

const ALL: AuthRound['ways'] = ['rsa-sha2_256', 'ecdsa-sha2_256', 'eddsa'];

function policy({ id = '@west', ways = ALL, key, ca, theirs = {}, ppkIds = [] }: Wish = {}): Policy {
  const round: AuthRound = {
    ways,
    id: undefined,
    key: undefined,
    ca: undefined,
    sendCert: 'always',
    keysFromDns: false,
  };
  return {
    name: 'w-e',
    localId: Id.parse(id)!,
    remoteId: Id.parse('@east')!,
    ours: [{ ...round, key, ca: ca === undefined ? undefined : Id.parse(ca) }],
    theirs: [{ ...round, ...theirs }],
    ppkIds,
  } as unknown as Policy;
}

const root = certificate({ subject: 'CN=root', isCa: true });
const middle = certificate({ subject: 'CN=middle', isCa: true, issuer: root });
const other = certificate({ subject: 'CN=other', isCa: true });
const west = certificate({ subject: 'C=CA, CN=west', issuer: middle, names: ['west'] });
const spare = certificate({ subject: 'CN=spare', issuer: other });
const spkiOf = ({ key }: Made) => new Uint8Array(key.publicKey.export({ type: 'spki', format: 'der' }));
const ckaidOf = (made: Made) => ckaid(good(parseSpki(spkiOf(made))));
const KEYS = { 'private/west.key': west.keyPem, 'private/spare.key': spare.keyPem };
const CERTS = {
  'certs/west.pem': west.pem,
  'certs/spare.pem': spare.pem,
  'cacerts/ca.pem': root.pem + middle.pem + other.pem,
};

describe('our credential', () => {
  test('leftcert= is a nickname, and the key is the one that belongs to it', () => {
    const { own } = house({ files: { ...KEYS, ...CERTS } });
    expect(own({ key: { t: 'cert', name: 'spare' } })).toEqual(['spare.key', 'spare.pem']);
    expect(own({ key: { t: 'cert', name: 'west' }, id: '@nobody' })).toEqual(['west.key', 'west.pem']);
  });

  test('a certificate that is not there is told, and which there are', () => {
    expect(house({ files: { ...KEYS, ...CERTS } }).own({ key: { t: 'cert', name: 'wset' } })).toMatch(
      /^there is no certificate "wset" in \/etc\/ipsec.d\/certs \(there: (west, spare|spare, west)\)$/,
    );
    expect(house({}).own({ key: { t: 'cert', name: 'west' } })).toMatch(/\(there: none\)$/);
  });

  test('a certificate without its key is told by CKAID', () => {
    const { own } = house({ files: { ...CERTS, 'private/west.key': spare.keyPem } });
    expect(own({ key: { t: 'cert', name: 'west' } })).toBe(
      `the private key of certificate "west" (CKAID ${Buffer.from(ckaidOf(west)).toString('hex')}) is neither in ipsec.secrets nor in ${DIR}/private`,
    );
  });

  test('leftckaid= is a key, with its certificate if there is one', () => {
    const { own } = house({ files: { ...KEYS, 'certs/west.pem': west.pem } });
    expect(own({ key: { t: 'ckaid', ckaid: ckaidOf(spare) } })).toEqual(['spare.key', undefined]);
    expect(own({ key: { t: 'ckaid', ckaid: ckaidOf(west) } })).toEqual(['west.key', 'west.pem']);
    expect(own({ key: { t: 'ckaid', ckaid: new Uint8Array(20) } })).toMatch(
      /^there is no private key with CKAID 0{40} /,
    );
  });

  test.each([
    ['a name in the certificate', '@WEST'],
    ['its subject', 'C=CA, CN=west'],
  ])('otherwise by identity: %s', (_, id) => {
    expect(house({ files: { ...KEYS, ...CERTS } }).own({ id })).toEqual(['west.key', 'west.pem']);
  });

  test('an entry of ipsec.secrets that names us, before one for all', () => {
    const { own } = house({ secrets: ': ECDSA west.key\n@west %any : ECDSA spare.key\n', files: KEYS });
    expect(own()).toEqual(['spare.key', undefined]);
    expect(own({ id: '@else' })).toEqual(['spare.key', undefined]);
  });

  test('the only key there is; of two nobody is told which, and so it is neither', () => {
    expect(house({ files: { 'private/west.key': west.keyPem } }).own()).toEqual(['west.key', undefined]);
    expect(house({ files: KEYS }).own()).toBe(
      'there are 2 private keys, and none is for @west: say leftcert= or leftckaid=',
    );
  });

  test('an entry that names somebody else is not for us', () => {
    expect(house({ secrets: '@east : ECDSA west.key\n', files: { 'private/west.key': west.keyPem } }).own()).toBe(
      `no private key is for @west (1 from ipsec.secrets and ${DIR}/private)`,
    );
  });

  test('what the connection says is our public key', () => {
    const key = good(parseSpki(spkiOf(spare)));
    const raw = { kind: key.kind, bits: key.bits, spki: encodeSpki(key), ckaid: ckaid(key) };
    const { own } = house({ files: { ...KEYS, ...CERTS }, ends: { ours: { publicKeys: [raw] } } });
    expect(own()).toEqual(['spare.key', undefined]);
  });

  test('authby= leaves out keys of other kinds', () => {
    const { own } = house({ files: KEYS });
    expect(own({ ways: ['rsa-sha2_512'] })).toBe(
      `authby= allows none of the private keys (2 from ipsec.secrets and ${DIR}/private)`,
    );
    expect(house({}).own()).toBe(`there are no private keys (0 from ipsec.secrets and ${DIR}/private)`);
  });

  test('leftca= restricts: to a certificate from there, or below', () => {
    const { own } = house({ files: { ...KEYS, ...CERTS } });
    expect(own({ ca: 'CN=root' })).toEqual(['west.key', 'west.pem']);
    expect(own({ ca: 'CN=other', key: { t: 'cert', name: 'west' } })).toBe(
      'certificate "west" does not come from leftca= CN=other',
    );
    expect(own({ ca: 'CN=other', key: { t: 'ckaid', ckaid: ckaidOf(west) } })).toMatch(
      /^no certificate from leftca= CN=other belongs to the private key with CKAID/,
    );
  });

  test('of two certificates the one within its time, and then the one that lasts longer', () => {
    const renewed = (from: number, until: number) =>
      certificate({ subject: 'CN=x', issuer: middle, names: ['west'], key: west.key, from, until });
    const files = {
      'private/west.key': west.keyPem,
      'certs/expired.pem': renewed(1_500_000_000, NOW - 1).pem,
      'certs/soon.pem': renewed(1_500_000_000, NOW + 100).pem,
      'certs/late.pem': renewed(1_500_000_000, NOW + 200).pem,
      'certs/future.pem': renewed(NOW + 1, NOW + 9_000).pem,
    };
    expect(house({ files }).own()).toEqual(['west.key', 'late.pem']);
  });

  test('is remembered as long as nothing has changed: not when a file is another, nor when time has run out', () => {
    const renewed = (until: number) =>
      certificate({ subject: 'CN=x', issuer: middle, names: ['west'], key: west.key, from: 1_500_000_000, until });
    const [short, long] = [renewed(NOW + 100), renewed(NOW + 300)];
    const future = certificate({
      ...{ subject: 'CN=x', issuer: middle, names: ['west'], key: west.key },
      ...{ from: NOW + 200, until: NOW + 9_000 },
    });
    const { credentials, clock, put } = house({
      files: { 'private/west.key': west.keyPem, 'certs/a.pem': short.pem, 'certs/future.pem': future.pem },
    });
    const ours = policy();
    const certificateNow = () => good(credentials.credential(ours, 0)).certificate;
    expect(certificateNow()).toEqual(short.der);
    expect(credentials.credential(ours, 0)).toBe(credentials.credential(ours, 0));
    put('certs/b.pem', long.pem);
    expect(certificateNow()).toEqual(long.der);
    clock.advance(250_000);
    expect(certificateNow()).toEqual(future.der);
    put('private/west.key', spare.keyPem);
    expect('certificate' in credentials.credential(ours, 0) && certificateNow()).toBeUndefined();
  });

  test('names a key that helpers can sign with, and what goes along', () => {
    const { credentials, keys } = house({ files: { ...KEYS, ...CERTS } });
    const own = good(credentials.credential(policy(), 0));
    expect(new KeyReader(keys.shelf.shared).find(own.key)?.kind).toBe('p256');
    expect(own).toMatchObject({ kind: 'p256', bits: 256, certificate: west.der });
    expect(`${own.subject}`).toBe('C=CA, CN=west');
    expect(own.authorities.map(hex)).toEqual([middle, root].map((ca) => hex(sha1(spkiOf(ca)))));
    expect(credentials.issuers(own, 'none')).toEqual([]);
    expect(credentials.issuers(own, 'issuer').map(hex)).toEqual([hex(middle.der)]);
    expect(credentials.issuers(own, 'all').map(hex)).toEqual([hex(middle.der)]);
    expect('wrong' in credentials.credential(policy(), 1)).toBe(true);
  });
});

describe("the peer's keys", () => {
  const EAST = Id.parse('@EAST')!;

  test('those that whack brought for the identity, however it is written, and those of the connection', () => {
    const key = good(parseSpki(spkiOf(spare)));
    const raw = { kind: key.kind, bits: key.bits, spki: encodeSpki(key), ckaid: ckaid(key) };
    const { credentials, publicKeys } = house({ ends: { theirs: { publicKeys: [raw] } } });
    publicKeys.add(Id.parse('@east')!, keyOf('ed25519').public, 0);
    expect(credentials.publicKeys(EAST, policy(), 0).map(hex)).toEqual(
      [spkiOf(spare), encodeSpki(keyOf('ed25519').public)].map(hex),
    );
    expect(credentials.publicKeys(Id.parse('@south')!, policy(), 0).length).toBe(1);
  });

  test('rightcert= is the only one, and none if it is not there', () => {
    const { credentials, publicKeys } = house({ files: CERTS });
    publicKeys.add(EAST, keyOf('ed25519').public, 0);
    const pinned = (name: string) => policy({ theirs: { key: { t: 'cert', name } } });
    expect(credentials.publicKeys(EAST, pinned('spare'), 0).map(hex)).toEqual([hex(spkiOf(spare))]);
    expect(credentials.publicKeys(EAST, pinned('sapre'), 0)).toEqual([]);
  });

  test('rightckaid= is the only one, of a raw key or a certificate', () => {
    const { credentials, publicKeys } = house({ files: CERTS });
    const key = keyOf('ed25519').public;
    publicKeys.add(EAST, key, 0);
    const pinned = (octets: Uint8Array) => policy({ theirs: { key: { t: 'ckaid', ckaid: octets } } });
    expect(credentials.publicKeys(EAST, pinned(ckaid(key)), 0).map(hex)).toEqual([hex(encodeSpki(key))]);
    expect(credentials.publicKeys(EAST, pinned(ckaidOf(west)), 0).map(hex)).toEqual([hex(spkiOf(west))]);
    expect(credentials.publicKeys(EAST, pinned(new Uint8Array(20)), 0)).toEqual([]);
  });
});

test('authorities: the SHA-1 of their keys, or of those below rightca=', () => {
  const { credentials, put } = house({ files: CERTS });
  const hashes = (...made: Made[]) => hex(Buffer.concat(made.map((one) => sha1(spkiOf(one)))));
  expect(hex(credentials.authorities(policy()))).toBe(hashes(root, middle, other));
  const below = policy({ theirs: { ca: Id.parse('CN=root')! } });
  expect(hex(credentials.authorities(below))).toBe(hashes(root, middle));
  put('cacerts/ca.pem', root.pem + other.pem);
  expect(hex(credentials.authorities(below))).toBe(hashes(root));
});

test('authorities by their names, as IKEv1 asks for them', () => {
  const { credentials, put } = house({ files: CERTS });
  const names = (wish: Wish) => credentials.authorityNames(policy(wish)).map((der) => `${new Id(9, der)}`);
  const below = { theirs: { ca: Id.parse('CN=root')! } };
  expect(names({})).toEqual(['CN=root', 'CN=middle', 'CN=other']);
  expect(names(below)).toEqual(['CN=root', 'CN=middle']);
  put('cacerts/ca.pem', root.pem + other.pem);
  expect(names(below)).toEqual(['CN=root']);
});

test('chains are checked as the setup says', () => {
  const { credentials } = house({ files: CERTS });
  expect(credentials.chainRules).toEqual({
    ...{ crlStrict: true, crlFetch: false, ocsp: false, ocspStrict: false, ocspUri: undefined },
    at: NOW,
  });
});

describe('PPK', () => {
  const secrets = '@west @east : PPKS "a" "one"\n: PPKS "b" "two"\n@west @south : PPKS "c" "three"\n';
  const found = (wish: Wish, id?: string) => {
    const ppk = house({ secrets }).credentials.ppk(policy(wish), id === undefined ? undefined : Buffer.from(id));
    return ppk && [Buffer.from(ppk.id).toString(), Buffer.from(ppk.secret).toString()];
  };

  test('the first of ppk-ids= that there is; without them the one that is for both ends', () => {
    expect(found({ ppkIds: ['x', 'b', 'a'] })).toEqual(['b', 'two']);
    expect(found({})).toEqual(['a', 'one']);
    expect(found({ ppkIds: ['x'] })).toBeUndefined();
  });

  test('by the ID that the peer asks for, if it may', () => {
    expect(found({}, 'c')).toEqual(['c', 'three']);
    expect(found({ ppkIds: ['a'] }, 'c')).toBeUndefined();
    expect(found({}, 'C')).toBeUndefined();
  });
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
