import { beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { Endpoint } from '../../../src/net/endpoint.ts';
import { type Attribute, attribute, every, first } from '../../../src/services/radius/attributes.ts';
import {
  checkMessage,
  isSignedResponse,
  signMessage,
  signRequest,
  unsigned,
} from '../../../src/services/radius/authenticator.ts';
import { DynamicAuthorization, type Wanted } from '../../../src/services/radius/dae.ts';
import { CODES, type CodeName, decodePacket, encodePacket, type Packet } from '../../../src/services/radius/packet.ts';
import { Lan, SECRET } from './lan.ts';

const CLIENT = new Endpoint(Address.parse('192.0.2.10')!, 40_000);
const STRANGER = new Endpoint(Address.parse('192.0.2.66')!, 40_000);
const OTHER = Buffer.from('other');

let lan: Lan;
let dae: DynamicAuthorization;
let wanted: Wanted[];
let found = 1;
beforeEach(() => {
  lan = new Lan();
  lan.secrets.set('192.0.2.10', SECRET);
  lan.secrets.set('192.0.2.66', SECRET);
  wanted = [];
  found = 1;
  const disconnect = (one: Wanted) => {
    wanted.push(one);
    return found;
  };
  dae = new DynamicAuthorization({ clients: [CLIENT.address], nasIdentifier: 'gate', disconnect }, lan.ports);
});

const now = () => attribute('Event-Timestamp', Math.floor(lan.clock.wall() / 1000));
const JOE = attribute('User-Name', 'joe');

function request(attributes: readonly Attribute[], code: CodeName = 'Disconnect-Request', secret = SECRET): Uint8Array {
  const octets = encodePacket(code, 7, new Uint8Array(16), attributes)!;
  if (attributes[0]?.type === unsigned().type) signMessage(octets, secret);
  signRequest(octets, secret);
  return octets;
}

/** The answer and its Error-Cause; authentic, or it throws. */
function ask(
  octets: Uint8Array,
  from = CLIENT,
): { code: string; error: number | undefined; packet: Packet } | undefined {
  const answers: Uint8Array[] = [];
  dae.hear(octets, from, (answer) => answers.push(answer));
  expect(answers.length).toBeLessThan(2);
  if (answers.length === 0) return undefined;
  const packet = decodePacket(answers[0]);
  if ('malformed' in packet) throw new Error(packet.malformed);
  const authenticator = octets.subarray(4, 20);
  expect(isSignedResponse(packet, authenticator, SECRET)).toBe(true);
  expect(checkMessage(packet, authenticator, SECRET)).toBe('right');
  expect(packet.identifier).toBe(7);
  const code = Object.entries(CODES).find(([, number]) => number === packet.code)![0];
  return { code, error: first(packet.attributes, 'Error-Cause'), packet };
}

describe('Disconnect-Request', () => {
  test('ends the sessions that it names', () => {
    const answer = ask(
      request([
        unsigned(),
        JOE,
        now(),
        attribute('Acct-Session-Id', 'abc-1'),
        attribute('Calling-Station-Id', '198.51.100.7'),
        attribute('NAS-Identifier', 'gate'),
        attribute('NAS-IP-Address', Address.parse('192.0.2.1')!),
        attribute('NAS-Port-Id', 'road'),
        attribute('Proxy-State', Uint8Array.of(1, 2)),
        attribute('Proxy-State', Uint8Array.of(3)),
      ]),
    );
    expect(answer).toMatchObject({ code: 'Disconnect-ACK', error: undefined });
    expect(every(answer!.packet.attributes, 'Proxy-State')).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect(wanted).toMatchObject([{ id: 'abc-1', user: 'joe', conn: 'road', classes: [] }]);
    expect([`${wanted[0].peer}`, `${wanted[0].local}`]).toEqual(['198.51.100.7', '192.0.2.1']);
    expect(lan.log).toEqual([
      'info: RADIUS client 192.0.2.10 has 1 sessions ended (session abc-1, user joe, peer 198.51.100.7)',
    ]);
  });

  test('that fits none is told so', () => {
    found = 0;
    expect(ask(request([JOE, now()]))).toMatchObject({ code: 'Disconnect-NAK', error: 503 });
  });

  test('sent again is answered again, and done once', () => {
    const octets = request([JOE, now()]);
    const one = ask(octets);
    found = 0;
    lan.clock.advance(4000);
    expect(ask(octets)?.packet.octets).toEqual(one?.packet.octets);
    expect(wanted.length).toBe(1);
    expect(dae.counters).toMatchObject({ received: 2, acknowledged: 1, repeated: 1 });
  });

  test('overheard, and sent again from another port within the time, ends nothing more', () => {
    const octets = request([JOE, now()]);
    ask(octets);
    ask(octets, new Endpoint(CLIENT.address, 40_001));
    expect(wanted.length).toBe(1);
  });

  test('replayed when nobody remembers it any more is stale by then', () => {
    const octets = request([JOE, now()]);
    ask(octets);
    lan.clock.advance(601_000);
    expect(ask(octets)).toBeUndefined();
    expect(wanted.length).toBe(1);
    expect(dae.counters.stale).toBe(1);
  });

  test.each([-301, 301])('%i s from our time is not answered', (seconds) => {
    const at = attribute('Event-Timestamp', Math.floor(lan.clock.wall() / 1000) + seconds);
    expect(ask(request([JOE, at]))).toBeUndefined();
    expect(wanted).toEqual([]);
  });

  test.each<[string, () => readonly Attribute[], number]>([
    ['without a time', () => [JOE], 402],
    ['that names nobody', () => [now()], 402],
    ['that names all of ours', () => [now(), attribute('NAS-Identifier', 'gate')], 402],
    ['for another gateway', () => [JOE, now(), attribute('NAS-Identifier', 'gate2')], 403],
    ['with what we do not know', () => [JOE, now(), attribute('Service-Type', 8)], 401],
    ['with an address that is none', () => [now(), attribute('Calling-Station-Id', 'somewhere')], 407],
  ])('%s is refused', (_, attributes, error) => {
    expect(ask(request(attributes()))).toMatchObject({ code: 'Disconnect-NAK', error });
    expect(wanted).toEqual([]);
  });

  test('from a stranger, with another secret or with any bit changed is not answered', () => {
    const octets = request([JOE, now()]);
    expect(ask(octets, STRANGER)).toBeUndefined();
    expect(ask(request([JOE, now()], 'Disconnect-Request', OTHER))).toBeUndefined();
    for (let at = 0; at < octets.length; at++) {
      const one = octets.slice();
      one[at] ^= 0x04;
      expect(ask(one)).toBeUndefined();
    }
    expect(ask(octets.subarray(0, 19))).toBeUndefined();
    expect(wanted).toEqual([]);
  });

  test('with a Message-Authenticator that is wrong is not answered', () => {
    const octets = encodePacket('Disconnect-Request', 7, new Uint8Array(16), [unsigned(), JOE, now()])!;
    signRequest(octets, SECRET);
    expect(ask(octets)).toBeUndefined();
  });

  test('more of them than can be remembered are put off', () => {
    for (let i = 0; i < 1024; i++) ask(request([attribute('User-Name', `user ${i}`), now()]));
    expect(ask(request([JOE, now()]))).toMatchObject({ code: 'Disconnect-NAK', error: 506 });
    expect(wanted.length).toBe(1024);
    lan.clock.advance(600_000);
    expect(ask(request([JOE, now()]))).toMatchObject({ code: 'Disconnect-ACK' });
  });
});

test('CoA-Request is refused: nothing of a session can be changed', () =>
  expect(ask(request([JOE, now()], 'CoA-Request'))).toMatchObject({ code: 'CoA-NAK', error: 406 }));

test('other packets are not answered', () => expect(ask(request([JOE, now()], 'Accounting-Request'))).toBeUndefined());
