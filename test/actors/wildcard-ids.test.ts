import { describe, expect, test } from 'vitest';
import { conn, town } from './town.ts';

const WEST_DN = '"C=CA, O=Example, CN=west"';
const EAST_DN = '"C=CA, O=Example, CN=east"';
const SECRETS = `${WEST_DN} ${EAST_DN} : PSK "swordfish"\n192.0.2.1 192.0.2.2 ${WEST_DN} : PSK "swordfish"\n`;

/** West says who it is, east takes who fits `leftid`; and the other way round with `rightid`. */
function pair(leftid: string, rightid: string) {
  return town({
    west: { conf: conn('w-e', { leftid: WEST_DN, rightid }), secrets: SECRETS },
    east: { conf: conn('w-e', { leftid, rightid: EAST_DN }), secrets: SECRETS },
  });
}

describe('distinguished names of peers', () => {
  test.each([
    [WEST_DN, EAST_DN],
    ['"/c=ca/o=EXAMPLE/cn=West"', EAST_DN],
    ['"C=CA, O=Example, CN=*"', EAST_DN],
    ['"CN=*, O=*, C=CA"', EAST_DN],
    [WEST_DN, '"C=CA, O=*, CN=*"'],
  ])('leftid=%s, rightid=%s: a tunnel', (leftid, rightid) => {
    const { west, east } = pair(leftid, rightid);
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.text).toContain('established Child SA');
    expect(up.exit).toBe(0);
    expect(east.crashes).toEqual([]);
  });

  test.each([
    ['"C=CA, O=Example, CN=other"', EAST_DN],
    ['"C=CA, OU=*, CN=*"', EAST_DN],
    ['"C=CA, CN=*"', EAST_DN],
    [WEST_DN, '"C=DE, O=*, CN=*"'],
  ])('leftid=%s, rightid=%s: none', (leftid, rightid) => {
    const { west } = pair(leftid, rightid);
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).text).not.toContain('established Child SA');
    expect(west.plane.sas.size).toBe(0);
  });

  test('names compare without case', () => {
    const { west } = town({
      west: { conf: conn('w-e', { leftid: '@West.Example' }), secrets: '@west.example @east : PSK "x"\n' },
      east: { conf: conn('w-e', { leftid: '@west.example' }), secrets: '@west.example @east : PSK "x"\n' },
    });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  });
});
