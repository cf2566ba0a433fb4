/** An initiator that turns away from its peer in IKE_AUTH: one attempt after another, and never two at once. */
import { expect, test } from 'vitest';
import { crossroads, SOUTH } from './crossroads.ts';
import { conn, EAST, isExchange, type Town, town } from './town.ts';

/** West finds no secret for what east calls itself, when east has let it in already. */
const strangers = () =>
  town({
    west: {
      conf: conn('w-e', { rightid: '%any' }),
      secrets: `@west ${EAST} : PSK "swordfish"\n`,
    },
    east: { conf: conn('w-e', { rightid: '@other' }), secrets: '@west @other : PSK "swordfish"\n' },
  });

const scheduled = ({ west }: Pick<Town, 'west'>) =>
  west.log.flatMap((line) => /scheduled in (\d+) seconds/.exec(line)?.[1] ?? []).map(Number);

test('whose proof is not taken is asked again later each time', () => {
  const made = strangers();
  const asked = made.west.whack({ kind: 'initiate', name: 'w-e' });
  expect(asked.exit).not.toBe(0);
  made.clock.advance(40_000);
  expect(scheduled(made)).toEqual([0, 5, 10, 15, 20]);
  expect(made.east.world.switchboard.size).toBe(0);
});

test('a farewell that is not answered holds up the next attempt for seconds, and is no attempt of its own', () => {
  const made = strangers();
  made.wire.loses = isExchange('INFORMATIONAL');
  made.west.whack({ kind: 'initiate', name: 'w-e' });
  made.clock.advance(4_000);
  expect(scheduled(made)).toEqual([]);
  made.clock.advance(2_000);
  expect(scheduled(made)).toEqual([0]);
  expect(made.west.crashes).toEqual([]);
});

test('so is a gateway that sends us where we do not go', () => {
  const made = crossroads({ 'accept-redirect-to': SOUTH });
  made.east.whack({ kind: 'delete', name: 'w-e' });
  made.east.load(conn('w-e', { 'send-redirect': 'yes', 'redirect-to': '192.0.2.77' }));
  expect(made.up().exit).not.toBe(0);
  made.clock.advance(20_000);
  expect(scheduled(made)).toEqual([0, 5, 10, 15]);
  expect(made.east.world.switchboard.size).toBe(0);
});
