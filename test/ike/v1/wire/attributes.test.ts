/** What some put behind the last attribute of a transaction. */
import { expect, test } from 'vitest';
import { decodeChain } from '../../../../src/ike/v1/wire/index.ts';

const ATTRIBUTES = 14;
const chain = (hex: string) => {
  const body = Buffer.from(`0200abcd${hex}`, 'hex');
  const octets = Uint8Array.of(0, 0, 0, body.length + 4, ...body);
  return decodeChain(ATTRIBUTES, octets);
};

test('libreswan pads to four octets, within the payload', () => {
  for (const padding of ['', '00', '0000', '000000']) {
    const decoded = chain(`000700056162636465${padding}`);
    if (!decoded.ok) throw new Error(decoded.fault.why);
    expect(decoded.value.payloads).toMatchObject([{ type: 'ATTRIBUTES', attributes: [{ type: 7 }] }]);
  }
});

test('what is no padding, or more than that, is a fault', () => {
  for (const rest of ['01', '0001', '00000001', '0007'])
    expect(chain(`000700056162636465${rest}`).ok, rest).toBe(false);
});
