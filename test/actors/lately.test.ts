import { expect, test } from 'vitest';
import { Lately } from '../../src/actors/lately.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';

const PEER = new Endpoint(Address.parse('192.0.2.1')!, 500);

function spi(n: number): Uint8Array {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setUint32(4, n);
  return octets;
}

test('who has come is remembered for ten seconds at least, and twenty at most', () => {
  for (const at of [1_000, 9_999]) {
    const lately = new Lately();
    lately.add(spi(0), PEER, 0);
    lately.add(spi(1), PEER, at);
    expect(lately.has(spi(1), PEER, at)).toBe(true);
    expect(lately.has(spi(2), PEER, at)).toBe(false);
    expect(lately.has(spi(1), new Endpoint(PEER.address, 4500), at)).toBe(false);
    expect(lately.has(spi(1), PEER, at + 10_000)).toBe(true);
    expect(lately.has(spi(1), PEER, at + 20_001)).toBe(false);
  }
});

test('after a long while nobody is remembered, also if nobody has asked meanwhile', () => {
  const lately = new Lately();
  lately.add(spi(1), PEER, 0);
  expect(lately.has(spi(1), PEER, 3_600_000)).toBe(false);
});

test('of many only the latest are remembered', () => {
  const lately = new Lately();
  for (let n = 0; n < 30_000; n++) lately.add(spi(n), PEER, 0);
  let remembered = 0;
  for (let n = 0; n < 30_000; n++) if (lately.has(spi(n), PEER, 0)) remembered++;
  expect(remembered).toBeGreaterThanOrEqual(8_192);
  expect(remembered).toBeLessThanOrEqual(2 * 8_192);
  expect(lately.has(spi(29_999), PEER, 0)).toBe(true);
});
