import { describe, expect, test } from 'vitest';
import { conn, type House, town, upTown } from './town.ts';

const TWO = conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24' });

function expectEmpty(...houses: readonly House[]): void {
  for (const house of houses) {
    expect(house.plane.sas.size).toBe(0);
    expect(house.plane.policies.size).toBe(0);
    expect(house.world.policies.size).toBe(0);
    expect(house.world.sas.size).toBe(0);
    expect(house.world.switchboard.size).toBe(0);
    expect(house.world.switchboard.halfOpen).toBe(0);
    expect(house.plane.mistakes).toEqual([]);
    expect(house.crashes).toEqual([]);
  }
}

describe('whack --terminate', () => {
  test('takes the IKE SA and its children down at both ends, and none comes again', () => {
    const { west, east, clock } = upTown();
    const down = west.whack({ kind: 'terminate', name: 'w-e' });
    expect(down.exit).toBe(0);
    expect(down.lines.map((l) => l.text)).toEqual([
      `"w-e": initiating delete of connection's IKE SA #1 (and Child SA #2)`,
      '"w-e" #1: sent INFORMATIONAL request to delete IKE SA',
      '"w-e" #2: ESP traffic information: in=0B out=0B',
      '"w-e" #1: deleting IKE SA (deleted)',
    ]);
    expectEmpty(west, east);
    clock.advance(400_000);
    expectEmpty(west, east);
    expect(west.log.filter((l) => l.includes('revival'))).toEqual([]);
  });

  test('leaves the children of other conns on a shared IKE SA alone', () => {
    const { west, east } = upTown({ both: TWO });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    const down = west.whack({ kind: 'terminate', name: 'w-e' });
    expect(down.exit).toBe(0);
    for (const house of [west, east]) {
      expect(house.plane.inbound()).toHaveLength(1);
      expect(house.world.switchboard.size).toBe(1);
      expect([...house.plane.policies.values()].map((p) => `${p.src} ${p.dst}`)).not.toContainEqual(
        expect.stringContaining('10.0.1.0/24'),
      );
    }
    expect(west.whack({ kind: 'terminate', name: 'w-e-2' }).exit).toBe(0);
    expect(west.plane.sas.size).toBe(0);
  });

  test('a second time ends as well, with the shared IKE SA still there', () => {
    const { west } = upTown({ both: TWO });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    west.whack({ kind: 'terminate', name: 'w-e' });
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    expect(west.plane.inbound()).toHaveLength(1);
  });

  test('of what is not up ends at once', () => {
    const { west, wire } = town();
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    expect(wire.sent).toBe(0);
  });

  test('in the middle of a negotiation ends both whacks', () => {
    const { west, east, wire, clock } = town();
    wire.loses = () => true;
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(3_000);
    const down = west.whack({ kind: 'terminate', name: 'w-e' });
    expect(down.exit).toBe(0);
    expect(up.exit).toBeDefined();
    clock.advance(400_000);
    expectEmpty(west, east);
  });

  test('a silent peer is told a few times, then forgotten', () => {
    const { west, wire, clock } = upTown();
    wire.loses = () => true;
    west.whack({ kind: 'terminate', name: 'w-e' });
    expect(west.plane.sas.size).toBe(0);
    expect(west.world.switchboard.size).toBe(1);
    clock.advance(5_001);
    expectEmpty(west);
  });
});

describe('a connection that is wanted comes again', () => {
  const revivals = (house: House) =>
    house.log.flatMap((l) => /revival attempt (\d+) scheduled in (\d+) seconds/.exec(l)?.slice(1).map(Number) ?? []);

  test('when the peer deletes it', () => {
    const { west, east, clock } = upTown();
    east.whack({ kind: 'terminate', name: 'w-e' });
    expect(revivals(west)).toEqual([1, 0]);
    clock.advance(10);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(east.plane.inbound()).toHaveLength(1);
    expect(revivals(east)).toEqual([]);
  });

  test('after 0, 5, 10 … seconds, five minutes at most, as long as nobody answers', () => {
    const { west, wire, clock } = upTown({ both: conn('w-e', { 'retransmit-timeout': '1s' }) });
    wire.loses = () => true;
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(64 * 302_000);
    const delays = revivals(west).filter((_, i) => i % 2 === 1);
    const attempts = revivals(west).filter((_, i) => i % 2 === 0);
    expect(delays.slice(0, 5)).toEqual([0, 5, 10, 15, 20]);
    expect(delays.at(-1)).toBe(300);
    expect(Math.max(...delays)).toBe(300);
    expect(attempts).toEqual(attempts.map((_, i) => i + 1));
    wire.loses = () => false;
    clock.advance(302_000);
    expect(west.plane.inbound()).toHaveLength(1);
  });

  test('as often as keyingtries= says, the first attempt counted', () => {
    const { west, wire, clock } = town({ both: conn('w-e', { 'retransmit-timeout': '1s', keyingtries: '3' }) });
    wire.loses = () => true;
    west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(400_000);
    expect(revivals(west)).toEqual([1, 0, 2, 5]);
    expect(west.log.at(-1)).toMatch(/^"w-e": giving up after 3 attempts \(keyingtries=3; /);
    expect(west.world.switchboard.size).toBe(0);
  });

  test('ever more seldom to a peer that lets it in and throws it out at once', () => {
    const { west, east, clock } = upTown();
    for (let i = 0; i < 4; i++) {
      east.whack({ kind: 'terminate', name: 'w-e' });
      clock.advance(20_000);
    }
    expect(revivals(west).filter((_, i) => i % 2 === 1)).toEqual([0, 5, 10, 15]);
    clock.advance(61_000);
    east.whack({ kind: 'terminate', name: 'w-e' });
    expect(revivals(west).slice(-2)).toEqual([1, 0]);
  });

  test('not at the end that was told to take it down, nor at one that never wanted it', () => {
    const { west, east, clock } = upTown();
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(400_000);
    expect([...revivals(west), ...revivals(east)]).toEqual([]);
    expectEmpty(west, east);
  });

  test('a whack in between takes the place of the revival', () => {
    const { west, wire, clock } = upTown({ both: conn('w-e', { 'retransmit-timeout': '1s' }) });
    wire.loses = () => true;
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(2_100);
    wire.loses = () => false;
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    clock.advance(60_000);
    expect(west.plane.inbound()).toHaveLength(1);
  });
});

describe('the daemon leaves', () => {
  test('with a farewell, and nothing stays behind', async () => {
    const { west, east, clock } = upTown({ both: TWO });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    west.whack({ kind: 'route', name: 'w-e' });
    west.whack({ kind: 'shutdown' });
    await Promise.resolve();
    expect(west.system.counters().actors).toBe(0);
    expect(west.hasLeft).toBe(true);
    clock.advance(1);
    expectEmpty(west, east);
  });

  test('from a silent peer after two seconds', async () => {
    const { west, wire, clock } = upTown();
    wire.loses = () => true;
    west.whack({ kind: 'shutdown' });
    clock.advance(2_001);
    await Promise.resolve();
    expect(west.hasLeft).toBe(true);
    expectEmpty(west);
  });
});

describe('a step that throws', () => {
  test('ends one IKE SA: its SAs are gone, its connection comes again, others live on', () => {
    const other = conn('w-o', { right: '192.0.2.3', rightid: '@other', rightsubnet: '10.0.9.0/24' });
    const both = TWO.replaceAll('auto=add', 'auto=add\n  initial-contact=yes');
    const { west, east, clock } = upTown({ both, west: { conf: both + other } });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    west.whack({ kind: 'route', name: 'w-o' });
    west.beforeDice = () => {
      west.beforeDice = () => {};
      throw new Error('out of dice');
    };
    const rekey = west.whack({ kind: 'rekey-child', name: 'w-e' });
    expect(west.crashes).toEqual(['/states/#1: out of dice']);
    expect(rekey.exit).toBeDefined();
    clock.advance(5_100);
    expect(west.world.switchboard.size).toBe(1);
    expect(west.plane.inbound()).toHaveLength(2);
    expect(east.plane.inbound()).toHaveLength(2);
    expect(west.world.registry.named('w-o')).toBeDefined();
    expect(west.plane.mistakes).toEqual([]);
  });

  test('of a connection ends that connection alone', () => {
    const { west } = upTown({ both: TWO });
    west.beforeDice = () => {
      throw new Error('out of dice');
    };
    const text = {
      name: 'w-x',
      file: 'whack',
      line: 0,
      keywords: { left: '192.0.2.1', right: '192.0.2.9', authby: 'secret' },
    };
    west.whack({ kind: 'add', conn: text });
    const up = west.whack({ kind: 'initiate', name: 'w-x' });
    expect(west.crashes).toEqual(['/connections/w-x: out of dice']);
    expect(up.exit).toBeDefined();
    west.beforeDice = () => {};
    expect(west.whack({ kind: 'initiate', name: 'w-e-2' }).exit).toBe(0);
  });
});
