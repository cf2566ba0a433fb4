import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { ID_TYPES, Id } from '../../../src/net/id.ts';
import type { EapConversation, EapReply } from '../../../src/services/eap/backend.ts';
import { type Attribute, attribute, every, first } from '../../../src/services/radius/attributes.ts';
import { classOctets, classText } from '../../../src/services/radius/class-text.ts';
import { RadiusEap } from '../../../src/services/radius/eap.ts';
import { mskOf } from '../../../src/services/radius/mppe.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/services/radius/packet.ts';
import { demandMessageAuthenticator, Lan, type Request, SECRET } from './lan.ts';

const hex = (octets: Uint8Array | undefined) => octets && Buffer.from(octets).toString('hex');
const octets = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const packetOf = (code: number, id: number, rest: Uint8Array) =>
  Uint8Array.from([code, id, 0, 4 + rest.length, ...rest]);
const identity = (name: string, id = 0) => packetOf(2, id, Uint8Array.from([1, ...Buffer.from(name)]));
const eap = (...all: readonly Uint8Array[]) => all.map((value) => attribute('EAP-Message', value));

/** RFC 2548 §2.4.2 from the server's side. */
function salted(type: number, key: Uint8Array, request: Uint8Array): Attribute {
  const plain = Buffer.alloc(Math.ceil((key.length + 1) / 16) * 16);
  plain[0] = key.length;
  plain.set(key, 1);
  const salt = Uint8Array.of(0x80, type);
  const cipher: number[] = [];
  for (let at = 0; at < plain.length; at += 16) {
    const before = at === 0 ? Buffer.concat([request, salt]) : Uint8Array.from(cipher.slice(-16));
    const pad = createHash('md5').update(SECRET).update(before).digest();
    cipher.push(...plain.subarray(at, at + 16).map((octet, i) => octet ^ pad[i]));
  }
  const value = Uint8Array.from([0, 0, 1, 0x37, type, 2 + 2 + cipher.length, ...salt, ...cipher]);
  return attribute('Vendor-Specific', value);
}
const keys = ({ packet }: Request, recv = new Uint8Array(32).fill(0x11), send = new Uint8Array(32).fill(0x22)) => [
  salted(17, recv, packet.authenticator),
  salted(16, send, packet.authenticator),
];

let lan: Lan;
let conversation: EapConversation;
beforeEach(() => {
  lan = new Lan();
  lan.clock.settle();
  conversation = open();
});

function open(): EapConversation {
  return new RadiusEap({ client: lan.client(), nasIdentifier: 'gate' }).open({
    t: 'eap',
    session: 7,
    ways: ['eap-radius'],
    peerId: new Id(ID_TYPES.ID_FQDN, Buffer.from('joe')),
    localId: new Id(ID_TYPES.ID_FQDN, Buffer.from('gate')),
    peer: Address.parse('198.51.100.7')!,
    local: Address.parse('2001:db8::1')!,
    conn: 'road',
    packet: undefined,
  });
}

function next(packet: Uint8Array | undefined): Promise<EapReply> {
  const reply = conversation.next(packet);
  lan.clock.settle();
  return reply;
}

describe('a user of RADIUS', () => {
  test('is asked for a name, then what the server wants to know, and is let in with keys', async () => {
    const challenge = packetOf(1, 9, Uint8Array.from([26, 1, 2, 3]));
    lan.onRequest = (request) => {
      demandMessageAuthenticator(request);
      const { attributes } = request.packet;
      if (!first(attributes, 'State'))
        return request.reply('Access-Challenge', [...eap(challenge), attribute('State', octets('0102 ff'))]);
      expect(hex(first(attributes, 'State'))).toBe('0102ff');
      request.reply('Access-Accept', [
        ...keys(request),
        ...eap(octets('03 0a 0004')),
        attribute('User-Name', 'joseph'),
        attribute('Class', Buffer.from('staff')),
        attribute('Class', octets('00ff')),
        attribute('Session-Timeout', 3600),
        attribute('Framed-IP-Address', Address.parse('10.9.0.77')!),
        attribute('Framed-IPv6-Address', Address.parse('2001:db8:9::77')!),
      ]);
    };
    expect(await next(undefined)).toEqual({ t: 'eap', packet: octets('01 00 0005 01'), outcome: 'continue' });
    expect(await next(identity('joe'))).toEqual({ t: 'eap', packet: challenge, outcome: 'continue' });
    const answer = packetOf(2, 9, Uint8Array.from([26, 4]));
    expect(await next(answer)).toEqual({
      t: 'eap',
      packet: octets('03 0a 0004'),
      outcome: 'success',
      msk: Uint8Array.from([...new Uint8Array(32).fill(0x11), ...new Uint8Array(32).fill(0x22)]),
      method: 'EAP-MSCHAPv2',
      user: 'joseph',
      classes: ['staff', '0x00ff'],
      lasts: 3_600_000,
      addresses: ['10.9.0.77', '2001:db8:9::77'].map((text) => Address.parse(text)),
    });
    const [one, two] = lan.requests.map(({ packet }) => packet.attributes);
    expect(first(one, 'User-Name')).toBe('joe');
    expect(hex(first(two, 'EAP-Message'))).toBe(hex(answer));
    for (const all of [one, two]) {
      expect(first(all, 'NAS-Identifier')).toBe('gate');
      expect(`${first(all, 'NAS-IPv6-Address')}`).toBe('2001:db8::1');
      expect(first(all, 'NAS-Port-Type')).toBe(5);
      expect(first(all, 'NAS-Port-Id')).toBe('road');
      expect(first(all, 'Calling-Station-Id')).toBe('198.51.100.7');
      expect(first(all, 'Called-Station-Id')).toBe('2001:db8::1');
    }
  });

  test('is refused in the server’s words', async () => {
    lan.onRequest = ({ reply }) =>
      reply('Access-Reject', [...eap(octets('04 00 0004')), attribute('Reply-Message', 'not before nine')]);
    expect(await next(identity('joe'))).toEqual({
      t: 'eap',
      packet: octets('04 00 0004'),
      outcome: 'failure',
      why: 'the RADIUS server refuses: not before nine',
    });
  });

  test('long packets go in pieces, both ways', async () => {
    const large = Uint8Array.from([1, 1, 0x04, 0x00, 13, ...new Uint8Array(1019).fill(0x55)]);
    lan.onRequest = ({ reply, packet }) => {
      if (lan.requests.length === 2)
        expect(every(packet.attributes, 'EAP-Message').map(({ length }) => length)).toEqual([253, 253, 253, 253, 12]);
      const parts = [0, 250, 500, 750, 1000].map((at) => large.subarray(at, Math.min(at + 250, 1024)));
      reply('Access-Challenge', eap(...parts));
    };
    expect((await next(identity('joe'))).packet).toEqual(large);
    const answer = large.slice();
    answer[0] = 2;
    expect((await next(answer)).packet).toEqual(large);
  });

  test('of a server that makes no keys, has none', async () => {
    lan.onRequest = ({ reply }) => reply('Access-Accept', eap(octets('03 00 0004')));
    const reply = await next(identity('joe'));
    expect(reply).toMatchObject({ outcome: 'success', user: 'joe', classes: [], packet: octets('03 00 0004') });
    expect(reply.msk).toBeUndefined();
  });

  test.each([
    [13, undefined, true],
    [21, undefined, true],
    [25, undefined, true],
    [25, 'joseph', undefined],
    [26, undefined, undefined],
  ])('by EAP method %i, named %s by the server: is it hearsay who it is? %s', async (type, name, isHearsay) => {
    lan.onRequest = ({ reply }) =>
      lan.requests.length === 1
        ? reply('Access-Challenge', eap(packetOf(1, 9, Uint8Array.of(type))))
        : reply('Access-Accept', [
            ...eap(octets('03 0a 0004')),
            ...(name === undefined ? [] : [attribute('User-Name', name)]),
          ]);
    await next(identity('joe'));
    const reply = await next(packetOf(2, 9, Uint8Array.of(type)));
    expect(reply).toMatchObject({ outcome: 'success', user: name ?? 'joe' });
    expect(reply.isHearsay).toBe(isHearsay);
  });

  test('stays with the server that has begun', async () => {
    lan.onRequest = ({ at, reply }) => {
      if (at.startsWith('192.0.2.11')) reply('Access-Challenge', eap(packetOf(1, 3, Uint8Array.of(4))));
    };
    const asked = conversation.next(identity('joe'));
    lan.clock.advance(8000);
    expect((await asked).outcome).toBe('continue');
    lan.onRequest = () => {};
    const more = conversation.next(packetOf(2, 3, Uint8Array.of(4)));
    lan.clock.advance(8000);
    expect(await more).toMatchObject({ outcome: 'failure', why: 'no RADIUS server answers' });
    expect(new Set(lan.asked.slice(-3))).toEqual(new Set(['192.0.2.11:1812']));
  });

  test('that hangs up is asked about no more', () => {
    void conversation.next(identity('joe'));
    conversation.close();
    lan.clock.advance(30_000);
    expect(lan.requests.length).toBe(1);
  });
});

describe('what is not let through', () => {
  test.each([
    ['a Request', packetOf(1, 0, Uint8Array.of(1, 65)), 'an EAP packet with code 1 in place of a Response'],
    ['a length that is not its own', octets('02 00 0009 01 6a'), 'its length says 9, and 6 came'],
    ['a packet without a type', octets('02 00 0004'), 'an EAP packet of 4 octets'],
    ['no identity', packetOf(2, 0, Uint8Array.of(3, 26)), 'EAP method 3 where an identity was expected'],
    ['an empty identity', packetOf(2, 0, Uint8Array.of(1)), 'an identity of 0 octets'],
  ])('%s of the peer', async (_, packet, why) => {
    expect(await next(packet)).toMatchObject({ outcome: 'failure', why, packet: octets('04 00 0004') });
    expect(lan.requests).toEqual([]);
  });

  test('an answer to an earlier request of the server', async () => {
    lan.onRequest = ({ reply }) => reply('Access-Challenge', eap(packetOf(1, 3, Uint8Array.of(4))));
    await next(identity('joe'));
    expect((await next(packetOf(2, 2, Uint8Array.of(4)))).why).toBe('a Response to 2, not 3');
  });

  test.each([
    ['no EAP', []],
    ['an EAP Response', eap(packetOf(2, 1, Uint8Array.of(4)))],
    ['two EAP packets', eap(packetOf(1, 1, Uint8Array.of(4)), packetOf(1, 2, Uint8Array.of(4)))],
  ])('a challenge with %s', async (_, attributes) => {
    lan.onRequest = ({ reply }) => reply('Access-Challenge', attributes);
    expect(await next(identity('joe'))).toMatchObject({
      outcome: 'failure',
      why: 'the RADIUS server sent a challenge without an EAP Request',
    });
  });

  test.each([
    ['EAP Failure', eap(octets('04 00 0004'))],
    ['no EAP', []],
  ])('an accept with %s', async (_, attributes) => {
    lan.onRequest = ({ reply }) => reply('Access-Accept', attributes);
    expect(await next(identity('joe'))).toMatchObject({
      outcome: 'failure',
      why: 'the RADIUS server accepts without EAP Success',
      packet: octets('04 00 0004'),
    });
  });

  test('an accept with one half of the keys, with both twice, or with keys of other lengths', async () => {
    const bad: readonly ((request: Request) => readonly Attribute[])[] = [
      (request) => keys(request).slice(0, 1),
      (request) => keys(request).slice(1),
      (request) => [...keys(request), ...keys(request)],
      (request) => keys(request, new Uint8Array(33)),
      (request) => keys(request, new Uint8Array(0)),
      ({ packet }) => [
        salted(17, new Uint8Array(32), packet.authenticator),
        attribute('Vendor-Specific', octets('00000137 10 05 800000')),
      ],
    ];
    for (const attributes of bad) {
      lan.onRequest = (request) =>
        request.reply('Access-Accept', [...eap(octets('03 00 0004')), ...attributes(request)]);
      conversation = open();
      const reply = await next(identity('joe'));
      expect(reply).toMatchObject({ outcome: 'failure' });
      expect(reply.why).toMatch(/^the keys of the RADIUS server: /);
    }
  });

  test('a conversation without end', async () => {
    lan.onRequest = ({ reply }) => reply('Access-Challenge', eap(packetOf(1, 0, Uint8Array.of(4))));
    let reply = await next(identity('joe'));
    for (let i = 0; i < 200 && reply.outcome === 'continue'; i++) reply = await next(packetOf(2, 0, Uint8Array.of(4)));
    expect(reply).toMatchObject({ outcome: 'failure', why: 'more than 100 rounds' });
  });
});

describe('keys of RFC 2548', () => {
  const request = octets('000102030405060708090a0b0c0d0e0f');
  const accept = (...attributes: readonly Attribute[]): Packet => {
    const packet = decodePacket(encodePacket('Access-Accept', 1, request, attributes)!);
    if ('malformed' in packet) throw new Error(packet.malformed);
    return packet;
  };
  const vendor = (type: string, value: string) => {
    const length = (2 + value.length / 2).toString(16).padStart(2, '0');
    return attribute('Vendor-Specific', octets(`00000137${type}${length}${value}`));
  };
  // Made by other means than ours.
  const recv32 = '800112b5155c1b0b3429de36a17aa3ab04e2ebe3081f82871c67d39e1dab3d92804bf8ba8d8ef0de16f8d54520c0010a857b';
  const send16 = '800207691c1cce39be9010c2d199d2d11026c79a0a55ddf28a11a5d4c0eba9a9e028';

  test('a known answer: of 32 and of 16 octets, filled up with zeros at the end', () =>
    expect(mskOf(accept(vendor('10', send16), vendor('11', recv32)), request, SECRET)).toEqual(
      Uint8Array.from([...new Array(32).fill(0x11), ...new Array(16).fill(0x22), ...new Array(16).fill(0)]),
    ));

  test('two in one attribute, among those of other vendors', () => {
    const both = attribute(
      'Vendor-Specific',
      octets(
        `00000137 11 ${(recv32.length / 2 + 2).toString(16)} ${recv32} 10 ${(send16.length / 2 + 2).toString(16)} ${send16}`,
      ),
    );
    const other = attribute('Vendor-Specific', octets('00000009 11 03 00'));
    expect(mskOf(accept(other, both), request, SECRET)).toBeInstanceOf(Uint8Array);
    expect(mskOf(accept(other), request, SECRET)).toBeUndefined();
  });

  test('any octets in their place are keys or a fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 240 }), (value) => {
        const msk = mskOf(accept(vendor('10', send16), vendor('11', hex(value)!)), request, SECRET);
        expect(msk instanceof Uint8Array ? msk.length : Object.keys(msk ?? {})).toEqual(
          msk instanceof Uint8Array ? 64 : ['wrong'],
        );
      }),
    );
  });
});

test('a session of no seconds has no limit', async () => {
  lan.onRequest = (request) =>
    request.reply('Access-Accept', [...keys(request), ...eap(octets('03 00 0004')), attribute('Session-Timeout', 0)]);
  await next(undefined);
  const reply = await next(identity('joe'));
  expect(reply.outcome).toBe('success');
  expect(reply).not.toHaveProperty('lasts');
});

describe('classes', () => {
  test('come back as they were, whatever they are', () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), (value) => {
        expect(hex(classOctets(classText(value)))).toBe(hex(value));
      }),
    ));

  test.each([
    ['staff', 'staff'],
    ['büro', 'büro'],
    ['0x12', '0x30783132'],
    ['a\nb', '0x610a62'],
  ])('%j is shown as %s', (text, shown) => expect(classText(Buffer.from(text))).toBe(shown));
});
