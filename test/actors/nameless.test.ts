/** Whoever has proven nothing ends nothing in the name that it goes by: RFC 7619 §2.3, against `uniqueids=yes`. */
import { expect, test } from 'vitest';
import { conn, House, town } from './town.ts';

/** Two peers at addresses of their own that both say they are @paul. */
function twoPauls(auth: Record<string, string>) {
  const secrets = '%any : PSK "swordfish"\n';
  const any = { left: '%any', leftid: '%any', leftsubnet: undefined, ...auth };
  const { clock, wire, east } = town({ east: { conf: conn('road', any), secrets } });
  for (const i of [1, 2]) {
    const address = `198.51.100.${i}`;
    const own = { left: address, leftid: '@paul', leftsubnet: undefined, ...auth };
    const house = new House(`w${i}`, clock, wire, { address, conf: conn('home', own), secrets });
    expect(house.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
  }
  clock.advance(6_000);
  expect(east.crashes).toEqual([]);
  return east;
}

test('with a secret the second is the first, come again', () => {
  expect(twoPauls({ authby: 'secret' }).plane.inbound()).toHaveLength(1);
});

test('with authby=null it may be anybody, and both stay', () => {
  expect(twoPauls({ authby: 'null' }).plane.inbound()).toHaveLength(2);
});
