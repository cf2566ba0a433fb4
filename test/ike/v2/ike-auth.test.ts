/** IKE_AUTH: who may speak, and the first Child SA. RFC 7296 §1.2, §2.4, §2.9, §2.15, §2.21.2. */
import { describe, expect, test } from 'vitest';
import { openMessage } from '../../../src/ike/v2/channel.ts';
import { notification, Turn } from '../../../src/ike/v2/turn.ts';
import { decodeMessage, NOTIFY } from '../../../src/ike/wire/index.ts';
import { Id } from '../../../src/net/id.ts';
import { expectAgreement, expectNothing, HANDSHAKE, type PairOptions, pair, upPair } from './pair.ts';
import { policyFor, proposals, selectors } from './policies.ts';

const AUTH = HANDSHAKE[2];
const GRANTED = HANDSHAKE[3];

/** Up to the request of IKE_AUTH, which is still on the way. */
function atAuth(options: PairOptions = {}) {
  const both = pair(options);
  both.west.up();
  both.wire.expect(HANDSHAKE[0]);
  both.wire.expect(HANDSHAKE[1]);
  return both;
}

describe('who the peer is', () => {
  test('another secret: refused, nothing installed, no key left at either end', () => {
    const { west, east, wire, clock } = atAuth({ east: { psk: 'shark' } });
    const keys = [west.sa.keys!, east.sa.keys!];
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    wire.expectSilence();
    expectNothing(west);
    expectNothing(east);
    expect(west.plane.installed + east.plane.installed).toBe(0);
    for (const { skD, skEi } of keys) expect([...skD, ...skEi].every((octet) => octet === 0)).toBe(true);
    expect(west.ends[0].why).toBe('refused');
    expect(west.downs).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('no secret for this pair of identities: refused', () => {
    const { west, east, wire } = atAuth({ east: { psk: (_, remote) => (`${remote}` === '@west' ? undefined : 'x') } });
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    expectNothing(west);
    expectNothing(east);
  });

  test('an identity that no connection names: refused', () => {
    const { west, east, wire } = atAuth({ west: { policy: { localId: Id.parse('@mallory')! } } });
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    expectNothing(west);
    expectNothing(east);
  });

  test('an IDr that nobody is here: refused', () => {
    const { west, east, wire } = atAuth({ west: { policy: { remoteId: Id.parse('@weast')! } } });
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    expectNothing(west);
    expectNothing(east);
  });

  test('a responder that is somebody else is told so until it answers, and both ends forget', () => {
    const { west, east, wire, clock } = atAuth({
      west: { policy: { remoteId: undefined }, psk: (_, remote) => (`${remote}` === '@east' ? 'shark' : 'swordfish') },
    });
    wire.expect('IKE_AUTH { IDi, AUTH, SA, TSi, TSr } -->');
    wire.expect(GRANTED);
    wire.lose('INFORMATIONAL { N(AUTHENTICATION_FAILED), D } -->');
    expect(west.sa.state).toBe('deleting');
    expect(west.plane.size).toBe(0);
    clock.advance(500);
    wire.expect('INFORMATIONAL { N(AUTHENTICATION_FAILED), D } -->');
    wire.expect('<-- INFORMATIONAL { }');
    expectNothing(west);
    expectNothing(east);
    expect(west.ends[0].why).toBe('refused');
  });

  test('without remoteId any identity with a secret will do', () => {
    const { west, wire } = atAuth({ west: { policy: { remoteId: undefined } } });
    wire.expect('IKE_AUTH { IDi, AUTH, SA, TSi, TSr } -->');
    wire.expect(GRANTED);
    expect(`${west.sa.peerId}`).toBe('@east');
  });

  test('a template becomes an instance for the peer that proved itself, and not before', () => {
    const { east, wire } = atAuth({ east: { policy: { remoteHost: undefined, remoteId: undefined } } });
    expect(east.sa.policy.instance).toBeUndefined();
    wire.expect(AUTH);
    expect(east.sa.policy).toMatchObject({ instance: 1 });
    expect(`${east.sa.policy.remoteId}`).toBe('@west');
  });

  test('the connection that names the peer beats the one that takes anybody', () => {
    const anybody = policyFor('east', { name: 'any', remoteHost: undefined, remoteId: undefined });
    const { east, wire } = atAuth({ east: { policies: [anybody, policyFor('east')] } });
    wire.expect(AUTH);
    expect(east.sa.policy.name).toBe('w-e');
  });
});

test('INITIAL_CONTACT of a peer that was born again ends the SA of its former life', () => {
  const { west, east, wire } = pair({ policy: { initialContact: true } });
  const lines = HANDSHAKE.with(2, 'IKE_AUTH { IDi, N(INITIAL_CONTACT), IDr, AUTH, SA, TSi, TSr } -->');
  west.up();
  for (const line of lines) wire.expect(line);
  west.sas.clear();
  west.up();
  for (const line of lines) wire.expect(line);
  expect(east.sas.size).toBe(1);
  expect(east.plane.size).toBe(1);
  expect(east.ends[0].why).toBe('replaced');
});

describe('the first Child SA', () => {
  test('selectors that do not meet: the IKE SA stands, without a child', () => {
    const { west, east, wire } = atAuth({ west: { policy: { child: { remote: selectors('10.9.0.0/24') } } } });
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { IDr, AUTH, N(TS_UNACCEPTABLE) }');
    wire.expectSilence();
    expect([west.sa.state, east.sa.state]).toEqual(['established', 'established']);
    expect(west.plane.size + east.plane.size).toBe(0);
    expect(west.downs).toMatchObject([{ why: 'refused' }]);
  });

  test('no ESP proposal in common: the same', () => {
    const { west, wire } = atAuth({ east: { policy: { child: { proposals: proposals('esp', 'aes128-sha2_512') } } } });
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { IDr, AUTH, N(NO_PROPOSAL_CHOSEN) }');
    expect(west.sa.state).toBe('established');
    expect(west.plane.size).toBe(0);
  });

  test('a data plane without an SPI to give: the same', () => {
    const { west, east, wire } = atAuth();
    east.refuseChildSpi = 'ENOMEM';
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { IDr, AUTH, N(NO_PROPOSAL_CHOSEN) }');
    expect(west.sa.state).toBe('established');
    expect(west.plane.size + east.plane.size).toBe(0);
  });

  test('narrowing=yes at the responder gives what both allow', () => {
    const { west, east } = upPair({
      west: { policy: { child: { remote: selectors('10.0.0.0/16'), narrowing: true } } },
      east: { policy: { child: { narrowing: true } } },
    });
    expect(west.plane.all()[0].selectorsRemote.join()).toBe('10.0.2.0/24');
    expect(east.plane.all()[0].selectorsLocal.join()).toBe('10.0.2.0/24');
  });

  test('an initiator that does not narrow refuses less than it asked for, and has it deleted', () => {
    const { west, east, wire } = atAuth({
      west: { policy: { child: { remote: selectors('10.0.0.0/16') } } },
      east: { policy: { child: { narrowing: true } } },
    });
    wire.expect(AUTH);
    expect(east.plane.size).toBe(1);
    wire.expect(GRANTED);
    wire.expect('INFORMATIONAL { D } -->');
    wire.expect('<-- INFORMATIONAL { D }');
    expect([west.plane.size, east.plane.size]).toEqual([0, 0]);
    expectAgreement({ west, east });
  });

  test('a responder that does not narrow grants all of its policy or nothing', () => {
    const { east, wire } = atAuth({
      west: { policy: { child: { remote: selectors('10.0.2.0/25'), narrowing: true } } },
    });
    wire.expect(AUTH);
    wire.expect('<-- IKE_AUTH { IDr, AUTH, N(TS_UNACCEPTABLE) }');
    expect(east.plane.size).toBe(0);
  });

  test('transport mode where both want it, and a refusal where only one does', () => {
    const child = { mode: 'transport', local: selectors('192.0.2.1'), remote: selectors('192.0.2.2') } as const;
    const mirror = { mode: 'transport', local: selectors('192.0.2.2'), remote: selectors('192.0.2.1') } as const;
    const agreed = atAuth({ west: { policy: { child } }, east: { policy: { child: mirror } } });
    agreed.wire.expect('IKE_AUTH { IDi, IDr, AUTH, N(USE_TRANSPORT_MODE), SA, TSi, TSr } -->');
    agreed.wire.expect('<-- IKE_AUTH { IDr, AUTH, N(USE_TRANSPORT_MODE), SA, TSi, TSr }');
    expect(agreed.east.plane.all()[0].mode).toBe('transport');
    expectAgreement(agreed);
    const refused = atAuth({ west: { policy: { child } }, east: { policy: { child: { ...mirror, mode: 'tunnel' } } } });
    refused.wire.expect('IKE_AUTH { IDi, IDr, AUTH, N(USE_TRANSPORT_MODE), SA, TSi, TSr } -->');
    refused.wire.expect(GRANTED);
    refused.wire.expect('INFORMATIONAL { D } -->');
    refused.wire.expect('<-- INFORMATIONAL { D }');
    expect([refused.west.plane.size, refused.east.plane.size]).toEqual([0, 0]);
  });

  test('extended sequence numbers: yes with either, and never yes with no', () => {
    const agreed = upPair({
      west: { policy: { child: { esn: 'either' } } },
      east: { policy: { child: { esn: 'yes' } } },
    });
    expect(agreed.west.plane.all()[0].suite.esn).toBe(true);
    const refused = atAuth({ west: { policy: { child: { esn: 'no' } } }, east: { policy: { child: { esn: 'yes' } } } });
    refused.wire.expect(AUTH);
    refused.wire.expect('<-- IKE_AUTH { IDr, AUTH, N(NO_PROPOSAL_CHOSEN) }');
  });

  test('AH, and every cipher that a Child SA may have, with the same keys at both ends', () => {
    upPair({ policy: { child: { proposals: proposals('ah', 'sha2_256') } } });
    for (const text of ['aes128-sha2_256', 'aes_gcm128', 'chacha20_poly1305', '3des-sha1', 'aes_ctr256-sha2_512'])
      upPair({ policy: { child: { proposals: proposals('esp', text) } } });
  });

  test('every kind of IKE cipher carries the exchange', () => {
    for (const text of [
      'aes256-sha2_512-dh31',
      'aes_gcm128-sha2_384-dh19',
      'chacha20_poly1305-sha2_256-dh31',
      '3des-sha1-dh31',
      'aes_ctr256-sha2_256-dh20',
      'aes_ccm256-sha2_256-dh31',
    ])
      upPair({ policy: { ike: proposals('ike', text) } });
  });
});

describe('what goes wrong on the way', () => {
  test.each(['SA', 'TSi', 'TSr'])('an answer with a notification in place of its %s is one without a child', (type) => {
    const { west, east, wire } = atAuth();
    wire.expect(AUTH);
    const grant = wire.hold(GRANTED);
    const decoded = decodeMessage(grant.bytes);
    const opened = decoded.ok && openMessage(west.sa, decoded.value, grant.bytes);
    if (!decoded.ok || !opened || opened.t !== 'payloads') throw new Error('no answer');
    const turn = new Turn(east.sa, east.env);
    const message = { ...decoded.value, bytes: grant.bytes, local: east.sa.local, peer: east.sa.peer };
    const odd = [...opened.payloads.filter((p) => p.type !== type), notification(NOTIFY.TS_UNACCEPTABLE)];
    turn.respond(message, odd);
    const [out] = turn.outs;
    if (out.t === 'send') wire.deliver({ ...grant, bytes: out.bytes });
    expect(west.sa.state).toBe('established');
    expect(west.plane.size).toBe(0);
  });

  test('a lost answer is asked for again, and given in the same octets', () => {
    const { west, east, wire, clock } = atAuth();
    wire.expect(AUTH);
    const answer = wire.lose(GRANTED);
    clock.advance(500);
    wire.expect(AUTH);
    expect(Buffer.compare(wire.expect(GRANTED).bytes, answer.bytes)).toBe(0);
    expect(east.plane.installed).toBe(1);
    expectAgreement({ west, east });
  });

  test("the responder's own request before its answer has arrived is left for later, and harms nothing", () => {
    const { west, east, wire, clock } = atAuth();
    wire.expect(AUTH);
    const answer = wire.hold(GRANTED);
    east.command({ t: 'rekeyChild', serial: east.sa.children[0].serial });
    wire.expect('<-- CREATE_CHILD_SA { N(REKEY_SA), SA, Ni, KE, TSi, TSr }');
    expect(west.sa.state).toBe('authSent');
    wire.deliver(answer);
    clock.advance(500);
    wire.release();
    clock.advance(1_000);
    expect(west.plane.size).toBe(1);
    expectAgreement({ west, east });
  });

  test('told to go while IKE_AUTH is on the way, the initiator waits for the answer and deletes', () => {
    const { west, east, wire } = atAuth();
    west.command({ t: 'deleteIke', why: 'told' }, [...west.sas.values()][0]);
    wire.expect(AUTH);
    wire.expect(GRANTED);
    wire.expect('INFORMATIONAL { D } -->');
    wire.expect('<-- INFORMATIONAL { }');
    expectNothing(west);
    expectNothing(east);
    expect(west.ends[0].why).toBe('asked');
  });

  test('and for no longer than a farewell may take', () => {
    const { west, wire, clock } = atAuth();
    wire.isCut = true;
    west.command({ t: 'deleteIke', why: 'told' }, [...west.sas.values()][0]);
    clock.advance(4_999);
    expect(west.sas.size).toBe(1);
    clock.advance(1);
    expectNothing(west);
    expect(west.ends[0].why).toBe('asked');
  });

  test('a helper that fails ends the attempt cleanly', () => {
    for (const op of ['ke.make', 'ike.keys'] as const) {
      const { west, east, wire, clock } = pair();
      west.failJobs = op;
      west.up();
      wire.release();
      clock.advance(61_000);
      expectNothing(west);
      expectNothing(east);
      expect(clock.pending).toBe(0);
    }
  });
});
