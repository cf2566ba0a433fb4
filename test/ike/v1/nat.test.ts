import { describe, expect, test } from 'vitest';
import { FAIR } from '../v2/wire.ts';
import { expectAgreement, upPair } from './pair.ts';

describe('behind a NAT', () => {
  test.each([
    ['both', 'both', 'rfc'],
    ['both', 'drafts', 'drafts'],
    ['drafts', 'both', 'drafts'],
    ['rfc', 'rfc', 'rfc'],
  ] as const)('west %s, east %s: by %s', (west, east, form) => {
    for (const aggressive of [false, true]) {
      const made = upPair({
        weather: FAIR,
        nat: true,
        policy: { v1: { aggressive }, localHost: undefined },
        west: { policy: { v1: { nat: west, aggressive } } },
        east: { policy: { v1: { nat: east, aggressive }, remoteHost: undefined } },
      });
      expect(made.west.sa).toMatchObject({ weAreNatted: true, peerIsNatted: false, nat: form });
      expect(made.east.sa).toMatchObject({ weAreNatted: false, peerIsNatted: true, nat: form });
      expect(made.west.sa.local.port).toBe(4500);
      expect(made.east.sa.local.port).toBe(4500);
      expect(made.west.plane.all()[0]).toMatchObject({ encapsulated: true });
      expect(made.east.plane.destinationOf(made.east.sa.children[0].serial)).toBe('198.51.100.9:40500');
      made.clock.advance(25_000);
      expect(made.west.keepalives).toBeGreaterThan(0);
      expect(made.east.keepalives).toBe(0);
    }
  });

  test.each([
    ['none', 'both'],
    ['both', 'none'],
    ['rfc', 'drafts'],
  ] as const)('west %s, east %s: they do not know of it', (west, east) => {
    const made = upPair({
      weather: FAIR,
      nat: true,
      west: { policy: { v1: { nat: west } } },
      east: { policy: { v1: { nat: east }, remoteHost: undefined } },
    });
    expect(made.west.sa).toMatchObject({ weAreNatted: false, peerIsNatted: false });
    expect(made.west.plane.all()[0]).toMatchObject({ encapsulated: false });
  });

  test('encapsulation=yes pretends one, encapsulation=no never looks', () => {
    const made = upPair({ weather: FAIR, west: { policy: { encapsulation: 'yes' } } });
    expect(made.east.plane.all()[0]).toMatchObject({ encapsulated: true });
    expect(made.west.plane.all()[0]).toMatchObject({ encapsulated: true });
    expectAgreement(made);
    const never = upPair({ weather: FAIR, west: { policy: { encapsulation: 'no' } } });
    expect(never.east.plane.all()[0]).toMatchObject({ encapsulated: false });
  });

  test('when the box gives other ports, the next authentic message tells', () => {
    const made = upPair({
      weather: FAIR,
      nat: true,
      policy: { v1: { dpdTimeout: 60_000 } },
      west: { policy: { dpdDelay: 5_000 } },
      east: { policy: { remoteHost: undefined } },
    });
    made.wire.nat!.rebind();
    made.clock.advance(6_000);
    expect(made.east.sa.peer.port).toBe(41_500);
    expect(made.east.plane.destinationOf(made.east.sa.children[0].serial)).toBe('198.51.100.9:41500');
    expect(made.west.sa.state).toBe('established');
  });

  test('without one nobody leaves port 500', () => {
    const { west, east } = upPair();
    expect([west.sa.local.port, east.sa.local.port]).toEqual([500, 500]);
  });
});
