/**
 * Proofs that were good until somebody touched them. Every method of AUTH, from either end: whatever octet is another one,
 * whatever is missing, doubled, of another type or of the other end, the peer is not believed and nothing is installed.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TrustReader } from '../../../src/ike/auth/x509/trust-reader.ts';
import { encodeAuth, parseAuth } from '../../../src/ike/crypto/signature/auth.ts';
import { digitalSignature, type Scheme, schemeOf } from '../../../src/ike/crypto/signature/scheme.ts';
import { sign } from '../../../src/ike/crypto/signature/sign.ts';
import type { AuthWay } from '../../../src/ike/policy.ts';
import { nullAuth, octetsToSign, otherRole, secretAuth } from '../../../src/ike/v2/auth-octets.ts';
import type { IkeSa } from '../../../src/ike/v2/ike-sa.ts';
import { find, type Payload } from '../../../src/ike/wire/index.ts';
import { Id } from '../../../src/net/id.ts';
import { shelfOf } from '../auth/checking.ts';
import { altNames, ca, dns, leaf, NOW } from '../auth/x509/make.ts';
import { good } from '../crypto/signature/keys.ts';
import { type EndOptions, type PairOptions, pair } from './pair.ts';
import { both, KEYS, round } from './proofs.ts';
import { type Outcome, type Victim, victimOf } from './tampering.ts';
import { toyEap } from './toy-eap.ts';

type Kind = keyof typeof KEYS;
type Role = IkeSa['role'];

/** An AUTH method: how both ends come to it, and the data of AUTH that its owner would make for either end's octets. */
interface Method {
  readonly name: string;
  readonly options: PairOptions;
  readonly lines?: { readonly initiator: readonly string[]; readonly responder: readonly string[] };
  /** `method` and `data` of an AUTH payload, by the peer, over the octets of `role`. */
  readonly make: (sa: IkeSa, role: Role, id: Id) => { readonly method: number; readonly data: Uint8Array };
}

const INIT = ['IKE_SA_INIT { SA, KE, Ni } -->', '<-- IKE_SA_INIT { SA, KE, Nr }'];
const AUTH = 'IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->';
const GRANTED = '<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }';
const PLAIN = { initiator: [...INIT, AUTH, GRANTED], responder: [...INIT, AUTH] };

const SECRET = 'swordfish';
const withSecret: Method['make'] = (sa, role, id) => ({
  method: 2,
  data: secretAuth(sa, role, id, Uint8Array.from(Buffer.from(SECRET))),
});

const signing =
  (kind: Kind, scheme: Scheme): Method['make'] =>
  (sa, role, id) => ({
    method: scheme.method,
    data: encodeAuth(scheme, good(sign(KEYS[kind], scheme, octetsToSign(sa, role, id)))),
  });

function signature(kind: Kind, scheme: Scheme, ways: readonly AuthWay[]): Method {
  const end = (peer: string): EndOptions => ({
    proofs: { keys: [{ key: KEYS[kind] }], known: { [peer]: [KEYS[kind]] } },
  });
  return {
    name: scheme.name,
    options: { policy: { ...both(ways), sha1: scheme.hash === 'SHA1' }, west: end('@east'), east: end('@west') },
    make: signing(kind, scheme),
  };
}

const root = ca({ subject: 'CN=root', key: KEYS.p384 });
const middle = ca({ subject: 'CN=middle', issuer: root, key: KEYS.p521 });
const certificateOf = (name: string) =>
  leaf({ subject: `CN=${name}`, issuer: middle, key: KEYS.p256, extensions: [altNames(dns(name))] }).der;
const trust = new TrustReader(shelfOf({ anchors: [root] }).shared);
const certified = (name: string): EndOptions => ({
  proofs: {
    keys: [{ key: KEYS.p256, certificate: certificateOf(name) }],
    ...{ issuers: [middle.der], rules: { at: NOW }, trust },
  },
});
const CERTS: Method = {
  name: 'certificates, of which two were sent',
  options: { policy: both(['ecdsa-sha2_256']), west: certified('west'), east: certified('east') },
  lines: {
    initiator: [
      ...INIT,
      'IKE_AUTH { IDi, CERT, CERT, IDr, AUTH, SA, TSi, TSr } -->',
      '<-- IKE_AUTH { IDr, CERT, CERT, AUTH, SA, TSi, TSr }',
    ],
    responder: [...INIT, 'IKE_AUTH { IDi, CERT, CERT, IDr, AUTH, SA, TSi, TSr } -->'],
  },
  make: signing('p256', digitalSignature('der', 'SHA2_256')!),
};

const EAP_LINES = [
  ...[...INIT, 'IKE_AUTH { IDi, IDr, SA, TSi, TSr } -->', '<-- IKE_AUTH { IDr, AUTH, EAP }'],
  ...['IKE_AUTH { EAP } -->', '<-- IKE_AUTH { EAP }', 'IKE_AUTH { EAP } -->', '<-- IKE_AUTH { EAP }'],
  'IKE_AUTH { AUTH } -->',
];
const EAP: Method = {
  name: 'the key that EAP has made',
  // It remembers its sessions.
  get options() {
    return {
      west: { answers: toyEap(), policy: { ours: [round(['eap-mschapv2'])] } },
      east: { answers: toyEap(), policy: { theirs: [round(['eap-mschapv2'])] } },
    } satisfies PairOptions;
  },
  lines: { responder: EAP_LINES, initiator: [...EAP_LINES, '<-- IKE_AUTH { AUTH, SA, TSi, TSr }'] },
  make: (sa, role, id) => ({ method: 2, data: secretAuth(sa, role, id, sa.handshake!.talk!.eap!.msk!) }),
};

const METHODS: readonly Method[] = [
  { name: 'a pre-shared key', options: { psk: SECRET }, make: withSecret },
  {
    name: 'NULL',
    options: { policy: both(['null']) },
    make: (sa, role, id) => ({ method: 13, data: nullAuth(sa, role, id) }),
  },
  signature('rsa', schemeOf(1)!, ['rsasig-v1.5']),
  signature('rsa', digitalSignature('pkcs1', 'SHA1')!, ['rsasig-v1.5']),
  signature('rsa', digitalSignature('pkcs1', 'SHA2_384')!, ['rsasig-v1.5', 'rsa-sha2_384']),
  signature('rsa', digitalSignature('pss', 'SHA2_256')!, ['rsa-sha2_256']),
  signature('rsa', digitalSignature('pss', 'SHA2_512')!, ['rsa-sha2_512']),
  signature('p256', digitalSignature('der', 'SHA2_256')!, ['ecdsa-sha2_256']),
  signature('p384', digitalSignature('der', 'SHA2_512')!, ['ecdsa-sha2_512']),
  signature('p521', digitalSignature('der', 'SHA2_512')!, ['ecdsa-sha2_512']),
  signature('p256', schemeOf(9)!, ['ecdsa-sha2_256']),
  signature('p384', schemeOf(10)!, ['ecdsa-sha2_384']),
  signature('p521', schemeOf(11)!, ['ecdsa-sha2_512']),
  signature('ed25519', digitalSignature('eddsa', 'IDENTITY')!, ['eddsa']),
  signature('ed448', schemeOf(14, Uint8Array.from(Buffer.from('300506032b6571', 'hex')))!, ['eddsa']),
  CERTS,
  EAP,
];

/** Of long ones every so many octets, and the last: a signature is all or nothing. */
const FLIPS = 48;

function* flipped(octets: Uint8Array): Generator<Uint8Array> {
  const stride = Math.max(1, Math.floor(octets.length / FLIPS));
  for (
    let at = 0;
    at < octets.length;
    at += at + stride < octets.length ? stride : Math.max(1, octets.length - 1 - at)
  ) {
    const bad = Uint8Array.from(octets);
    bad[at] ^= 1 << (at % 8);
    yield bad;
  }
}

function* resized(octets: Uint8Array): Generator<Uint8Array> {
  for (const length of [0, 1, 4, octets.length >> 1, octets.length - 1]) yield octets.slice(0, length);
  for (const length of [octets.length + 1, 2 * octets.length, 40_000]) {
    const longer = new Uint8Array(length);
    longer.set(octets);
    yield longer;
  }
}

const REFUSALS: Readonly<Record<Role, RegExp>> = {
  responder: /^IKE_AUTH response .*N\(AUTHENTICATION_FAILED\)|IKE_AUTH \{ N\(AUTHENTICATION_FAILED\) \}$/,
  initiator: /INFORMATIONAL \{ N\(AUTHENTICATION_FAILED\), D \}$/,
};

/** Refused, said to the peer under the keys of the SA, and in the log. */
function expectRefused(victim: Victim, outcome: Outcome, what: string): void {
  expect(outcome.isBelieved, what).toBe(false);
  expect(outcome.sent, what).toHaveLength(1);
  expect(outcome.sent[0], what).toMatch(REFUSALS[victim.sa.role]);
  expect(outcome.isDead, what).toBe(victim.sa.role === 'responder');
  expect(outcome.lines.length, what).toBeGreaterThan(0);
}

const replaced = (payloads: readonly Payload[], old: Payload, ...by: readonly Payload[]): Payload[] =>
  payloads.flatMap((p) => (p === old ? by : [p]));

describe.each(METHODS)('by $name', (method) => {
  describe.each(['responder', 'initiator'] as const)('to the %s', (role) => {
    /** The responder of EAP proves itself by the same key, in answer to the initiator. */
    const id = Id.parse(role === 'responder' ? '@west' : '@east')!;
    const seen = victimOf(pair(method.options), (method.lines ?? PLAIN)[role]);
    // What another implementation would choose of all that is allowed, and ours would not.
    const authOf = (of: Role): Extract<Payload, { type: 'AUTH' }> => ({
      ...{ type: 'AUTH', critical: false },
      ...method.make(seen.sa, of, id),
    });
    const auth = authOf(otherRole(seen.sa));
    const payloads = replaced(seen.payloads, find(seen.payloads, 'AUTH')!, auth);
    const ids = payloads.filter((p) => p.type === 'IDi' || p.type === 'IDr');
    const victim: Victim = { ...seen, payloads };
    const refuse = (bad: readonly Payload[], what: string) => expectRefused(victim, victim.hear(bad), what);
    const withAuth = (bad: Partial<typeof auth>) => replaced(payloads, auth, { ...auth, ...bad });

    test('as it is: believed', () => {
      expect(victim.hear(payloads).isBelieved).toBe(true);
    });

    test('AUTH with another octet, or of another length', () => {
      for (const data of flipped(auth.data)) refuse(withAuth({ data }), `AUTH ${Buffer.from(data).toString('hex')}`);
      for (const data of resized(auth.data)) refuse(withAuth({ data }), `AUTH of ${data.length} octets`);
      const parsed = parseAuth(auth.method, auth.data);
      if (auth.method !== 14 || 'wrong' in parsed) return;
      // Each octet of the AlgorithmIdentifier, and its length.
      for (let at = 0; at < auth.data.length - parsed.signature.length; at++) {
        for (const by of [1, 0x80, 0xff]) {
          const data = Uint8Array.from(auth.data);
          data[at] ^= by;
          refuse(withAuth({ data }), `octet ${at} of the AlgorithmIdentifier`);
        }
      }
    });

    test('AUTH by any other method', () => {
      for (let other = 0; other < 256; other++)
        if (other !== auth.method) refuse(withAuth({ method: other }), `method ${other}`);
    });

    test("AUTH that proves the victim's own end (reflection)", () => {
      refuse(replaced(payloads, auth, authOf(seen.sa.role)), 'reflected');
    });

    test('no AUTH, or two of them, whichever is good', () => {
      const bad = { ...auth, data: new Uint8Array(auth.data.length) };
      for (const wrong of [[], [auth, auth], [auth, bad], [bad, auth]])
        expect(victim.hear(replaced(payloads, auth, ...wrong)).isBelieved, `${wrong.length} AUTH`).toBe(false);
    });

    test('another identity of the peer, of another type, none, or two', () => {
      // It has said so before.
      if (ids.length === 0) {
        const outcome = victim.hear(payloads, ({ handshake }) => {
          handshake!.talk!.peerId = Id.parse('@other')!;
        });
        return expectRefused(victim, outcome, 'another identity');
      }
      const [own] = ids;
      if (own.type !== 'IDi' && own.type !== 'IDr') throw new Error('no identity');
      const as = (bad: Partial<typeof own>) => replaced(payloads, own, { ...own, ...bad });
      for (const data of [...flipped(own.data), new Uint8Array(), own.data.slice(1), new Uint8Array(3000).fill(97)])
        refuse(as({ data }), `ID ${Buffer.from(data).toString('latin1').slice(0, 20)}`);
      for (let idType = 0; idType < 256; idType++)
        if (idType !== own.idType) refuse(as({ idType }), `ID type ${idType}`);
      const other = { ...own, data: Uint8Array.of(97) };
      for (const wrong of [[], [own, own], [own, other], [other, own]])
        expect(victim.hear(replaced(payloads, own, ...wrong)).isBelieved, `${wrong.length} identities`).toBe(false);
    });

    test('another nonce of ours, and any other octet in the first message of the peer', () => {
      const isResponder = role === 'responder';
      const handshake = seen.sa.handshake!;
      const [nonce, first] = isResponder ? (['nr', 'request'] as const) : (['ni', 'response'] as const);
      for (const field of [nonce, first]) {
        for (const octets of [...flipped(handshake[field]), handshake[field].slice(1)]) {
          const outcome = victim.hear(payloads, (sa) => {
            sa.handshake![field] = octets;
          });
          expectRefused(victim, outcome, field);
        }
      }
    });

    test('payloads lost, doubled, in another order or altered at random: believed as they are, or not at all', () => {
      const octets = (p: Payload) => ('data' in p ? p.data : undefined);
      fc.assert(
        fc.property(
          fc.shuffledSubarray([...payloads, ...payloads]),
          fc.nat(),
          fc.nat(),
          fc.integer({ min: 0, max: 255 }),
          (some, which, where, by) => {
            const list = some.map((p, i): Payload => {
              const data = octets(p);
              if (i !== which % some.length || !data || data.length === 0) return p;
              const bad = Uint8Array.from(data);
              bad[where % bad.length] ^= by;
              return { ...p, data: bad } as Payload;
            });
            const proofs = ({ type }: Payload) => type === 'AUTH' || type === 'CERT' || type === ids[0]?.type;
            const isWhole = payloads
              .filter(proofs)
              .every((p) => list.some((q) => q.type === p.type && Buffer.compare(octets(q)!, octets(p)!) === 0));
            if (!isWhole) expect(victim.hear(list).isBelieved).toBe(false);
          },
        ),
        { numRuns: 60, seed: 7 },
      );
    });
  });
});

describe.each(['responder', 'initiator'] as const)('certificates to the %s', (role) => {
  const victim = victimOf(pair(CERTS.options), CERTS.lines![role]);
  const certs = victim.payloads.filter((p) => p.type === 'CERT');

  test.each([0, 1])('certificate %i with another octet: refused, and the log says which and why', (which) => {
    const cert = certs[which];
    if (cert.type !== 'CERT') throw new Error('no certificate');
    const { length } = cert.data;
    for (let at = 0; at < length; at += 3) {
      const data = Uint8Array.from(cert.data);
      data[at] ^= 1 << (at % 8);
      const outcome = victim.hear(replaced(victim.payloads, cert, { ...cert, data }));
      expectRefused(victim, outcome, `octet ${at}`);
      expect(outcome.lines.join('\n'), `octet ${at}`).toMatch(/failed authentication with ECDSA with SHA2_256: /);
    }
  });

  test('none, one of both, of another encoding, or somebody else first: refused', () => {
    const without = (...gone: readonly Payload[]) => victim.payloads.filter((p) => !gone.includes(p));
    for (const bad of [without(...certs), without(certs[0]), without(certs[1])])
      expectRefused(victim, victim.hear(bad), `${bad.length} payloads`);
    for (const encoding of [0, 1, 2, 7, 11, 12, 13, 14, 255]) {
      const list = victim.payloads.map((p) => (p.type === 'CERT' ? { ...p, encoding } : p));
      expectRefused(victim, victim.hear(list), `encoding ${encoding}`);
    }
    const swapped = victim.payloads.map((p) => (p === certs[0] ? certs[1] : p === certs[1] ? certs[0] : p));
    expectRefused(victim, victim.hear(swapped), 'the issuer first');
  });
});
