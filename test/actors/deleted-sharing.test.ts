/** A connection that is deleted while another one keeps the SA that both came by: nobody gets a tunnel of it any more. */
import { describe, expect, test } from 'vitest';
import { conn, EAST, town, WEST } from './town.ts';

const HOUSE = { ikev1Policy: 'accept' } as const;
const SECRETS = '@west @east : PSK "swordfish"\n';

describe.each([
  ['ikev1', { ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' }],
  ['ikev2', {}],
] as const)('%s', (keyexchange, algorithms) => {
  test.each([
    ['whose peer is known', WEST],
    ['for whoever comes', '%any'],
  ])('a connection %s', (_, left) => {
    const two = (peer: string) =>
      conn('one', { keyexchange, ...algorithms, left: peer }) +
      conn('two', { keyexchange, ...algorithms, left: peer, leftsubnet: '10.7.0.0/16' });
    const west = { ...HOUSE, conf: two(WEST), secrets: SECRETS };
    const east = { ...HOUSE, conf: two(left), secrets: SECRETS, address: EAST };
    const made = town({ west, east });
    for (const name of ['one', 'two']) expect(made.west.whack({ kind: 'initiate', name }).exit).toBe(0);
    expect(made.east.whack({ kind: 'delete', name: 'one' }).exit).toBe(0);
    made.clock.advance(20_000);
    const mine = () => made.east.plane.inbound().map(({ selectors }) => `${selectors[0].src}`);
    expect(mine()).toEqual(['10.7.0.0/16']);
    // The other one is not disturbed, and can be replaced.
    expect(made.west.whack({ kind: 'rekey-child', name: 'two' }).exit).toBe(0);
    made.west.whack({ kind: 'terminate', name: 'one' });
    made.clock.advance(3_600_000);
    expect(new Set(mine())).toEqual(new Set(['10.7.0.0/16']));
    expect([...made.east.crashes, ...made.west.crashes, ...made.east.plane.mistakes]).toEqual([]);
  });
});
