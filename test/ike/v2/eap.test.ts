/** EAP in IKE_AUTH, RFC 7296 §2.16, and EAP alone, RFC 5998. */
import { describe, expect, test } from 'vitest';
import { encodeSpki } from '../../../src/ike/crypto/signature/public-key.ts';
import type { AuthWay } from '../../../src/ike/policy.ts';
import type { Reply } from '../../../src/ike/questions.ts';
import { idPayload } from '../../../src/ike/v2/auth-talk.ts';
import { eapPayload, MAX_EAP_MESSAGES } from '../../../src/ike/v2/eap-peer.ts';
import { Turn } from '../../../src/ike/v2/turn.ts';
import { AUTH_METHOD, EXCHANGE, type Payload } from '../../../src/ike/wire/index.ts';
import { Id } from '../../../src/net/id.ts';
import { type EndOptions, expectAgreement, expectNothing, type Pair, type PairOptions, pair } from './pair.ts';
import { policyFor } from './policies.ts';
import { KEYS, round, SIGNATURES } from './proofs.ts';
import { toyEap } from './toy-eap.ts';

const INIT = ['IKE_SA_INIT { SA, KE, Ni } -->', '<-- IKE_SA_INIT { SA, KE, Nr }'];
const ASKS = ['IKE_AUTH { IDi, IDr, SA, TSi, TSr } -->', '<-- IKE_AUTH { IDr, AUTH, EAP }'];
const EAP = ['IKE_AUTH { EAP } -->', '<-- IKE_AUTH { EAP }'];
const PROOF = ['IKE_AUTH { AUTH } -->', '<-- IKE_AUTH { AUTH, SA, TSi, TSr }'];
const ALL = [...INIT, ...ASKS, ...EAP, ...EAP, ...PROOF];
const FAILED = 'INFORMATIONAL { N(AUTHENTICATION_FAILED), D } -->';
const REFUSED = '<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }';
const ACK = '<-- INFORMATIONAL { }';

const none = new Uint8Array(20);
const AUTH_PAYLOAD: Payload = { type: 'AUTH', critical: false, method: AUTH_METHOD.SHARED_KEY_MIC, data: none };
const ID_PAYLOAD = idPayload('IDi', Id.parse('@root')!);

/** West proves itself by EAP, east by the secret. */
const ends = (west: EndOptions = {}, east: EndOptions = {}, way: AuthWay = 'eap-mschapv2'): PairOptions => ({
  west: { answers: toyEap(), ...west, policy: { ours: [round([way])], ...west.policy } },
  east: { answers: toyEap(), ...east, policy: { theirs: [round([way])], ...east.policy } },
});

function run(options: PairOptions, lines: readonly string[]): Pair {
  const made = pair(options);
  made.west.up();
  for (const line of lines) made.wire.expect(line);
  made.wire.expectSilence();
  return made;
}

function up(options: PairOptions, lines: readonly string[] = ALL): Pair {
  const made = run(options, lines);
  expectAgreement(made);
  expect(made.west.plane.size).toBe(1);
  expect([made.west.sa.handshake, made.east.sa.handshake]).toEqual([undefined, undefined]);
  return made;
}

function refused(options: PairOptions, lines: readonly string[], why: RegExp): Pair {
  const made = run(options, lines);
  expectNothing(made.west);
  expectNothing(made.east);
  expect(made.west.plane.installed + made.east.plane.installed).toBe(0);
  const texts = [made.west, made.east].flatMap((host) => host.ends.map(({ text }) => text));
  expect([...made.west.lines, ...made.east.lines, ...texts].join('\n')).toMatch(why);
  expect(made.clock.pending).toBe(0);
  return made;
}

describe('EAP proves the initiator', () => {
  test('message by message, and the key that it makes goes into AUTH at both ends', () => {
    const { west, east } = up(ends());
    expect(east.lines.join('\n')).toContain(
      "responder established IKE SA; authenticated peer using EAP-TOY and ID_FQDN '@west'",
    );
    expect(west.lines.join('\n')).toContain("authenticated peer using authby=secret and ID_FQDN '@east'");
    expect(west.questions.map((q) => q.t)).toEqual(['eapPeer', 'eapPeer', 'eapPeer']);
    expect(east.questions.map((q) => q.t)).toEqual(['eap', 'eap', 'eap']);
    expect([west.forgotten, east.forgotten].map((f) => f.length)).toEqual([1, 1]);
  });

  test('a method that makes no key will do where the responder has proven itself', () => {
    const toy = { answers: toyEap({ hasNoKey: true }) };
    up(ends(toy, toy, 'eap-md5'));
  });

  test('another password: EAP fails, and AUTHENTICATION_FAILED says so too', () => {
    const { east } = refused(
      ends({ answers: toyEap({ password: 'guess' }) }),
      [...INIT, ...ASKS, EAP[0], '<-- IKE_AUTH { EAP, N(AUTHENTICATION_FAILED) }'],
      /'@west' failed authentication by EAP: another password/,
    );
    expect(east.ends[0].why).toBe('refused');
  });

  test('another key at one end: AUTH does not follow from it, and nothing comes up', () => {
    const east = (question: Parameters<ReturnType<typeof toyEap>>[0]): Reply => {
      const reply = toy(question);
      return reply.t === 'eap' && reply.msk ? { ...reply, msk: new Uint8Array(64) } : reply;
    };
    const toy = toyEap();
    refused(
      ends({}, { answers: east }),
      [...INIT, ...ASKS, ...EAP, ...EAP, PROOF[0], REFUSED],
      /its AUTH does not come from the key that EAP made/,
    );
  });

  test('a responder that does not prove itself first gets no EAP of ours', () => {
    refused(
      ends({}, { psk: 'shark' }),
      [...INIT, ...ASKS, FAILED, '<-- INFORMATIONAL { }'],
      /'@east' failed authentication: AUTH mismatch/,
    );
  });

  test('nobody answers for the responder: refused', () => {
    refused(ends({}, { answers: nobody }), [...INIT, ASKS[0], REFUSED], /failed authentication by EAP: nobody answers/);
  });

  test('nobody answers for the initiator: the responder is told', () => {
    refused(ends({ answers: nobody }), [...INIT, ...ASKS, FAILED, ACK], /EAP failed: nobody answers/);
  });

  test('a connection that wants a secret takes no EAP', () => {
    refused(
      ends({}, { policy: { theirs: [round(['secret'])] } }),
      [...INIT, ASKS[0], REFUSED],
      /peer authenticates by EAP, we want authby=secret/,
    );
  });

  test('a responder that has nothing but NULL to prove itself with does not speak EAP (RFC 7619 §2)', () => {
    const theirs = [round(['null'])] as const;
    refused(ends({ policy: { theirs } }, { policy: { ours: theirs } }), [...INIT, ASKS[0], REFUSED], /EAP/);
  });

  test('messages without end end it, at the responder', () => {
    const { west, east, wire, clock } = pair(ends({}, { answers: toyEap({ isEndless: true }) }));
    west.up();
    wire.release();
    clock.advance(100_000);
    expectNothing(west);
    expectNothing(east);
    expect(east.questions.length).toBe(MAX_EAP_MESSAGES);
    expect(east.forgotten).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('a peer that falls silent in the middle is forgotten after a minute, and so is its EAP session', () => {
    const { west, east, wire, clock } = pair(ends());
    west.up();
    for (const line of [...INIT, ...ASKS]) wire.expect(line);
    expect(east.sa.state).toBe('proving');
    wire.isCut = true;
    clock.advance(60_000);
    expectNothing(east);
    expect(east.forgotten).toHaveLength(1);
  });

  test.each([
    ['AUTH before EAP is over', [AUTH_PAYLOAD], /proves itself before EAP is over/],
    ['another identity in the middle of EAP', [ID_PAYLOAD], /says out of turn that it is ID_FQDN '@root'/],
    ['nothing in the middle of EAP', [], /says nothing when it was to prove who it is/],
    ['an identity with a proof', [ID_PAYLOAD, AUTH_PAYLOAD], /says out of turn that it is ID_FQDN '@root'/],
  ])('%s: refused', (_, payloads, why) => {
    const { west, east, wire } = pair(ends());
    west.up();
    for (const line of [...INIT, ...ASKS]) wire.expect(line);
    const odd = wire.hold(EAP[0]);
    west.sa.nextRequestId--;
    const turn = new Turn(west.sa, west.env);
    turn.request(EXCHANGE.IKE_AUTH, payloads, west.sa.outstanding!.pending);
    const [out] = turn.outs;
    if (out.t === 'send') wire.deliver({ ...odd, bytes: out.bytes });
    wire.expect(REFUSED);
    expectNothing(east);
    expect(east.ends[0].text).toMatch(why);
  });

  test('EAP where there is none, after a first proof of two: refused', () => {
    const rounds = { ours: [round(['secret']), round(['secret'])], theirs: [round(['secret'])] } as const;
    const { west, east, wire } = pair({
      west: { policy: rounds },
      east: { policy: { ours: rounds.theirs, theirs: rounds.ours } },
    });
    west.up();
    wire.expect(INIT[0]);
    wire.expect('<-- IKE_SA_INIT { SA, KE, Nr, N(MULTIPLE_AUTH_SUPPORTED) }');
    wire.expect('IKE_AUTH { IDi, IDr, AUTH, N(ANOTHER_AUTH_FOLLOWS), N(MULTIPLE_AUTH_SUPPORTED), SA, TSi, TSr } -->');
    wire.expect('<-- IKE_AUTH { IDr, AUTH }');
    const odd = wire.hold('IKE_AUTH { IDi, AUTH } -->');
    west.sa.nextRequestId--;
    const turn = new Turn(west.sa, west.env);
    turn.request(EXCHANGE.IKE_AUTH, [eapPayload(Uint8Array.of(2, 1, 0, 5, 1))], west.sa.outstanding!.pending);
    const [out] = turn.outs;
    if (out.t === 'send') wire.deliver({ ...odd, bytes: out.bytes });
    wire.expect(REFUSED);
    expectNothing(east);
    expect(east.ends[0].text).toMatch(/EAP out of turn/);
  });

  test('lost answers are asked for again and change nothing', () => {
    const { west, east, wire, clock } = pair(ends());
    west.up();
    for (const line of [...INIT, ...ASKS, EAP[0]]) wire.expect(line);
    wire.lose(EAP[1]);
    clock.advance(500);
    for (const line of [...EAP, ...EAP, ...PROOF]) wire.expect(line);
    expect(east.questions.filter((q) => q.t === 'eap')).toHaveLength(3);
    expectAgreement({ west, east });
  });

  test('who the peer is to EAP decides, not what it calls itself: INITIAL_CONTACT ends nothing in another name', () => {
    const lines = [...INIT, ASKS[0].replace('IDi,', 'IDi, N(INITIAL_CONTACT),'), ...ALL.slice(3)];
    const asks = (user?: string, isHearsay = false) => {
      const answers = toyEap({ ...(user === undefined ? {} : { user }), isHearsay });
      const options = ends({ policy: { initialContact: true } }, { answers });
      const made = up(options, lines);
      made.west.sas.clear();
      made.west.up();
      for (const line of lines) made.wire.expect(line);
      return made.east;
    };
    const other = asks('mallory');
    expect(other.sas.size).toBe(2);
    expect(other.lines.join('\n')).toContain("using EAP-TOY as 'mallory' and ID_FQDN '@west'");
    expect(asks('west').sas.size).toBe(1);
    expect(asks('west', true).sas.size).toBe(2);
    // The method has proven somebody, and does not say whom.
    expect(asks(undefined).sas.size).toBe(2);
  });

  test('who answers is told which keys the certificate of the peer may have', () => {
    const theirs = [round(['eap-tls'], { key: { t: 'cert', name: 'west' } })] as const;
    const spkisOf = (held: typeof theirs | undefined) => {
      const policy = { theirs: held ?? [round(['eap-tls'])] } as const;
      const { east } = up(ends({}, { proofs: { known: { '@west': [KEYS.ed25519] } }, policy }, 'eap-tls'));
      return east.questions.flatMap((asked) => (asked.t === 'eap' ? [asked.spkis] : []));
    };
    expect(spkisOf(theirs)[0]).toEqual([encodeSpki(KEYS.ed25519.public)]);
    expect(spkisOf(undefined)[0]).toBeUndefined();
  });

  test('a RADIUS class names the connection, among those that the peer may belong to', () => {
    const answers = toyEap({ classes: ['nowhere', 'two'] });
    const theirs = [round(['eap-radius'])] as const;
    const policies = [
      policyFor('east', { name: 'one', theirs }),
      policyFor('east', { name: 'two', theirs }),
      policyFor('east', { name: 'psk' }),
    ].map((policy) => ({ ...policy, ours: round1 }));
    const of = (classes: readonly string[]) => up(ends({}, { answers: toyEap({ classes }), policies }, 'eap'));
    expect(up(ends({}, { answers, policies }, 'eap')).east.sa.policy.name).toBe('two');
    // It is for peers with a secret.
    expect(of(['psk']).east.sa.policy.name).toBe('one');
    expect(of([]).east.sa.policy.name).toBe('one');
  });
});

const nobody = (): Reply => ({ t: 'none', why: 'nobody answers' });
const round1 = [round(['secret'])] as const;

describe('EAP alone proves both', () => {
  const only = (way: AuthWay): PairOptions =>
    ends({ policy: { theirs: [round([way])] } }, { policy: { ours: [round([way])] } }, way);
  const asks = 'IKE_AUTH { IDi, IDr, N(EAP_ONLY_AUTHENTICATION), SA, TSi, TSr } -->';

  test('with a method that does', () => {
    const { west } = up(only('eap-tls'), [...INIT, asks, '<-- IKE_AUTH { IDr, EAP }', ...EAP, ...EAP, ...PROOF]);
    expect(west.lines.join('\n')).toContain("authenticated peer using EAP-TOY and ID_FQDN '@east'");
    expect(west.questions[0]).toMatchObject({ ways: ['eap-tls'], peerId: Id.parse('@east') });
  });

  test.each(['eap-mschapv2', 'eap-md5'] as const)(
    'not with %s: it is not asked for, and the responder has no other',
    (way) => {
      refused(only(way), [...INIT, ASKS[0], REFUSED], /the peer does not ask for EAP alone/);
    },
  );

  test('not a responder whose last AUTH is from another key', () => {
    const { west, east, wire } = pair(only('eap-tls'));
    west.up();
    for (const line of [...INIT, asks, '<-- IKE_AUTH { IDr, EAP }', ...EAP, ...EAP, PROOF[0]]) wire.expect(line);
    // As if whoever is there had not been the end of the method.
    west.sa.handshake!.talk!.eap!.msk![0] ^= 1;
    for (const line of [PROOF[1], FAILED, ACK]) wire.expect(line);
    expectNothing(west);
    expectNothing(east);
    expect(west.plane.installed).toBe(0);
    expect(west.lines.join('\n')).toMatch(/'@east' failed authentication: its AUTH does not come from the key/);
  });

  test('not by success in place of a method: it is the answerer who knows, and he has no key', () => {
    const options = only('eap-tls');
    const toy = toyEap();
    const answers = (question: Parameters<typeof toy>[0]): Reply =>
      question.t === 'eap' ? { t: 'eap', packet: Uint8Array.of(3, 1, 0, 4), outcome: 'continue' } : early(question);
    const early = (question: Parameters<typeof toy>[0]): Reply => {
      const reply = toy(question);
      return reply.t === 'eap' && reply.outcome === 'success' ? { ...reply, msk: new Uint8Array() } : reply;
    };
    refused(
      { west: { ...options.west, answers }, east: { ...options.east, answers } },
      [...INIT, asks, '<-- IKE_AUTH { IDr, EAP }', FAILED, ACK],
      /makes no key, and nothing else proves the peer/,
    );
  });

  test('not where the method makes no key after all', () => {
    const options = only('eap-tls');
    const answers = toyEap({ hasNoKey: true });
    refused(
      { west: { ...options.west, answers }, east: { ...options.east, answers } },
      [...INIT, asks, '<-- IKE_AUTH { IDr, EAP }', ...EAP, EAP[0], REFUSED],
      /makes no key, and nothing else proves us/,
    );
  });

  test('the initiator that wants a proof of its own does not do without', () => {
    const options = only('eap-tls');
    refused(
      { ...options, west: { ...options.west, policy: { ours: [round(['eap-tls'])], theirs: [round(SIGNATURES)] } } },
      [...INIT, ASKS[0], REFUSED],
      /the peer does not ask for EAP alone/,
    );
  });

  test('a responder that answers EAP without having proven itself, though not asked to: not believed', () => {
    const made = pair(only('eap-tls'));
    const { west, wire } = made;
    west.up();
    for (const line of INIT) wire.expect(line);
    wire.expect(asks);
    west.sa.handshake!.talk!.eap = { ...west.sa.handshake!.talk!.eap!, isOnly: false };
    wire.expect('<-- IKE_AUTH { IDr, EAP }');
    wire.expect(FAILED);
    expect(
      west.ends
        .concat(made.east.ends)
        .map(({ text }) => text)
        .join(),
    ).toMatch(/AUTHENTICATION_FAILED/);
    expect(west.lines.join('\n')).toContain("peer ID_FQDN '@east' does not prove who it is");
  });
});
