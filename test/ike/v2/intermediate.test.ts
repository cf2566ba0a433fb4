/** RFC 9242 and RFC 9370 §2.2: what goes on between IKE_SA_INIT and IKE_AUTH. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { groupByName } from '../../../src/ike/crypto/algorithms.ts';
import type { IkeKeys } from '../../../src/ike/crypto/keys.ts';
import { open } from '../../../src/ike/crypto/protect.ts';
import type { IkeSa } from '../../../src/ike/v2/ike-sa.ts';
import { decodeMessage, EXCHANGE, NOTIFY, type Payload, TRANSFORM } from '../../../src/ike/wire/index.ts';
import { expectAgreement, expectNothing, HANDSHAKE, type Pair, type PairOptions, pair } from './pair.ts';
import { proposals } from './policies.ts';
import { sendRequest, tampered, withPayload } from './tamper.ts';
import type { InFlight } from './wire.ts';

const ike = (text: string) => ({ ike: proposals('ike', text) });
const HYBRID = ike('aes_gcm256-sha2_256-dh31-mlkem768');
const SMALL = ike('aes_gcm256-sha2_256-dh31-mlkem512');
const [, , AUTH, AUTH_ANSWER] = HANDSHAKE;

const REQUEST = 'IKE_SA_INIT { SA, KE, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED) } -->';
const RESPONSE = '<-- IKE_SA_INIT { SA, KE, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED) }';
const MORE = 'IKE_INTERMEDIATE { KE } -->';
const MORE_ANSWER = '<-- IKE_INTERMEDIATE { KE }';

/** After IKE_SA_INIT. */
function started(options: PairOptions = { policy: SMALL }): Pair {
  const both = pair(options);
  both.west.up();
  both.wire.expect(REQUEST);
  both.wire.expect(RESPONSE);
  return both;
}

/** What comes of it at once, too. */
function deliver({ wire, clock }: Pair, ...pieces: readonly InFlight[]): void {
  for (const piece of pieces) wire.deliver(piece);
  clock.flush();
}

/** Both ends give up, and neither has ever installed anything. */
function expectFailure({ west, east, wire, clock }: Pair): void {
  wire.release();
  clock.advance(200_000);
  expectNothing(west);
  expectNothing(east);
  expect(west.plane.installed + east.plane.installed).toBe(0);
}

const chosen = (sa: IkeSa) => sa.suite?.additional?.map((group) => group.name);

describe('additional key exchanges', () => {
  test('one, in fragments both ways', () => {
    const { west, east, wire } = pair({ policy: HYBRID });
    west.up();
    wire.expect(REQUEST);
    wire.expect(RESPONSE);
    expect([west.sa.state, east.sa.state]).toEqual(['intermediateSent', 'intermediateAwaited']);
    wire.expect('IKE_INTERMEDIATE SKF(1/2) -->');
    wire.expect('IKE_INTERMEDIATE SKF(2/2) -->');
    expect(east.sa.state).toBe('initAnswered');
    wire.expect('<-- IKE_INTERMEDIATE { KE }');
    wire.expect(AUTH);
    wire.expect(AUTH_ANSWER);
    expectAgreement({ west, east });
    expect(west.plane.size).toBe(1);
    expect(west.lines.join('\n')).toContain('group=DH31+ML_KEM_768}');
  });

  test('ML-KEM-1024, whose key and whose ciphertext no packet has room for', () => {
    const { west, east, wire, clock } = started({ policy: ike('aes_gcm256-sha2_256-dh31-mlkem1024') });
    const pieces = [wire.hold('IKE_INTERMEDIATE SKF(1/2) -->'), wire.hold('IKE_INTERMEDIATE SKF(2/2) -->')];
    for (const n of [1, 1, 0]) wire.deliver(pieces[n]);
    clock.flush();
    wire.expect('<-- IKE_INTERMEDIATE SKF(1/2)');
    wire.expect('<-- IKE_INTERMEDIATE SKF(2/2)');
    wire.expect(AUTH);
    wire.expect(AUTH_ANSWER);
    expectAgreement({ west, east });
  });

  test('all seven, in their order, KEMs and groups', () => {
    const seven =
      'aes_gcm256-sha2_256-dh31-mlkem512-mlkem768-mlkem1024;addke4=dh19;addke5=dh20;addke6=dh21;addke7=dh14';
    const both = started({ policy: ike(seven) });
    both.wire.release();
    both.clock.advance(100);
    expectAgreement(both);
    const names = ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024', 'DH19', 'DH20', 'DH21', 'MODP2048'];
    expect([chosen(both.west.sa), chosen(both.east.sa)]).toEqual([names, names]);
    expect(both.east.jobs).toEqual(new Array(8).fill('ike.keys'));
  });

  test.each([
    ['-mlkem512-mlkem768', '-mlkem768-mlkem512', undefined],
    ['-mlkem512', '', undefined],
    ['', '-mlkem512', undefined],
    [';addke1=mlkem512+none', '', []],
    ['', ';addke1=mlkem512+none', []],
    [';addke1=mlkem512+mlkem768', ';addke1=mlkem768', ['ML_KEM_768']],
    [';addke1=mlkem512+mlkem768', ';addke1=mlkem768+mlkem512', ['ML_KEM_512']],
    [';addke2=mlkem768', ';addke1=mlkem512+none;addke2=mlkem768', ['ML_KEM_768']],
    [';addke1=mlkem512+none;addke2=mlkem768', ';addke2=mlkem768', ['ML_KEM_768']],
    [';addke1=mlkem512+none;addke2=mlkem768+none;addke3=dh19', ';addke2=mlkem768;addke3=dh19', ['ML_KEM_768', 'DH19']],
    [';addke2=mlkem768;addke3=dh19', ';addke1=mlkem512+none;addke2=mlkem768+none;addke3=dh19', ['ML_KEM_768', 'DH19']],
    [';addke1=mlkem512;addke2=mlkem512+dh19', ';addke1=mlkem512;addke2=dh19+mlkem512', ['ML_KEM_512', 'DH19']],
  ] as const)('%s meets %s: %s', (ours, theirs, agreed) => {
    const all = (more: string) => proposals('ike', `aes_gcm256-sha2_256-dh31${more}`);
    const both = pair({ west: { policy: { ike: all(ours) } }, east: { policy: { ike: all(theirs) } } });
    both.west.up();
    both.wire.release();
    both.clock.advance(1_000);
    if (!agreed) {
      expectNothing(both.east);
      return expect(both.east.ends[0].text).toContain('no proposal in common');
    }
    expectAgreement(both);
    return expect(chosen(both.west.sa) ?? []).toEqual(agreed);
  });

  test('offered without IKE_INTERMEDIATE: refused, since they could not take place', () => {
    const both = pair({ policy: SMALL });
    both.west.up();
    const without = withPayload('N', (p) =>
      p.type === 'N' && p.notify === NOTIFY.INTERMEDIATE_EXCHANGE_SUPPORTED ? [] : [p],
    );
    const request = both.wire.hold(REQUEST);
    deliver(both, tampered(both.west, request, without));
    both.wire.expect('<-- IKE_SA_INIT { N(NO_PROPOSAL_CHOSEN) }');
    expectNothing(both.east);
  });

  test.each<[string, (p: Payload) => Payload[]]>([
    ['what we have not offered', (p) => [withAdditional(p, [{ type: TRANSFORM.ADDKE1, id: 37 }])]],
    ['one more than we have offered', (p) => [withAdditional(p, [...KEM_512, { type: TRANSFORM.ADDKE1 + 1, id: 36 }])]],
    ['another place', (p) => [withAdditional(p, [{ type: TRANSFORM.ADDKE1 + 1, id: 35 }])]],
    ['none, where we insist on one', (p) => [withAdditional(p, [])]],
    ['NONE, where we insist on one', (p) => [withAdditional(p, [{ type: TRANSFORM.ADDKE1, id: 0 }])]],
    ['two at one place', (p) => [withAdditional(p, [...KEM_512, ...KEM_512])]],
  ])('an answer with %s is ignored, and the true one taken', (_, change) => {
    const both = pair({ policy: SMALL });
    both.west.up();
    both.wire.expect(REQUEST);
    const answer = both.wire.hold(RESPONSE);
    deliver(both, tampered(both.east, answer, withPayload('SA', change)));
    expect(both.west.sa.state).toBe('initSent');
    deliver(both, answer);
    both.wire.release();
    both.clock.advance(1_000);
    expectAgreement(both);
    expect(both.west.plane.size).toBe(1);
  });

  test('a downgrade by who is in between ends in AUTH', () => {
    const policy = ike('aes_gcm256-sha2_256;dh31;addke1=mlkem512+none');
    const both = pair({ policy });
    both.west.up();
    const request = both.wire.hold(REQUEST);
    deliver(
      both,
      tampered(
        both.west,
        request,
        withPayload('SA', (p) => [withAdditional(p, [{ type: TRANSFORM.ADDKE1, id: 0 }])]),
      ),
    );
    both.wire.expect(RESPONSE);
    both.wire.expect('IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->');
    both.wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    expectFailure(both);
    expect(both.east.lines.join('\n')).toContain('AUTH mismatch');
  });
});

const KEM_512 = [{ type: TRANSFORM.ADDKE1, id: 35 }];

/** An SA payload whose proposals have these additional key exchanges, and no others. */
function withAdditional(payload: Payload, more: readonly { readonly type: number; readonly id: number }[]): Payload {
  if (payload.type !== 'SA') return payload;
  const rest = payload.proposals.map((p) => ({
    ...p,
    transforms: [...p.transforms.filter(({ type }) => type < TRANSFORM.ADDKE1), ...more],
  }));
  return { ...payload, proposals: rest };
}

describe('the peer has the keys, and breaks the rules', () => {
  const garbled = (octets: number): ((p: Payload) => Payload[]) => {
    return (p) => (p.type === 'KE' ? [{ ...p, data: new Uint8Array(octets).fill(255) }] : [p]);
  };
  const KEM = groupByName('mlkem512')!;

  test.each<[string, (p: Payload) => Payload[]]>([
    ['of another group', (p) => (p.type === 'KE' ? [{ ...p, group: 36 }] : [p])],
    ['with an octet too few', garbled(KEM.publicOctets - 1)],
    ['with an octet too many', garbled(KEM.publicOctets + 1)],
    ['whose coefficients are not below q', garbled(KEM.publicOctets)],
  ])('a key %s is refused', (_, change) => {
    const both = started();
    const request = both.wire.hold(MORE);
    deliver(both, tampered(both.west, request, withPayload('KE', change)));
    expectNothing(both.east);
    expectFailure(both);
  });

  test.each<[string, (p: Payload) => Payload[]]>([
    ['of another group', (p) => (p.type === 'KE' ? [{ ...p, group: 36 }] : [p])],
    ['with an octet too few', garbled(KEM.answerOctets - 1)],
    ['that is not there', () => []],
  ])('an answer %s is refused', (_, change) => {
    const both = started();
    both.wire.expect(MORE);
    const answer = both.wire.hold(MORE_ANSWER);
    deliver(both, tampered(both.east, answer, withPayload('KE', change)));
    if (both.west.sas.size > 0) expect(both.west.sa.state).not.toBe('authSent');
    expectFailure(both);
  });

  test('a ciphertext that is not its own leads to keys that nobody shares', () => {
    const both = started();
    both.wire.expect(MORE);
    const answer = both.wire.hold(MORE_ANSWER);
    deliver(both, tampered(both.east, answer, withPayload('KE', garbled(KEM.answerOctets))));
    expectFailure(both);
  });

  test('whatever else is changed in a message, either way, AUTH tells', () => {
    const more: Payload = { type: 'V', critical: false, data: new Uint8Array(8) };
    for (const isRequest of [true, false]) {
      const both = started();
      const request = both.wire.hold(MORE);
      deliver(both, isRequest ? tampered(both.west, request, (all) => [...all, more]) : request);
      const answer = both.wire.hold(MORE_ANSWER);
      deliver(both, isRequest ? answer : tampered(both.east, answer, (all) => [...all, more]));
      both.wire.expect(AUTH);
      both.wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
      expect(both.east.lines.join('\n')).toContain('AUTH mismatch');
      expectFailure(both);
    }
  });

  test('IKE_AUTH before its time: no row takes it, and the SA is gone', () => {
    const both = started();
    both.wire.lose(MORE);
    both.west.sa.nextRequestId = 1;
    sendRequest(both.wire, both.west, EXCHANGE.IKE_AUTH, []);
    both.wire.expect('forged -->');
    expectNothing(both.east);
    expectFailure(both);
  });

  test('one that was not agreed on, and one too many: refused', () => {
    const without = pair();
    without.west.up();
    without.wire.expect(HANDSHAKE[0]);
    without.wire.expect(HANDSHAKE[1]);
    without.wire.lose(AUTH);
    without.west.sa.nextRequestId = 1;
    sendRequest(without.wire, without.west, EXCHANGE.IKE_INTERMEDIATE, []);
    without.wire.expect('forged -->');
    expectNothing(without.east);

    const many = started();
    many.wire.lose(MORE);
    many.west.sa.nextRequestId = 1;
    for (let i = 0; i < 8; i++) {
      sendRequest(many.wire, many.west, EXCHANGE.IKE_INTERMEDIATE, []);
      many.wire.expect('forged -->');
      many.wire.lose('<-- IKE_INTERMEDIATE { }');
      expect(many.east.sa.state, 'still waits for the key').toBe('intermediateAwaited');
    }
    sendRequest(many.wire, many.west, EXCHANGE.IKE_INTERMEDIATE, []);
    many.wire.expect('forged -->');
    expectNothing(many.east);
  });
});

describe('loss, repetition, failure', () => {
  test('an answer that is lost comes again, under the keys that the request came with', () => {
    const both = started();
    both.wire.expect(MORE);
    const lost = both.wire.lose(MORE_ANSWER);
    both.clock.advance(500);
    const again = both.wire.expect(MORE);
    expect(Buffer.compare(both.wire.expect(MORE_ANSWER).bytes, lost.bytes)).toBe(0);
    deliver(both, again);
    expect(both.east.jobs, 'no second key for a repetition').toEqual(['ike.keys', 'ike.keys']);
    both.wire.release();
    both.clock.advance(100);
    expectAgreement(both);
    expect(both.west.plane.size).toBe(1);
  });

  test('with nobody at the other end any more, both give up', () => {
    const both = started();
    both.wire.isCut = true;
    expectFailure(both);
    expect(both.west.ends).toMatchObject([{ why: 'timeout' }]);
    expect(both.east.ends).toMatchObject([{ why: 'timeout', text: 'half-open IKE SA timed out' }]);
  });

  test.each([
    ['west', 'ke.make'],
    ['west', 'ike.keys'],
    ['east', 'ike.keys'],
  ] as const)("%s's helper that fails at %s leaves nothing behind", (end, op) => {
    const both = pair({ policy: SMALL, west: { jobMs: 5 }, east: { jobMs: 5 } });
    both.west.up();
    both.clock.advance(5);
    both.wire.expect(REQUEST);
    both.clock.advance(5);
    both[end].failJobs = op;
    both.wire.release();
    both.clock.advance(100);
    expectFailure(both);
  });

  test('secrets are zeros once they are used', () => {
    const both = started();
    const { mixing } = both.west.sa.handshake!;
    const secret = mixing!.private;
    const [first, theirFirst] = [both.west.sa.keys!.skEi, both.east.sa.keys!.skEi];
    expect([secret, first, theirFirst].every((s) => s.some((octet) => octet !== 0))).toBe(true);
    both.wire.release();
    both.clock.advance(100);
    for (const used of [secret, first, theirFirst]) expect(used.every((octet) => octet === 0)).toBe(true);
    expect([both.west.sa.handshake, both.east.sa.handshake]).toEqual([undefined, undefined]);
  });
});

describe('IntAuth is what RFC 9242 §3.3.2 says', () => {
  test.each([
    ['one exchange', 'aes_gcm256-sha2_256-dh31-mlkem512'],
    ['two, and one in fragments both ways', 'aes_gcm256-sha2_256-dh31-mlkem512-mlkem1024'],
    ['CBC, with padding that is not covered', 'aes256-sha2_256-dh31-mlkem1024-mlkem512'],
  ])('%s', (_, text) => {
    const both = pair({ policy: ike(text) });
    const { west, east, wire } = both;
    west.up();
    wire.expect(REQUEST);
    wire.expect(RESPONSE);
    let [intAuthI, intAuthR] = [Buffer.alloc(0), Buffer.alloc(0)];
    const exchanges = text.split('mlkem').length - 1;
    for (let i = 0; i < exchanges; i++) {
      const keys = [...west.sas.values()][0].keys!;
      const request = allHeld(wire.sent, true);
      intAuthI = hmac(keys.skPi, intAuthI, ...covered(west.sa, keys, request));
      deliver(both, ...request);
      const answer = allHeld(wire.sent, false);
      intAuthR = hmac(keys.skPr, intAuthR, ...covered(west.sa, keys, answer));
      deliver(both, ...answer);
    }
    const messageId = Buffer.of(0, 0, 0, exchanges + 1);
    const expected = Buffer.concat([intAuthI, intAuthR, messageId]).toString('hex');
    expect(west.sa.state).toBe('authSent');
    expect(Buffer.from(west.sa.handshake!.intAuth!).toString('hex')).toBe(expected);
    expect(Buffer.from(east.sa.handshake!.intAuth!).toString('hex')).toBe(expected);
  });

  const hmac = (key: Uint8Array, ...data: Uint8Array[]) =>
    createHmac('sha256', key).update(Buffer.concat(data)).digest();

  /** The datagrams of the last message from one end. */
  function allHeld(sent: readonly InFlight[], isFromWest: boolean): readonly InFlight[] {
    const last = sent.findLast((d) => d.isFromWest === isFromWest)!;
    const id = last.bytes[23];
    return sent.filter((d) => d.isFromWest === isFromWest && d.bytes[23] === id && d.bytes[18] === 43);
  }

  /** A | P: the header and that of SK, with lengths as if nothing were encrypted or in pieces; and the inner payloads. */
  function covered(sa: IkeSa, keys: IkeKeys, pieces: readonly InFlight[]): readonly Uint8Array[] {
    let first = 0;
    const plain = pieces.map(({ bytes, isFromWest }) => {
      const decoded = decodeMessage(bytes);
      const envelope = decoded.ok ? decoded.value.payloads.at(-1) : undefined;
      if (envelope?.type !== 'SK' && envelope?.type !== 'SKF') throw new Error('not encrypted');
      first ||= envelope.nextPayload;
      const [encr, integ] = isFromWest ? [keys.skEi, keys.skAi] : [keys.skEr, keys.skAr];
      const opened = open(sa.suite!, encr, integ, bytes, envelope.aadOctets);
      if (!opened.ok) throw new Error(opened.why);
      return opened.plaintext;
    });
    const inner = Buffer.concat(plain);
    const header = Buffer.from(pieces[0].bytes.subarray(0, 28));
    header[16] = 46;
    header.writeUInt32BE(28 + 4 + inner.length, 24);
    return [header, Buffer.of(first, 0, (4 + inner.length) >> 8, (4 + inner.length) & 255), inner];
  }
});
