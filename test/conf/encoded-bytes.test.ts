import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEncoded } from '../../src/conf/encoded-bytes.ts';

const read = (text: string) => {
  const octets = parseEncoded(Buffer.from(text, 'latin1'));
  return octets && Buffer.from(octets).toString('hex');
};

test('any octets are what they were, in every encoding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (octets) => {
      const data = Buffer.from(octets);
      const hex = data.toString('hex');
      const forms = [
        `0x${hex}`,
        `0X${hex.toUpperCase()}`,
        `0x${hex.match(/../g)!.join('_')}`,
        `0s${data.toString('base64')}`,
        `0S${data.toString('base64')}`,
        `0t${data.toString('latin1')}`,
      ];
      expect(forms.map(read)).toEqual(forms.map(() => hex));
    }),
  );
});

test.each(['', '0', '0x', '0s', '0t', '1x00', '0y00', '0x0', '0x000', '0x0g', '0x_00', '0x00_', '0x0_0', '0x00__00'])(
  '%j is none',
  (text) => expect(read(text)).toBeUndefined(),
);

test.each([
  '0sA',
  '0sAA',
  '0sAAA',
  '0s====',
  '0sA===',
  '0sAB==',
  '0sAAB=',
  '0sA=AA',
  '0sAA==AAAA',
  '0sAA-_',
  '0sAAA\xe1',
])('%j is none either', (text) => expect(read(text)).toBeUndefined());
