import { describe, expect, test } from 'vitest';
import { expectAgreement, expectNothing, HANDSHAKE, pair, upPair } from './pair.ts';

describe('two ends with one secret', () => {
  test('four messages make an IKE SA and a Child SA with the same keys at both ends', () => {
    const { west, east, wire } = upPair();
    expect(west.sa.state).toBe('established');
    expect(east.sa.state).toBe('established');
    wire.expectSilence();
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    expect(west.plane.accepts(east.plane.send('w-e')!)).toBe(true);
  });

  test('two secrets make none', () => {
    const { west, east, wire } = pair({ east: { psk: 'shark' } });
    west.up();
    for (const line of HANDSHAKE.slice(0, 3)) wire.expect(line);
    wire.expect('<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    wire.expectSilence();
    expectNothing(west);
    expectNothing(east);
    expect(west.plane.installed + east.plane.installed).toBe(0);
    expectAgreement({ west, east });
  });
});
