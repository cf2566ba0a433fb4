/** The examples of FreeS/WAN's manual, as commands to whole daemons. */
import { expect, test } from 'vitest';
import { parseWhack } from '../../src/cli/whack-parse.ts';
import { whackRequests } from '../../src/cli/whack-requests.ts';
import { type House, town } from './town.ts';

const [WEST, EAST] = ['127.0.0.1', '127.0.0.2'];
const PSK = `${WEST} ${EAST} : PSK "swordfish"\n`;

/** Two daemons without a file, that accept IKEv1. */
const plain = () => {
  const house = (address: string) => ({ address, conf: '', secrets: PSK, ikev1Policy: 'accept' }) as const;
  return town({ west: house(WEST), east: house(EAST) });
};

function whack(house: House, line: string) {
  const parsed = parseWhack(line.split(' '));
  if ('error' in parsed) throw new Error(parsed.error);
  const requests = whackRequests(parsed);
  if ('error' in requests) throw new Error(requests.error);
  return requests.map((request) => house.whack(request));
}

const SILLY = `--host ${WEST} --to --host ${EAST} --ikelifetime 900 --ipseclifetime 800 --keyingtries 3`;

test.each([
  ['as it is written', '--name silly'],
  ['with the version and the proof said', '--name silly --ikev1 --psk'],
])('an ISAKMP SA alone: up, and down, %s', (_, name) => {
  const { west, east } = plain();
  for (const house of [west, east])
    expect(whack(house, `${name} ${SILLY}`)[0].text).toBe('"silly": added IKEv1 connection');
  const [up] = whack(west, '--name silly --initiate');
  expect([up.exit, up.text]).toEqual([0, expect.stringContaining('ISAKMP SA established')]);
  for (const house of [west, east]) {
    expect(house.world.switchboard.sas()).toHaveLength(1);
    expect(house.plane.sas.size).toBe(0);
    expect(house.crashes).toEqual([]);
  }
  expect(whack(west, '--name silly --terminate')[0].exit).toBe(0);
  expect([west, east].map((house) => house.world.switchboard.size)).toEqual([0, 0]);
});

test.each([
  ['as it is written', '--name secret --encrypt'],
  ['with the version and the proof said', '--name secret --ikev1 --psk --encrypt'],
])('with --encrypt there is a tunnel; --route waits for traffic, %s', (_, name) => {
  const { west, east } = plain();
  for (const house of [west, east])
    expect(whack(house, `${name} ${SILLY}`)[0].text).toBe('"secret": added IKEv1 connection');
  expect(whack(west, '--name secret --route')[0].exit).toBe(0);
  expect(whack(west, '--name secret --initiate')[0].exit).toBe(0);
  for (const house of [west, east]) {
    expect(house.plane.outbound()).toHaveLength(1);
    expect(house.plane.mistakes).toEqual([]);
  }
});
