import { describe, expect, test } from 'vitest';
import { MOST_KEYS } from '../../src/actors/public-keys.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { Id } from '../../src/net/id.ts';
import { town } from './town.ts';

/** RFC 3110, exponent 3, 1024 bits; `n` makes it another one. */
function key(n = 0): string {
  const octets = new Uint8Array(130).fill(0x55);
  octets.set([1, 3, 0x80, n]);
  return `0s${Buffer.from(octets).toString('base64')}`;
}
const EAST = Id.parse('@east')!;

function keyring() {
  const { west } = town();
  const ask = (fields: { readonly add?: boolean; readonly key?: string; readonly id?: string }) =>
    west.whack({ kind: 'pubkey', id: '@east', ...fields });
  return { west, ask, keys: west.world.publicKeys };
}

describe('--keyid', () => {
  test('takes a key, and says which', () => {
    const { ask, keys } = keyring();
    const taken = ask({ key: key() });
    expect([taken.exit, taken.text]).toEqual([0, "added 1024-bit RSA public key AQOAAFVVV of ID_FQDN '@east'"]);
    expect(keys.of(EAST)).toMatchObject([
      { kind: 'rsa', bits: 1024, keyId: 'AQOAAFVVV', installed: Date.UTC(2026, 0, 1) },
    ]);
    expect(keys.of(Id.parse('@west')!)).toEqual([]);
  });

  test('a second one replaces the first, and with --addkey goes beside it', () => {
    const { ask, keys } = keyring();
    ask({ key: key(1) });
    expect(ask({ key: key(2) }).text).toContain("forgot 1 public key of ID_FQDN '@east'");
    ask({ key: key(3), add: true });
    ask({ key: key(3), add: true });
    expect([...keys.list()].map((k) => k.keyId)).toEqual(['AQOAAlVVV', 'AQOAA1VVV']);
  });

  test('without a key forgets those there are', () => {
    const { ask, keys } = keyring();
    ask({ key: key() });
    expect(ask({}).text).toBe("forgot 1 public key of ID_FQDN '@east'");
    expect(ask({}).exit).toBe(0);
    expect([...keys.list()]).toEqual([]);
  });

  test.each([
    ['0sAQN', RC.WHACK_PROBLEM, 'bad key: expected 0x hexadecimal, 0s base 64 or 0t text'],
    ['swordfish', RC.WHACK_PROBLEM, 'bad key: expected 0x hexadecimal, 0s base 64 or 0t text'],
    ['0x010380', RC.WHACK_PROBLEM, 'bad key: a modulus has 1024 to 16384 bits, this one 8'],
  ])('%s is refused, and costs no key', (wrong, code, text) => {
    const { ask, keys } = keyring();
    ask({ key: key() });
    const refused = ask({ key: wrong });
    expect([refused.exit, refused.text]).toEqual([code, text]);
    expect(keys.of(EAST)).toHaveLength(1);
  });

  test('of nobody is refused', () => {
    expect(keyring().ask({ id: 'no identity', key: key() }).exit).toBe(RC.BADID);
  });

  test('an identity has room for so many', () => {
    const { ask, keys } = keyring();
    for (let n = 0; n < MOST_KEYS; n++) ask({ key: key(n), add: true });
    expect(ask({ key: key(MOST_KEYS), add: true }).exit).toBe(RC.WHACK_PROBLEM);
    expect(keys.of(EAST)).toHaveLength(MOST_KEYS);
  });
});
