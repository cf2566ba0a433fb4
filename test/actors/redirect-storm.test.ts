/** REDIRECT on a wire that loses, doubles and delays, while both ends rekey, delete and are told to go: nobody is lost. */
import { expect, test } from 'vitest';
import { Dice } from '../ike/v2/dice.ts';
import { crossroads, NORTH } from './crossroads.ts';
import { conn, EAST, type House } from './town.ts';

const BLOCKS = [1, 26, 51, 76, 101, 126, 151, 176];
const SEEDS = 25;
/** s of trouble, and of peace afterwards: longer than any request is repeated, and than a gateway waits for a farewell. */
const TROUBLE = 90;
const PEACE = 400;

const tunnels = (house: House) => house.plane.outbound().length;

function storm(seed: number) {
  const dice = new Dice(seed);
  const how = dice.pick(['later', 'later', 'auth', 'init'] as const);
  const made = crossroads({ dpddelay: '20' });
  const { west, east, north, clock, wire } = made;
  if (how === 'init') east.whack({ kind: 'global-redirect', mode: 'yes', to: NORTH });
  if (how === 'auth') {
    east.whack({ kind: 'delete', name: 'w-e' });
    east.load(conn('w-e', { 'send-redirect': 'yes', 'redirect-to': NORTH }));
  }
  const loss = dice.pick([0, 0.1, 0.3]);
  wire.delay = dice.pick([0, 5, 80]);
  wire.loses = (datagram) => {
    if (dice.next() < 0.1) {
      const again = { ...datagram, bytes: Uint8Array.from(datagram.bytes) };
      const house = [west, east, north].find(({ address }) => address.equals(datagram.local.address));
      clock.alarm(clock.now() + dice.below(500), () => house?.receive(again));
    }
    return dice.next() < loss;
  };
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  const acts = [
    () => east.whack({ kind: 'redirect', to: NORTH }),
    () => east.whack({ kind: 'redirect', to: NORTH }),
    () => north.whack({ kind: 'redirect', to: EAST }),
    () => west.whack({ kind: 'rekey-ike', name: 'w-e' }),
    () => east.whack({ kind: 'rekey-ike', name: 'w-e' }),
    () => west.whack({ kind: 'rekey-child', name: 'w-e' }),
    () => north.whack({ kind: 'rekey-child', name: 'w-n' }),
    () => east.whack({ kind: 'terminate', name: 'w-e' }),
  ];
  for (let at = 0; at < TROUBLE; at += 5) {
    clock.advance(dice.below(5_000));
    if (dice.next() < 0.4) dice.pick(acts)();
    if (dice.next() < 0.3) dice.pick(acts)();
    clock.advance(5_000 - (clock.now() % 5_000));
  }
  wire.loses = () => false;
  clock.advance(PEACE * 1000);
  return made;
}

test.each(BLOCKS)(
  'from seed %i on: one tunnel is left, with one gateway, and both ends know it',
  (first) => {
    for (let seed = first; seed < first + SEEDS; seed++) {
      const { west, east, north } = storm(seed);
      const about = `seed ${seed}\n${west.log.slice(-40).join('\n')}\nNORTH\n${north.log.slice(-30).join('\n')}\nEAST\n${east.log.slice(-30).join('\n')}`;
      for (const house of [west, east, north]) expect([house.crashes, house.plane.mistakes], about).toEqual([[], []]);
      expect([tunnels(west), tunnels(east) + tunnels(north)], about).toEqual([1, 1]);
      expect(west.plane.outbound()[0].spi, about).toBe([...east.plane.inbound(), ...north.plane.inbound()][0].spi);
      expect(west.world.switchboard.size, about).toBe(1);
      expect(east.world.switchboard.size + north.world.switchboard.size, about).toBe(1);
      const there = tunnels(east) === 1 ? EAST : NORTH;
      const outward = [...west.plane.policies.values()].filter(({ direction }) => direction === 'out');
      expect(
        outward.map(({ tunnel }) => `${tunnel?.dst}`),
        about,
      ).toEqual([there]);
    }
  },
  120_000,
);
