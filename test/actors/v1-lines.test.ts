/** Whose name stands before what is said of a tunnel that came of another connection's phase 1. */
import { expect, test } from 'vitest';
import { conn, town } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };
const TIMES = { 'ipsec-lifetime': '30m', ikelifetime: '8h', rekeymargin: '5m', rekeyfuzz: '0%' };

test('lines about a child begin with its own connection, in rekeys, at its end and when nobody answers', () => {
  const both =
    conn('first', { ...V1, ...TIMES, 'ipsec-lifetime': '8h' }) +
    conn('second', { ...V1, ...TIMES, leftsubnet: '10.0.3.0/24' });
  const house = { ikev1Policy: 'accept' } as const;
  const { west, east, wire, clock } = town({ both, west: house, east: house });
  for (const name of ['first', 'second']) expect(west.whack({ kind: 'initiate', name }).exit).toBe(0);
  clock.advance(31 * 60_000);
  const about = (text: string) =>
    [...west.log, ...east.log].filter((line) => line.includes(text) && line.includes('" #'));
  expect(about('to replace IPsec SA #').length).toBeGreaterThan(0);
  expect(about('IPsec SA expired').length).toBeGreaterThan(0);
  wire.loses = () => true;
  clock.advance(60 * 60_000);
  expect(about('second timeout exceeded').length).toBeGreaterThan(0);
  for (const text of ['to replace IPsec SA #', 'IPsec SA expired', 'STATE_QUICK_I1'])
    for (const line of about(text)) expect(line).toMatch(/^"second" #/);
});
