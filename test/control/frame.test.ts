import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTROL_VERSION, encodeFrame, FrameDecoder } from '../../src/control/frame.ts';
import { whyNotPlain } from '../../src/control/plain.ts';

const MAX = 1 << 16;
const frame = (body: readonly number[], version = CONTROL_VERSION) =>
  Buffer.concat([Buffer.from([0x50, 0x4c, 0x55, version, 0, 0, 0, body.length]), Buffer.from(body)]);

/** What whack and pluto may send each other: JSON and 64-bit counters, not nested out of sight. */
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double({ noNaN: true }).map((number) => number + 0), // −0 comes back as 0
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

describe('FrameDecoder', () => {
  test('decodes what was encoded, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 8 }), (values, cuts) => {
        const stream = Buffer.concat(values.map(encodeFrame));
        const at = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
        const decoder = new FrameDecoder(MAX);
        const decoded: unknown[] = [];
        for (let i = 0; i <= at.length; i++) {
          const { values: some, fault } = decoder.push(stream.subarray(at[i - 1] ?? 0, at[i] ?? stream.length));
          expect(fault).toBeUndefined();
          decoded.push(...some);
        }
        expect(decoded).toEqual(values);
        expect(decoder.isPartial).toBe(false);
      }),
    );
  });

  test('decodes a stream that comes octet by octet', () => {
    const decoder = new FrameDecoder(MAX);
    const decoded = [...encodeFrame({ kind: 'add', text: 'x'.repeat(3000) })].flatMap(
      (octet) => decoder.push(Uint8Array.of(octet)).values,
    );
    expect(decoded).toEqual([{ kind: 'add', text: 'x'.repeat(3000) }]);
  });

  test('waits for a header and then refuses any that is not ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 64 }), (octets) => {
        fc.pre(octets[0] !== 0x50);
        expect(new FrameDecoder(MAX).push(octets)).toMatchObject({ values: [], fault: { kind: 'garbage' } });
      }),
    );
  });

  test('makes a value or a fault of any body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
        const { values, fault } = new FrameDecoder(MAX).push(frame([...body]));
        expect(values.length + (fault ? 1 : 0)).toBe(1);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['garbage', 'this is not the control protocol', Buffer.from('GET / HTTP/1.1\r\n')],
    ['version', 'control protocol version 9 where this is version 1', frame([0xc0], 9)],
    [
      'too-large',
      'a frame of 4294967295 octets where 65536 is the limit',
      Buffer.from([0x50, 0x4c, 0x55, 1, 255, 255, 255, 255]),
    ],
    ['malformed', 'a malformed frame: cut short', frame([])],
    ['malformed', 'a malformed frame: 1 octets too many', frame([0xc0, 0xc0])],
    ['malformed', 'a malformed frame: cut short', frame([0xdd, 0x00, 0xff, 0xff, 0xff, 0xc0])],
    ['malformed', 'a malformed frame: nested more than 12 deep', frame([...Array(20).fill(0x91), 0xc0])],
    ['malformed', 'a malformed frame: tag 0xd4 is not plain', frame([0xd4, 0x72, 0x40])],
    ['malformed', 'a malformed frame: tag 0xc1 is not plain', frame([0xc1])],
    ['malformed', 'a malformed frame: tag 0xc4 is not plain', frame([0xc4, 0x01, 0x00])],
  ])('says %s: %s', (kind, text, octets) => {
    expect(new FrameDecoder(MAX).push(octets)).toMatchObject({ values: [], fault: { kind, text } });
  });

  test('gives the values before a fault, and nothing after it', () => {
    const decoder = new FrameDecoder(MAX);
    const first = decoder.push(Buffer.concat([encodeFrame('good'), Buffer.from('nonsense'), encodeFrame('late')]));
    expect(first).toMatchObject({ values: ['good'], fault: { kind: 'garbage' } });
    expect(decoder.push(encodeFrame('later'))).toMatchObject({ values: [], fault: { kind: 'garbage' } });
  });

  test('keeps 64-bit integers exact', () => {
    const { values } = new FrameDecoder(MAX).push(encodeFrame({ max: 2n ** 63n, small: 5n, number: 2 ** 40 }));
    expect(values).toEqual([{ max: 2n ** 63n, small: 5n, number: 2 ** 40 }]);
  });

  test('gives larger integers as text', () => {
    const { values } = new FrameDecoder(MAX).push(encodeFrame({ size: 2n ** 80n, below: 2n ** 64n - 1n }));
    expect(values).toEqual([{ size: '1208925819614629174706176', below: 2n ** 64n - 1n }]);
  });
});

test('whyNotPlain is content with everything encodeFrame makes', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(whyNotPlain(encodeFrame(value).subarray(8))).toBeUndefined();
    }),
  );
});
