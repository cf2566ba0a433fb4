/** A peer that has lost its memory, and comes again while we want something of it: the same in both versions. */
import { expect, test } from 'vitest';
import { EXCHANGE as V1 } from '../../src/ike/v1/wire/index.ts';
import { EXCHANGE as V2 } from '../../src/ike/wire/index.ts';
import { conn, EAST, House, PSK, town } from './town.ts';

const HOUSE = { ikev1Policy: 'accept' } as const;
const EXCHANGE_AT = 18;

test.each([
  ['ikev1', V1.QUICK, { ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' }],
  ['ikev2', V2.CREATE_CHILD_SA, {}],
] as const)(
  'what we had asked for comes again, and so does an operator’s answer (%s)',
  (keyexchange, quick, algorithms) => {
    const keywords = { keyexchange, ...algorithms, 'initial-contact': 'yes' };
    const both = conn('w-e', keywords) + conn('two', { ...keywords, leftsubnet: '10.7.0.0/16' });
    const { west, east, clock, wire } = town({ both, west: HOUSE, east: HOUSE });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    wire.loses = ({ bytes }) => bytes[EXCHANGE_AT] === quick;
    const two = west.whack({ kind: 'initiate', name: 'two' });
    expect(two.exit).toBeUndefined();
    east.unlisten();
    wire.loses = () => false;
    const again = new House('again', clock, wire, { ...HOUSE, address: EAST, conf: both, secrets: PSK });
    expect(again.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(west.log.join('\n')).toContain('peer sent INITIAL_CONTACT');
    expect(two.exit).toBeDefined();
    clock.advance(1_000);
    expect(again.plane.inbound()).toHaveLength(2);
    expect(west.whack({ kind: 'initiate', name: 'two' }).exit).toBe(0);
    expect([...west.crashes, ...west.plane.mistakes, ...again.crashes]).toEqual([]);
  },
);
