import { describe, expect, test } from 'vitest';
import { attribute } from '../../../src/services/radius/attributes.ts';
import {
  checkMessage,
  isSignedRequest,
  isSignedResponse,
  signMessage,
  signRequest,
  signResponse,
  unsigned,
} from '../../../src/services/radius/authenticator.ts';
import { decodePacket, encodePacket, type Packet } from '../../../src/services/radius/packet.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const decoded = (octets: Uint8Array): Packet => {
  const packet = decodePacket(octets);
  if ('malformed' in packet) throw new Error(packet.malformed);
  return packet;
};
/** Each bit of `octets` turned over, one at a time. */
function* spoilt(octets: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < octets.length * 8; bit++) {
    const one = octets.slice();
    one[bit >> 3] ^= 1 << (bit & 7);
    yield one;
  }
}

const XYZZY = Buffer.from('xyzzy5461');
const OTHER = Buffer.from('xyzzy5462');

describe('RFC 2865 §7.1', () => {
  const request = hex('0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a');
  const accept = hex(
    '02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00 0e 06 c0 a8 01 03',
  );

  test('the response authenticator is right', () => {
    expect(isSignedResponse(decoded(accept), request, XYZZY)).toBe(true);
    const octets = accept.slice();
    octets.set(request, 4);
    signResponse(octets, XYZZY);
    expect(octets).toEqual(accept);
  });

  test('with another secret, for another request, or with any bit changed it is not', () => {
    expect(isSignedResponse(decoded(accept), request, OTHER)).toBe(false);
    expect(isSignedResponse(decoded(accept), new Uint8Array(16), XYZZY)).toBe(false);
    for (const octets of spoilt(accept)) {
      const packet = decodePacket(octets);
      if (!('malformed' in packet)) expect(isSignedResponse(packet, request, XYZZY)).toBe(false);
    }
  });
});

describe('Message-Authenticator, RFC 3579 §3.2', () => {
  const nonce = hex('000102030405060708090a0b0c0d0e0f');
  const attributes = [unsigned(), attribute('User-Name', 'nemo'), attribute('EAP-Message', hex('02000009016e656d6f'))];
  const signed = () => {
    const octets = encodePacket('Access-Request', 1, nonce, attributes)!;
    signMessage(octets, XYZZY);
    return octets;
  };

  test('covers the whole request', () => {
    expect(checkMessage(decoded(signed()), nonce, XYZZY)).toBe('right');
    expect(checkMessage(decoded(signed()), nonce, OTHER)).toBe('wrong');
    for (const octets of spoilt(signed())) {
      const packet = decodePacket(octets);
      // Of a request, its own authenticator goes into it; of an answer, the request's.
      if (!('malformed' in packet)) expect(checkMessage(packet, packet.authenticator, XYZZY)).not.toBe('right');
    }
  });

  test('is the HMAC-MD5 of the packet with zeros in its place', () =>
    expect(Buffer.from(signed().subarray(22, 38)).toString('hex')).toBe('43a418978bf6ba7c06bbc6f7099990ea'));

  test('is checked without changing what a socket has brought', () => {
    const brought = Buffer.from(signed());
    for (let again = 0; again < 2; again++) expect(checkMessage(decoded(brought), nonce, XYZZY)).toBe('right');
    expect(new Uint8Array(brought)).toEqual(signed());
  });

  test('one is needed, and no two are accepted', () => {
    const none = encodePacket('Access-Request', 1, nonce, attributes.slice(1))!;
    expect(checkMessage(decoded(none), nonce, XYZZY)).toBe('absent');
    const two = encodePacket('Access-Request', 1, nonce, [unsigned(), ...attributes])!;
    signMessage(two, XYZZY);
    expect(checkMessage(decoded(two), nonce, XYZZY)).toBe('wrong');
  });

  test('may stand anywhere in an answer', () => {
    const octets = encodePacket('Access-Accept', 1, nonce, [attribute('User-Name', 'nemo'), unsigned()])!;
    const first = encodePacket('Access-Accept', 1, nonce, [attribute('User-Name', 'nemo'), unsigned()])!;
    // By hand: HMAC over it with zeros, into the last 16 octets.
    signMessage(first, XYZZY);
    octets.set(first.subarray(22, 38), octets.length - 16);
    expect(checkMessage(decoded(octets), nonce, XYZZY)).toBe('right');
  });
});

describe('RFC 2866 §3', () => {
  test('the authenticator of a request covers all of it', () => {
    const octets = encodePacket('Accounting-Request', 9, new Uint8Array(16), [attribute('Acct-Session-Id', '1')])!;
    octets.fill(0xaa, 4, 20);
    signRequest(octets, XYZZY);
    expect(isSignedRequest(decoded(octets), XYZZY)).toBe(true);
    expect(isSignedRequest(decoded(octets), OTHER)).toBe(false);
    for (const one of spoilt(octets)) {
      const packet = decodePacket(one);
      if (!('malformed' in packet)) expect(isSignedRequest(packet, XYZZY)).toBe(false);
    }
  });
});
