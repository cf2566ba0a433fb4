import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_TLS_MESSAGE, TlsFraming } from '../../../../src/ike/auth/eap/tls-framing.ts';

/** Sends `message` from one end to the other, an acknowledgement for every part. */
function carry(message: Uint8Array): { octets: Uint8Array; packets: number } {
  const from = new TlsFraming();
  const to = new TlsFraming();
  let data = from.cut(message);
  for (let packets = 1; ; packets++) {
    const heard = to.take(data);
    if (heard.t === 'message') return { octets: heard.octets, packets };
    if (heard.t === 'wrong') throw new Error(heard.why);
    const more = from.take(heard.data);
    if (more.t !== 'send') throw new Error(more.t);
    data = more.data;
  }
}

describe('TLS in EAP, RFC 5216 §3.1', () => {
  test('a message of any length arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (message) => {
        const { octets, packets } = carry(message);
        expect(octets).toEqual(message);
        expect(packets).toBe(Math.max(1, Math.ceil(message.length / 1_000)));
      }),
    );
  });

  test('the largest arrives, in packets that fit', () => {
    const from = new TlsFraming();
    expect(from.cut(new Uint8Array(MAX_TLS_MESSAGE)).length).toBeLessThan(1_020);
    expect(carry(new Uint8Array(MAX_TLS_MESSAGE)).packets).toBe(66);
  });

  test('fragments that never end are refused when they are more than a message may have', () => {
    const to = new TlsFraming();
    const part = Uint8Array.of(0x40, ...new Uint8Array(1_000));
    let parts = 0;
    while (to.take(part).t === 'send') parts++;
    expect(parts).toBe(65);
  });

  test.each<[string, number[][], string]>([
    ['no octets at all', [[]], 'no flags'],
    ['a length that is cut off', [[0x80, 0, 0, 1]], 'a length of less than four octets'],
    ['more than was announced', [[0xc0, 0, 0, 0, 1, 9, 9]], 'more than 1 octets'],
    ['less than was announced', [[0x80, 0, 0, 0, 9, 9]], '1 octets of 9'],
    ['an announcement of a gigabyte', [[0xc0, 0x40, 0, 0, 0, 9]], 'a message of 1073741824 octets'],
    ['an empty part with more to come', [[0x40]], 'an empty part with more to come'],
    ['a start in the middle', [[0x20]], 'a second start'],
    ['another version', [[0x01, 9]], 'version 1'],
    ['a second length that is another', [[0xc0, 0, 0, 0, 3, 9], [0xc0, 0, 0, 0, 4, 9]], 'another length than before'], // biome-ignore format: a row
  ])('%s', (_, packets, why) => {
    const to = new TlsFraming();
    const heard = packets.map((packet) => to.take(Uint8Array.from(packet)));
    expect(heard.at(-1)).toEqual({ t: 'wrong', why });
  });

  test('while we send, the other end may only acknowledge', () => {
    const from = new TlsFraming();
    from.cut(new Uint8Array(3_000));
    expect(from.take(Uint8Array.of(0, 1, 2))).toEqual({
      t: 'wrong',
      why: 'a part where ours were to be acknowledged',
    });
  });
});
