/** IKE_AUTH by keys and certificates. RFC 7296 §2.15, §3.6, §3.7, RFC 7427, RFC 4754, RFC 8420. */
import { describe, expect, test } from 'vitest';
import { certsIn, MAX_CERTS, type Shown } from '../../../src/ike/certificates.ts';
import type { AuthWay } from '../../../src/ike/policy.ts';
import type { Reply } from '../../../src/ike/questions.ts';
import { Turn } from '../../../src/ike/v2/turn.ts';
import { CERT_ENCODING } from '../../../src/ike/wire/index.ts';
import { Id } from '../../../src/net/id.ts';
import { type EndOptions, expectAgreement, expectNothing, type Pair, type PairOptions, pair } from './pair.ts';
import { type PolicyChange, policyFor } from './policies.ts';
import { both, certificate, KEYS, type Proofs, round, SIGNATURES, spkiOf } from './proofs.ts';

type Kind = keyof typeof KEYS;

const INIT = ['IKE_SA_INIT { SA, KE, Ni } -->', '<-- IKE_SA_INIT { SA, KE, Nr }'];
const AUTH = 'IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->';
const GRANTED = '<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }';
const AUTH_CERT = 'IKE_AUTH { IDi, CERT, IDr, AUTH, SA, TSi, TSr } -->';
const GRANTED_CERT = '<-- IKE_AUTH { IDr, CERT, AUTH, SA, TSi, TSr }';
const REFUSED = '<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }';
const DISTRUST = ['INFORMATIONAL { N(AUTHENTICATION_FAILED), D } -->', '<-- INFORMATIONAL { }'];

const rawKeys = (own: Kind, peer: Kind, peerId: string): Proofs => ({
  keys: [{ key: KEYS[own] }],
  known: { [peerId]: [KEYS[peer]] },
});

const withRawKeys = (west: Kind, east: Kind, ways: readonly AuthWay[] = SIGNATURES): PairOptions => ({
  policy: both(ways),
  west: { proofs: rawKeys(west, east, '@east') },
  east: { proofs: rawKeys(east, west, '@west') },
});

type Ends = { readonly west?: EndOptions; readonly east?: EndOptions; readonly policy?: PolicyChange };

const certified = (subject: string, more: Parameters<typeof certificate>[1] = {}): Proofs => ({
  keys: [{ key: KEYS.p256, certificate: certificate(KEYS.p256, { subject, ids: [`@${subject.slice(3)}`], ...more }) }],
});

const withCerts = ({ west, east, policy }: Ends = {}): PairOptions => ({
  policy: { ...both(SIGNATURES), ...policy },
  west: { proofs: certified('CN=west'), ...west },
  east: { proofs: certified('CN=east'), ...east },
});

function run(options: PairOptions, lines: readonly string[]): Pair {
  const made = pair(options);
  made.west.up();
  for (const line of lines) made.wire.expect(line);
  made.wire.expectSilence();
  return made;
}

function up(options: PairOptions, lines: readonly string[]): Pair {
  const made = run(options, lines);
  expectAgreement(made);
  expect(made.west.plane.size).toBe(1);
  return made;
}

/** Both ends forget, and nothing was ever installed; where it is the responder that is not believed, it may have been. */
function refused(options: PairOptions, lines: readonly string[], ...said: readonly RegExp[]): Pair {
  const made = run(options, lines);
  expectNothing(made.west);
  // A responder that was told nothing has its half-open SA for a minute.
  if (lines === INIT) made.clock.advance(60_000);
  expectNothing(made.east);
  expect(made.west.plane.installed).toBe(0);
  const ends = [made.west, made.east].flatMap((host) => host.ends.map(({ text }) => text));
  for (const text of said) expect([...made.west.lines, ...made.east.lines, ...ends].join('\n')).toMatch(text);
  return made;
}

describe('raw keys', () => {
  test.each(Object.keys(KEYS) as Kind[])('%s at both ends', (kind) => {
    const { west, east } = up(withRawKeys(kind, kind), [...INIT, AUTH, GRANTED]);
    expect(west.lines.join('\n')).toMatch(
      /initiator established IKE SA; authenticated peer using .* signature and ID_FQDN '@east'/,
    );
    expect(east.lines.join('\n')).toMatch(
      /responder established IKE SA; authenticated peer using .* signature and ID_FQDN '@west'/,
    );
  });

  test.each([
    ['rsa', 'rsa-sha2_256', 'RSASSA-PSS with SHA2_256'],
    ['rsa', 'rsa-sha2_384', 'RSASSA-PSS with SHA2_384'],
    ['rsa', 'rsa-sha2_512', 'RSASSA-PSS with SHA2_512'],
    ['rsa', 'rsasig-v1.5', 'RSA PKCS#1 v1.5 with SHA1'],
    ['p256', 'ecdsa-sha2_512', 'ECDSA with SHA2_512'],
    ['p521', 'ecdsa-sha2_256', 'ECDSA with SHA2_256'],
    ['ed25519', 'eddsa', 'Ed25519'],
    ['ed448', 'eddsa', 'Ed448'],
  ] as const)('%s with authby=%s signs by %s', (kind, way, name) => {
    const { west } = up(withRawKeys(kind, kind, [way]), [...INIT, AUTH, GRANTED]);
    expect(west.lines.join('\n')).toContain(name);
  });

  test.each([
    ['p256', 'ecdsa-sha2_256', 'P-256'],
    ['p384', 'ecdsa-sha2_384', 'P-384'],
    ['p521', 'ecdsa-sha2_512', 'P-521'],
  ] as const)('%s to a peer that knows no RFC 7427: method of RFC 4754', (kind, way, curve) => {
    const { west, east, wire } = pair(withRawKeys(kind, kind, [way]));
    const { policies } = east;
    // It announces nothing, as long as nobody there wants signatures.
    east.policies = [policyFor('east')];
    west.up();
    for (const line of INIT) wire.expect(line);
    east.policies = policies;
    wire.expect(AUTH);
    wire.expect(GRANTED);
    expect(east.lines.join('\n')).toContain(`ECDSA with ${way.slice(6).toUpperCase()} on ${curve}`);
  });

  test('another key than the one that is known: refused, by the responder and by the initiator', () => {
    const wrong = { keys: [{ key: KEYS.p384 }], known: { '@west': [KEYS.p256], '@east': [KEYS.p256] } };
    const right = rawKeys('p256', 'p256', '@west');
    const options = withRawKeys('p256', 'p256');
    refused(
      { ...options, west: { proofs: wrong } },
      [...INIT, AUTH, REFUSED],
      /'@west' failed authentication with ECDSA/,
      /why: the key that is known here for '@west' is not the one that it has signed with/,
    );
    refused(
      { ...options, east: { proofs: { ...right, keys: wrong.keys } } },
      [...INIT, AUTH, GRANTED, ...DISTRUST],
      /'@east' failed authentication with ECDSA/,
    );
  });

  test('a peer of which no key is known and that sends no certificate: refused without a job', () => {
    const options = withRawKeys('p256', 'p256');
    refused(
      { ...options, east: { proofs: { keys: [{ key: KEYS.p256 }] } } },
      [...INIT, AUTH, REFUSED],
      /no public key is known for it, and it sent no certificate/,
      /why: a raw key for '@west' can be set/,
    );
  });

  test('a scheme that authby= does not allow: refused, though the signature is good', () => {
    const east = { proofs: rawKeys('p256', 'p256', '@west'), policy: both(['ecdsa-sha2_256']) };
    const { west, wire } = pair({ ...withRawKeys('p256', 'p256'), east });
    west.up();
    for (const line of INIT) wire.expect(line);
    expect(west.sa.handshake?.peerHashes).toEqual(new Set(['SHA2_256']));
    refused(
      { ...withRawKeys('p256', 'p256', ['ecdsa-sha2_512']), east },
      INIT,
      /the peer's hash algorithms are SHA2_256, ours SHA2_512/,
    );
  });

  test('our key has nothing to do with authby=: the attempt ends here, and says so', () => {
    refused(
      withRawKeys('ed25519', 'p256', ['ecdsa-sha2_256']),
      INIT,
      /authby= allows nothing that 256 bits of ed25519/,
    );
  });

  test('SIGNATURE_HASH_ALGORITHMS go out where signatures may come in, and only there', () => {
    const sent = (options: PairOptions) => {
      const made = pair(options);
      made.west.up();
      for (const line of INIT) made.wire.expect(line);
      return [made.east, made.west].map((host) => host.sa.handshake?.peerHashes);
    };
    expect(sent({})).toEqual([undefined, undefined]);
    expect(
      sent({ ...withRawKeys('p256', 'p256'), policy: { ...both(['secret']), ours: [round(SIGNATURES)] } }),
    ).toEqual([undefined, undefined]);
    const all = new Set(['SHA2_256', 'SHA2_384', 'SHA2_512', 'IDENTITY']);
    expect(sent(withRawKeys('p256', 'p256'))).toEqual([all, all]);
  });
});

describe('each end by its own means', () => {
  test.each([
    ['a signature', 'a secret', SIGNATURES, ['secret']],
    ['a secret', 'a signature', ['secret'], SIGNATURES],
    ['a signature', 'nothing', SIGNATURES, ['null']],
    ['a secret', 'nothing', ['secret'], ['null']],
    ['nothing', 'a signature', ['null'], SIGNATURES],
  ] as const)('west by %s, east by %s', (_, __, west, east) => {
    const options = withRawKeys('p256', 'ed25519');
    up(
      {
        west: { ...options.west, policy: { ours: [round(west)], theirs: [round(east)] } },
        east: { ...options.east, policy: { ours: [round(east)], theirs: [round(west)] } },
      },
      [...INIT, AUTH, GRANTED],
    );
  });

  test('the first way that we can go is taken', () => {
    const ways = ['rsa-sha2_512', 'secret'] as const;
    const { west } = up({ policy: both(ways) }, [...INIT, AUTH, GRANTED]);
    expect(west.lines.join('\n')).toContain('authby=secret');
  });

  test('a way that the other end does not want: refused', () => {
    refused(
      { west: { policy: { ours: [round(['null'])] } } },
      [...INIT, AUTH, REFUSED],
      /peer authenticates by authby=null, we want authby=secret/,
      /why: "w-e" takes secret of the peer/,
    );
    refused(
      { east: { policy: { ours: [round(['null'])] } } },
      [...INIT, AUTH, GRANTED, ...DISTRUST],
      /peer authenticates by authby=null, we want authby=secret/,
    );
  });

  test('ca= asks for nothing of a peer that proves itself by a secret', () => {
    const theirs = [round(['secret', ...SIGNATURES], { ca: Id.parse('CN=authority')! })] as const;
    up({ policy: { theirs } }, [...INIT, AUTH, GRANTED]);
  });

  test('authby=never proves nothing', () => {
    refused({ west: { policy: { ours: [round(['never'])] } } }, INIT, /we may not prove who we are/);
  });

  test('NULL with ID_NULL, and INITIAL_CONTACT of nobody ends nothing (RFC 7619 §2.3)', () => {
    const nobody = Id.parse('%null')!;
    const options: PairOptions = {
      policy: both(['null']),
      west: { policy: { localId: nobody, initialContact: true, remoteId: undefined } },
      east: { policy: { remoteId: nobody } },
    };
    const lines = [
      ...INIT,
      'IKE_AUTH { IDi, N(INITIAL_CONTACT), AUTH, SA, TSi, TSr } -->',
      '<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }',
    ];
    const { west, east, wire } = up(options, lines);
    expect(east.lines.join('\n')).toContain("authenticated peer using authby=null and ID_NULL '%null'");
    west.sas.clear();
    west.up();
    for (const line of lines) wire.expect(line);
    expect(east.sas.size).toBe(2);
  });
});

describe('certificates', () => {
  test('go along with AUTH, and the log says whose they are', () => {
    const { west, east } = up(withCerts(), [...INIT, AUTH_CERT, GRANTED_CERT]);
    expect(west.lines.join('\n')).toContain(
      "authenticated peer certificate 'CN=east' and ECDSA with SHA2_512 digital signature issued by 'CN=authority'",
    );
    expect(east.lines.join('\n')).toContain("certificate 'CN=west'");
  });

  test('one job of the responder checks and signs', () => {
    const { east } = up(withCerts(), [...INIT, AUTH_CERT, GRANTED_CERT]);
    expect(east.jobs).toEqual(['ike.keys', 'auth.check']);
  });

  test('are asked for by name of the authorities, and come with their issuers', () => {
    const proofs = (subject: string): Proofs => ({
      ...certified(subject),
      authorities: new Uint8Array(40).fill(7),
      issuers: [new TextEncoder().encode('{"an":"intermediate"}')],
    });
    const { west, east } = up(
      withCerts({
        policy: { sendCa: 'issuer' },
        west: { proofs: proofs('CN=west') },
        east: { proofs: proofs('CN=east') },
      }),
      [
        INIT[0],
        '<-- IKE_SA_INIT { SA, KE, Nr, CERTREQ }',
        'IKE_AUTH { IDi, CERT, CERT, CERTREQ, IDr, AUTH, SA, TSi, TSr } -->',
        '<-- IKE_AUTH { IDr, CERT, CERT, AUTH, SA, TSi, TSr }',
      ],
    );
    expect([west.sa.handshake, east.sa.handshake]).toEqual([undefined, undefined]);
  });

  test.each([
    ['never', 'nobody asks', 0, AUTH],
    ['never', 'the peer asks', 20, AUTH.replace('IDi,', 'IDi, CERTREQ,')],
    ['ifasked', 'nobody asks', 0, AUTH],
    ['ifasked', 'the peer asks', 20, AUTH_CERT.replace('CERT,', 'CERT, CERTREQ,')],
    ['always', 'nobody asks', 0, AUTH_CERT],
  ] as const)('sendcert=%s where %s', (sendCert, _, octets, line) => {
    const east = { proofs: { ...certified('CN=east'), authorities: new Uint8Array(octets) } };
    const west = {
      policy: both(SIGNATURES, { sendCert }),
      proofs: { ...certified('CN=west'), authorities: new Uint8Array(octets) },
    };
    const { west: made, wire } = pair(withCerts({ west, east }));
    made.up();
    wire.expect(INIT[0]);
    wire.expect(octets > 0 ? '<-- IKE_SA_INIT { SA, KE, Nr, CERTREQ }' : INIT[1]);
    wire.hold(line);
  });

  test('an authority that has not issued ours is no reason to keep it back', () => {
    const proofs = (subject: string, hash: number): Proofs => ({
      ...certified(subject),
      authorities: new Uint8Array(20).fill(1),
      issuedBy: [new Uint8Array(20).fill(hash)],
    });
    up(withCerts({ west: { proofs: proofs('CN=west', 9) }, east: { proofs: proofs('CN=east', 9) } }), [
      INIT[0],
      '<-- IKE_SA_INIT { SA, KE, Nr, CERTREQ }',
      AUTH_CERT.replace('CERT,', 'CERT, CERTREQ,'),
      GRANTED_CERT,
    ]);
  });

  test('what a helper finds wrong with the chain: refused at either end, and the log says what and of which', () => {
    const bad = (subject: string) => ({ proofs: certified(subject, { wrong: 'it has expired' }) });
    refused(
      withCerts({ west: bad('CN=west') }),
      [...INIT, AUTH_CERT, REFUSED],
      /'@west' failed authentication .*certificate 'CN=west': it has expired/,
    );
    refused(
      withCerts({ east: bad('CN=east') }),
      [...INIT, AUTH_CERT, GRANTED_CERT, ...DISTRUST],
      /'@east' failed authentication .*certificate 'CN=east': it has expired/,
    );
  });

  test('one that does not name the identity: refused, unless that is not asked for', () => {
    const other = { proofs: certified('CN=west', { ids: ['@other'] }) };
    refused(withCerts({ west: other }), [...INIT, AUTH_CERT, REFUSED], /certificate 'CN=west': does not name @west/);
    up(withCerts({ west: other, east: { proofs: certified('CN=east'), policy: { idOnCertificate: false } } }), [
      ...INIT,
      AUTH_CERT,
      GRANTED_CERT,
    ]);
    // Where nobody in particular is expected, the certificate alone says who it is.
    refused(
      withCerts({
        west: other,
        east: { proofs: certified('CN=east'), policy: { idOnCertificate: false, remoteId: undefined } },
      }),
      [...INIT, AUTH_CERT, REFUSED],
      /does not name @west/,
    );
  });

  test('of another authority than rightca=: refused at either end', () => {
    const theirs = [round(SIGNATURES, { ca: Id.parse('CN=other')! })] as const;
    const why = /why: the peer's certificate is from CN=authority; ca= of its end asks for 'CN=other'/;
    refused(
      withCerts({ east: { proofs: certified('CN=east'), policy: { theirs } } }),
      [...INIT, AUTH_CERT, REFUSED],
      why,
    );
    refused(
      withCerts({ west: { proofs: certified('CN=west'), policy: { theirs } } }),
      [...INIT, AUTH_CERT, GRANTED_CERT, ...DISTRUST],
      why,
    );
  });

  test('a raw key that is known for the identity does not stand in for one of a certain authority', () => {
    const theirs = [round(SIGNATURES, { ca: Id.parse('CN=authority')! })] as const;
    const east = { proofs: rawKeys('p256', 'p256', '@west'), policy: { theirs } };
    refused(
      withCerts({ west: { proofs: { keys: [{ key: KEYS.p256 }] } }, east }),
      [...INIT, AUTH, REFUSED],
      /no public key/,
    );
  });

  test('a key that must be a certain one is not replaced by a certificate', () => {
    const theirs = [round(SIGNATURES, { key: { t: 'ckaid', ckaid: new Uint8Array(20) } })] as const;
    const east = { proofs: { ...certified('CN=east'), known: { '@west': [KEYS.ed25519] } }, policy: { theirs } };
    refused(withCerts({ east }), [...INIT, AUTH_CERT, REFUSED], /'@west' failed authentication/);
  });

  test('nothing follows from what must be looked up first; then the chain is checked once more', () => {
    const answers = (): Reply => ({ t: 'revocation', problems: ['http://crl.example/x: no answer'] });
    const east = { proofs: certified('CN=east'), answers };
    const west = { proofs: certified('CN=west', { crl: 'http://crl.example/x' }) };
    const { east: made } = up(withCerts({ east, west }), [...INIT, AUTH_CERT, GRANTED_CERT]);
    expect(made.questions.map((q) => q.t)).toEqual(['revocation']);
    expect(made.jobs).toEqual(['ike.keys', 'auth.check', 'auth.check']);
    expect(made.lines.join('\n')).toContain('http://crl.example/x: no answer');
  });

  test('URLs of certificates are not followed, doubles and what is too much are left out', () => {
    const { west } = pair();
    const turn = new Turn(west.up().sa, west.env);
    const cert = (encoding: number, first: number, octets = 10): Shown => {
      const data = new Uint8Array(octets).fill(first);
      return { encoding, data };
    };
    const { X509_SIGNATURE, X509_CERT_URL, X509_BUNDLE_URL, OCSP_CONTENT, PGP } = CERT_ENCODING;
    const few = certsIn(turn, [
      cert(X509_CERT_URL, 1),
      cert(X509_SIGNATURE, 2),
      cert(PGP, 3),
      cert(X509_BUNDLE_URL, 4),
      cert(X509_SIGNATURE, 2),
      cert(OCSP_CONTENT, 5),
    ]);
    expect([few.certs.length, few.ocsps.length]).toEqual([1, 1]);
    expect(turn.outs.filter((out) => out.t === 'say' && out.level === 'warn')).toHaveLength(2);
    const many = certsIn(
      turn,
      Array.from({ length: 40 }, (_, i) => cert(X509_SIGNATURE, i)),
    );
    expect(many.certs).toHaveLength(MAX_CERTS);
    const large = certsIn(
      turn,
      Array.from({ length: 4 }, (_, i) => cert(X509_SIGNATURE, i, 20_000)),
    );
    expect(large.certs).toHaveLength(2);
  });
});

describe('keys from DNS', () => {
  const asked = (reply: Reply): PairOptions => ({
    ...withRawKeys('p256', 'p256'),
    east: {
      proofs: { keys: [{ key: KEYS.p256 }] },
      policy: { theirs: [round(SIGNATURES, { keysFromDns: true })] },
      answers: () => reply,
    },
  });
  const keys = [spkiOf(KEYS.p256)];

  test('are believed if DNSSEC vouches for them', () => {
    const { east } = up(asked({ t: 'dnsKeys', keys, isSecure: true }), [...INIT, AUTH, GRANTED]);
    expect(east.questions).toMatchObject([{ t: 'dnsKeys' }]);
  });

  test('as they are where nobody wants them validated (dnssec-enable=no), and the log says so', () => {
    const why = 'west: no DNSSEC';
    const { east } = up(asked({ t: 'dnsKeys', keys, isSecure: false, why }), [...INIT, AUTH, GRANTED]);
    expect(east.lines.join('\n')).toContain(
      "key for ID_FQDN '@west' from DNS, which nobody vouches for: west: no DNSSEC",
    );
  });

  test('and not where there is none that may be believed', () => {
    const lines = [...INIT, AUTH, REFUSED];
    const unbelieved = {
      t: 'dnsKeys',
      keys: [],
      isSecure: false,
      why: 'west has 1, which cannot be believed',
    } as const;
    refused(asked(unbelieved), lines, /no key for ID_FQDN '@west' from DNS: west has 1, which cannot be believed/);
    refused(asked({ t: 'dnsKeys', keys: [], isSecure: true }), lines, /no public key is known for it/);
    refused(asked({ t: 'none', why: 'no resolver' }), lines, /no key for ID_FQDN '@west' from DNS: no resolver/);
    refused(asked({ t: 'dnsKeys', keys: [spkiOf(KEYS.p384)], isSecure: true }), lines, /failed authentication/);
  });
});

describe('which connection', () => {
  const eastWith = (...changes: PolicyChange[]): EndOptions => ({
    proofs: { ...certified('CN=east'), known: { '@west': [KEYS.ed25519] } },
    policies: changes.map((change) => policyFor('east', { ...both(SIGNATURES), ...change })),
  });

  test('the one whose authority has issued the certificate, before anything is answered', () => {
    const east = eastWith(
      { name: 'one', theirs: [round(SIGNATURES, { ca: Id.parse('CN=other')! })] },
      { name: 'two', theirs: [round(SIGNATURES, { ca: Id.parse('CN=authority')! })] },
    );
    const { east: made } = up(withCerts({ east }), [...INIT, AUTH_CERT, GRANTED_CERT]);
    expect(made.sa.policy.name).toBe('two');
    expect(made.jobs).toEqual(['ike.keys', 'auth.check', 'auth.check']);
  });

  test('none if it is of none of them', () => {
    const of = (name: string) => ({ name, theirs: [round(SIGNATURES, { ca: Id.parse(`CN=${name}`)! })] as const });
    const { east } = refused(
      withCerts({ east: eastWith(of('one'), of('two')) }),
      [...INIT, AUTH_CERT, REFUSED],
      /another authority/,
    );
    expect(east.jobs).toEqual(['ike.keys', 'auth.check']);
  });

  test('the one that takes what the peer proves itself by', () => {
    const east = eastWith({ name: 'psk', ...both(['secret']) }, { name: 'key' }, { name: 'null', ...both(['null']) });
    expect(up(withCerts({ east }), [...INIT, AUTH_CERT, GRANTED_CERT]).east.sa.policy.name).toBe('key');
    expect(up({ east }, [...INIT, AUTH, GRANTED]).east.sa.policy.name).toBe('psk');
    expect(up({ east, policy: both(['null']) }, [...INIT, AUTH, GRANTED]).east.sa.policy.name).toBe('null');
  });

  test('the one for which we have something to prove ourselves with', () => {
    const east: EndOptions = {
      policies: [policyFor('east', { name: 'key', ours: [round(SIGNATURES)] }), policyFor('east', { name: 'secret' })],
    };
    expect(up({ east }, [...INIT, AUTH, GRANTED]).east.sa.policy.name).toBe('secret');
  });
});

test('a helper that dies ends the attempt at either end', () => {
  for (const [end, op, lines] of [
    ['west', 'sign', INIT],
    ['east', 'auth.check', [...INIT, AUTH_CERT, REFUSED]],
    ['west', 'auth.check', [...INIT, AUTH_CERT, GRANTED_CERT, ...DISTRUST]],
  ] as const) {
    const made = pair(withCerts());
    made[end].failJobs = op;
    made.west.up();
    for (const line of lines) made.wire.expect(line);
    made.clock.advance(61_000);
    expectNothing(made.west);
    expectNothing(made.east);
    expect(made.clock.pending).toBe(0);
  }
});
