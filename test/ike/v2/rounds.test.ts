/** More than one proof of an end, RFC 4739: both ends must know of it, and it counts for nothing until it is complete. */
import { describe, expect, test } from 'vitest';
import type { AuthRound, Policy } from '../../../src/ike/policy.ts';
import { Id } from '../../../src/net/id.ts';
import { type EndOptions, expectAgreement, expectNothing, type Pair, type PairOptions, pair } from './pair.ts';
import { policyFor } from './policies.ts';
import { certificate, KEYS, type Proofs, round, SIGNATURES } from './proofs.ts';
import { toyEap } from './toy-eap.ts';

const INIT = ['IKE_SA_INIT { SA, KE, Ni } -->', '<-- IKE_SA_INIT { SA, KE, Nr, N(MULTIPLE_AUTH_SUPPORTED) }'];
const REFUSED = '<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }';
const DISTRUST = ['INFORMATIONAL { N(AUTHENTICATION_FAILED), D } -->', '<-- INFORMATIONAL { }'];

const SECRET = round(['secret']);
const KEY = round(SIGNATURES, { id: Id.parse('@device')! });
const EAP = round(['eap-mschapv2'], { id: Id.parse('user@example.com')! });

const device = certificate(KEYS.ed25519, { subject: 'CN=device', ids: ['@device'] });
const proofs: Proofs = { keys: [{ key: KEYS.p256 }, { key: KEYS.ed25519, certificate: device }] };

type Rounds = readonly [AuthRound, ...AuthRound[]];

/** West proves itself by `west`, east by `east`, and each wants just that. */
const rounds = (west: Rounds, east: Rounds, more: { west?: EndOptions; east?: EndOptions } = {}): PairOptions => ({
  west: { proofs, answers: toyEap(), policy: { ours: west, theirs: east }, ...more.west },
  east: { proofs, answers: toyEap(), policy: { ours: east, theirs: west }, ...more.east },
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
  expect([made.west.sa.handshake, made.east.sa.handshake]).toEqual([undefined, undefined]);
  return made;
}

function refused(options: PairOptions, lines: readonly string[], why: RegExp): Pair {
  const made = run(options, lines);
  expectNothing(made.west);
  made.clock.advance(60_000);
  expectNothing(made.east);
  expect(made.west.plane.installed + made.east.plane.installed).toBe(0);
  const ends = [made.west, made.east].flatMap((host) => host.ends.map(({ text }) => text));
  expect([...made.west.lines, ...made.east.lines, ...ends].join('\n')).toMatch(why);
  return made;
}

const FIRST_OF_TWO =
  'IKE_AUTH { IDi, IDr, AUTH, N(ANOTHER_AUTH_FOLLOWS), N(MULTIPLE_AUTH_SUPPORTED), SA, TSi, TSr } -->';
const FIRST = 'IKE_AUTH { IDi, IDr, AUTH, N(MULTIPLE_AUTH_SUPPORTED), SA, TSi, TSr } -->';

describe('two proofs', () => {
  test('of the initiator: a secret, then a certificate of another identity', () => {
    const { east } = up(rounds([SECRET, KEY], [SECRET]), [
      ...INIT,
      FIRST_OF_TWO,
      '<-- IKE_AUTH { IDr, AUTH }',
      'IKE_AUTH { IDi, CERT, AUTH } -->',
      '<-- IKE_AUTH { SA, TSi, TSr }',
    ]);
    expect(east.lines.join('\n')).toContain(
      "authenticated peer using authby=secret and ID_FQDN '@west', and certificate 'CN=device'",
    );
    expect(`${east.sa.peerId}`).toBe('@west');
  });

  test('of the initiator: a secret, then EAP', () => {
    up(rounds([SECRET, EAP], [SECRET]), [
      ...INIT,
      FIRST_OF_TWO,
      '<-- IKE_AUTH { IDr, AUTH }',
      'IKE_AUTH { IDi } -->',
      '<-- IKE_AUTH { EAP }',
      'IKE_AUTH { EAP } -->',
      '<-- IKE_AUTH { EAP }',
      'IKE_AUTH { EAP } -->',
      '<-- IKE_AUTH { EAP }',
      'IKE_AUTH { AUTH } -->',
      '<-- IKE_AUTH { AUTH, SA, TSi, TSr }',
    ]);
  });

  test('of the initiator: EAP, then a certificate', () => {
    up(rounds([round(['eap-mschapv2']), KEY], [SECRET]), [
      ...INIT,
      'IKE_AUTH { IDi, IDr, N(MULTIPLE_AUTH_SUPPORTED), SA, TSi, TSr } -->',
      '<-- IKE_AUTH { IDr, AUTH, EAP }',
      'IKE_AUTH { EAP } -->',
      '<-- IKE_AUTH { EAP }',
      'IKE_AUTH { EAP } -->',
      '<-- IKE_AUTH { EAP }',
      'IKE_AUTH { AUTH, N(ANOTHER_AUTH_FOLLOWS) } -->',
      '<-- IKE_AUTH { AUTH }',
      'IKE_AUTH { IDi, CERT, AUTH } -->',
      '<-- IKE_AUTH { SA, TSi, TSr }',
    ]);
  });

  test('of the responder: the initiator says nothing to hear the second', () => {
    const { west } = up(rounds([SECRET], [SECRET, KEY]), [
      ...INIT,
      FIRST,
      '<-- IKE_AUTH { IDr, AUTH, N(ANOTHER_AUTH_FOLLOWS) }',
      'IKE_AUTH { } -->',
      '<-- IKE_AUTH { IDr, CERT, AUTH, SA, TSi, TSr }',
    ]);
    expect(west.lines.join('\n')).toContain("using authby=secret and ID_FQDN '@east', and certificate 'CN=device'");
  });

  test('of both', () => {
    up(rounds([SECRET, KEY], [SECRET, KEY]), [
      ...INIT,
      FIRST_OF_TWO,
      '<-- IKE_AUTH { IDr, AUTH, N(ANOTHER_AUTH_FOLLOWS) }',
      'IKE_AUTH { IDi, CERT, AUTH } -->',
      '<-- IKE_AUTH { IDr, CERT, AUTH, SA, TSi, TSr }',
    ]);
  });
});

describe('are not believed', () => {
  const expired = certificate(KEYS.ed25519, { subject: 'CN=device', ids: ['@device'], wrong: 'it has expired' });

  test('where the second is not good', () => {
    const bad = { proofs: { keys: [{ key: KEYS.p256 }, { key: KEYS.ed25519, certificate: expired }] } };
    const options = rounds([SECRET, KEY], [SECRET, KEY]);
    refused(
      { ...options, west: { ...options.west, ...bad } },
      [
        ...INIT,
        FIRST_OF_TWO,
        '<-- IKE_AUTH { IDr, AUTH, N(ANOTHER_AUTH_FOLLOWS) }',
        'IKE_AUTH { IDi, CERT, AUTH } -->',
        REFUSED,
      ],
      /certificate 'CN=device': it has expired/,
    );
    const { west, east, wire } = pair({ ...options, east: { ...options.east, ...bad } });
    west.up();
    for (const line of [...INIT, FIRST_OF_TWO, '<-- IKE_AUTH { IDr, AUTH, N(ANOTHER_AUTH_FOLLOWS) }'])
      wire.expect(line);
    for (const line of [
      'IKE_AUTH { IDi, CERT, AUTH } -->',
      '<-- IKE_AUTH { IDr, CERT, AUTH, SA, TSi, TSr }',
      ...DISTRUST,
    ])
      wire.expect(line);
    expectNothing(west);
    expectNothing(east);
    expect(west.plane.installed).toBe(0);
  });

  test('where the second is of somebody else', () => {
    const other = round(SIGNATURES, { id: Id.parse('@gadget')! });
    const options = rounds([SECRET, other], [SECRET]);
    refused(
      { ...options, east: { ...options.east, policy: { ours: [SECRET], theirs: [SECRET, KEY] } } },
      [...INIT, FIRST_OF_TWO, '<-- IKE_AUTH { IDr, AUTH }', 'IKE_AUTH { IDi, CERT, AUTH } -->', REFUSED],
      /peer ID ID_FQDN '@gadget' is not the configured '@device'/,
    );
  });

  test('where there is only one', () => {
    const options = rounds([SECRET], [SECRET]);
    refused(
      { ...options, east: { ...options.east, policy: { ours: [SECRET], theirs: [SECRET, KEY] } } },
      [INIT[0], INIT[1], 'IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->', REFUSED],
      /peer has given 1 proof of who it is, we want 2/,
    );
    const { west, east, wire } = pair({
      ...options,
      west: { ...options.west, policy: { ours: [SECRET], theirs: [SECRET, KEY] } },
    });
    // It says that it could.
    east.policies = [policyFor('east'), policyFor('east', { name: 'other', ours: [SECRET, KEY] })];
    west.up();
    for (const line of [...INIT, FIRST, '<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }', ...DISTRUST]) wire.expect(line);
    expectNothing(west);
    expectNothing(east);
    expect(west.plane.installed).toBe(0);
    expect(west.lines.join('\n')).toMatch(/peer has given 1 proof of who it is, we want 2/);
  });

  test('where nobody asks for the second', () => {
    const options = rounds([SECRET, KEY], [SECRET]);
    const policies: readonly Policy[] = [
      policyFor('east'),
      policyFor('east', { name: 'other', theirs: [SECRET, KEY], localId: Id.parse('@other')! }),
    ];
    refused(
      { ...options, east: { ...options.east, policies } },
      [...INIT, FIRST_OF_TWO, REFUSED],
      /wants to prove itself more than once, which we do not ask for/,
    );
  });

  test('where the peer does not know of them', () => {
    const { west, wire } = pair({ west: { proofs, policy: { ours: [SECRET, KEY] } } });
    west.up();
    wire.expect('IKE_SA_INIT { SA, KE, Ni } -->');
    wire.expect('<-- IKE_SA_INIT { SA, KE, Nr }');
    wire.expectSilence();
    expectNothing(west);
    expect(west.ends[0].text).toMatch(/the connection wants 2 proofs of one end, and the peer knows of one/);
  });

  test('where we have nothing for the second', () => {
    const options = rounds([SECRET, round(['ecdsa-sha2_256'])], [SECRET]);
    refused(
      { ...options, west: { ...options.west, proofs: { keys: [undefined, { key: KEYS.ed25519 }] } } },
      [...INIT, FIRST_OF_TWO, '<-- IKE_AUTH { IDr, AUTH }', ...DISTRUST],
      /authby= allows nothing/,
    );
  });
});

test('the connection for which the peer proves itself as often as it does', () => {
  const east: EndOptions = {
    proofs,
    policies: [
      policyFor('east', { name: 'once', theirs: [SECRET] }),
      policyFor('east', { name: 'twice', theirs: [SECRET, KEY] }),
    ],
  };
  const twice = up({ ...rounds([SECRET, KEY], [SECRET]), east }, [
    ...INIT,
    FIRST_OF_TWO,
    '<-- IKE_AUTH { IDr, AUTH }',
    'IKE_AUTH { IDi, CERT, AUTH } -->',
    '<-- IKE_AUTH { SA, TSi, TSr }',
  ]);
  expect(twice.east.sa.policy.name).toBe('twice');
  const policies = [...east.policies!].toReversed();
  const once = up({ ...rounds([SECRET], [SECRET]), east: { ...east, policies } }, [
    ...INIT,
    'IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->',
    '<-- IKE_AUTH { IDr, AUTH, SA, TSi, TSr }',
  ]);
  expect(once.east.sa.policy.name).toBe('once');
});
