import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Address } from '../../../src/net/address.ts';
import { attribute, every, first, nasAddress } from '../../../src/services/radius/attributes.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/services/radius/packet.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const ZEROS = new Uint8Array(16);

function decoded(octets: Uint8Array): Packet {
  const packet = decodePacket(octets);
  if ('malformed' in packet) throw new Error(packet.malformed);
  return packet;
}
const wrong = (octets: Uint8Array) => {
  const packet = decodePacket(octets);
  return 'malformed' in packet ? packet.malformed : undefined;
};

describe('the codec', () => {
  test('reads the request of RFC 2865 §7.1', () => {
    const packet = decoded(
      hex(`01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d 93 d4
        13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`),
    );
    expect(packet).toMatchObject({ code: 1, identifier: 0 });
    expect(first(packet.attributes, 'User-Name')).toBe('nemo');
    expect(`${first(packet.attributes, 'NAS-IP-Address')}`).toBe('192.168.1.16');
    expect(packet.attributes.length).toBe(4);
  });

  test('gives back what it was given, whatever it is', () => {
    const attributes = fc.array(
      fc.record({
        // Types that have no length of their own here.
        type: fc.constantFrom(1, 18, 24, 25, 26, 33, 79, 200, 255),
        value: fc.uint8Array({ maxLength: 253 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.nat(255), attributes, (identifier, all) => {
        const packet = decoded(encodePacket('Access-Request', identifier, ZEROS, all)!);
        expect(packet.identifier).toBe(identifier);
        expect(packet.attributes.map(({ type, value }) => [type, [...value]])).toEqual(
          all.map(({ type, value }) => [type, [...value]]),
        );
      }),
    );
  });

  test('any octets are a packet or malformed', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => void decodePacket(octets)));
    const head = [2, 0, 0, 60, ...ZEROS];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (rest) => {
        const packet = decodePacket(Uint8Array.from([...head, ...rest]));
        if (!('malformed' in packet))
          expect(packet.attributes.reduce((sum, { value }) => sum + value.length + 2, 20)).toBe(60);
      }),
    );
  });

  test.each([
    ['nothing', '', '0 octets are no packet'],
    ['a header cut short', `01 00 00 14 ${'00'.repeat(15)}`, '19 octets are no packet'],
    ['a length below the header', `01 00 00 13 ${'00'.repeat(16)}`, 'its length says 19'],
    ['more than came', `01 00 00 15 ${'00'.repeat(16)}`, 'its length says 21, and 20 octets came'],
    ['more than RADIUS allows', `01 00 10 01 ${'00'.repeat(4093)}`, 'its length says 4097'],
    [
      'an attribute without a length',
      `01 00 00 15 ${'00'.repeat(16)} 01`,
      'the attribute at octet 20 has no sound length',
    ],
    ['a length of 1', `01 00 00 16 ${'00'.repeat(16)} 01 01`, 'the attribute at octet 20 has no sound length'],
    ['a value behind the end', `01 00 00 16 ${'00'.repeat(16)} 01 03`, 'the attribute at octet 20 has no sound length'],
    ['an integer of 2 octets', `01 00 00 18 ${'00'.repeat(16)} 06 04 00 01`, 'Service-Type has 2 octets'],
    ['a short Message-Authenticator', `01 00 00 17 ${'00'.repeat(16)} 50 03 00`, 'Message-Authenticator has 1 octets'],
  ])('refuses %s', (_, octets, why) => expect(wrong(hex(octets))).toBe(why));

  test('octets behind the length are padding', () => {
    const packet = decoded(hex(`02 07 00 14 ${'00'.repeat(16)} 01 ff`));
    expect(packet.octets.length).toBe(20);
    expect(packet.attributes).toEqual([]);
  });

  test('what does not fit is not sent', () => {
    const large = attribute('EAP-Message', new Uint8Array(253));
    expect(encodePacket('Access-Request', 0, ZEROS, new Array(15).fill(large))?.length).toBe(20 + 15 * 255);
    expect(encodePacket('Access-Request', 0, ZEROS, new Array(16).fill(large))).toBeUndefined();
  });

  test('text ends at a whole character, and addresses have their family’s attribute', () => {
    const { value } = attribute('User-Name', 'é'.repeat(200));
    expect(Buffer.from(value).toString()).toBe('é'.repeat(126));
    expect(() => attribute('State', new Uint8Array(254))).toThrow(RangeError);
    expect(nasAddress(Address.parse('2001:db8::1')!).type).toBe(95);
    expect(every([nasAddress(Address.parse('192.0.2.1')!)], 'NAS-IP-Address').map(String)).toEqual(['192.0.2.1']);
  });
});
