import { describe, expect, test } from 'vitest';
import { expectAgreement, upPair } from './pair.ts';

const FAIR = { loss: 0, duplication: 0, minDelay: 1, maxDelay: 1 };
const HOUR = 3_600_000;

describe('children', () => {
  test.each(['west', 'east'] as const)('%s rekeys: new traffic on the newest, and the old one goes', (who) => {
    const made = upPair({ weather: FAIR });
    const { west, east, clock } = made;
    const [old] = made[who].sa.children;
    made[who].command({ t: 'rekeyChild', serial: old.serial });
    clock.advance(1_000);
    expect(made[who].ups.at(-1)).toMatchObject({ replaces: old.serial });
    expect(west.plane.size).toBe(2);
    expectAgreement(made);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    expect(west.plane.send('w-e')!.spi).toBe(west.sa.children[1].spiOut);
    // The older one receives as long as is usual between a rekey and the end: margin and fuzz.
    clock.advance(1_070_000);
    expect(west.plane.size).toBe(2);
    clock.advance(15_000);
    expect(west.plane.size).toBe(1);
    expect(east.plane.size).toBe(1);
    expectAgreement(made);
  });

  test('by time: the initiator, and only the newest of its kind', () => {
    const made = upPair({ weather: FAIR, policy: { child: { lifetime: HOUR }, ikeLifetime: 8 * HOUR } });
    const { west, east, clock } = made;
    clock.advance(3 * HOUR);
    expect(west.plane.size).toBe(1);
    expectAgreement(made);
    expect(west.lines.filter((line) => line.includes('to replace IPsec SA')).length).toBeGreaterThanOrEqual(3);
    expect(east.lines.filter((line) => line.includes('to replace IPsec SA'))).toEqual([]);
    expect(west.downs.every((d) => d.why === 'replaced')).toBe(true);
  });

  test('the shorter lifetime counts, at both ends', () => {
    const made = upPair({
      weather: FAIR,
      policy: { rekey: false, child: { lifetime: 8 * HOUR } },
      east: { policy: { child: { lifetime: 900_000 } } },
    });
    made.clock.advance(890_000);
    expect(made.west.plane.size + made.east.plane.size).toBe(2);
    made.clock.advance(15_000);
    expect(made.west.plane.size + made.east.plane.size).toBe(0);
  });

  test('a rekey that comes to nothing leaves the old one, and is tried again', () => {
    const made = upPair({ weather: FAIR });
    const { west, clock, wire } = made;
    wire.isCut = true;
    const [old] = west.sa.children;
    west.command({ t: 'rekeyChild', serial: old.serial });
    clock.advance(70_000);
    expect(old.state).toBe('up');
    expect(west.plane.size).toBe(1);
    wire.isCut = false;
    clock.advance(120_000);
    expect(west.ups.at(-1)).toMatchObject({ replaces: old.serial });
    clock.advance(61_000);
    expectAgreement(made);
  });
});

describe('ISAKMP SAs', () => {
  test('before its end a new one is made, which gets the children', () => {
    const made = upPair({ weather: FAIR, policy: { child: { lifetime: 8 * HOUR } } });
    const { west, east, clock } = made;
    const [first] = west.sas.values();
    clock.advance(HOUR - 10_000);
    expect(west.renewals).toBe(1);
    expect(west.sas.size).toBe(2);
    expect(first.sa.children).toEqual([]);
    clock.advance(HOUR / 2);
    expect(west.sas.size).toBe(1);
    expect(east.sas.size).toBe(1);
    expect(west.downs.every((d) => d.why !== 'expired')).toBe(true);
    expectAgreement(made);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
  });

  test('RESPONDER-LIFETIME tells the initiator that it has less time', () => {
    const made = upPair({
      weather: FAIR,
      policy: { rekey: false },
      east: { policy: { ikeLifetime: 900_000 } },
    });
    const sas = [...made.west.sas.values(), ...made.east.sas.values()].map(({ sa }) => sa);
    made.clock.advance(905_000);
    expect(sas.map(({ state }) => state)).toEqual(['lapsed', 'lapsed']);
  });

  test('one whose time is over keeps its IPsec SAs until theirs is, and can say nothing any more', () => {
    const made = upPair({ weather: FAIR, policy: { rekey: false, ikeLifetime: 900_000, child: { lifetime: HOUR } } });
    const { west, east, clock, wire } = made;
    const { sa } = west;
    clock.advance(905_000);
    const said = wire.sent.length;
    expect([sa.state, sa.keys]).toEqual(['lapsed', undefined]);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    clock.advance(HOUR);
    expect(wire.sent.length).toBe(said);
    expect([west, east].map((host) => host.sas.size + host.plane.size)).toEqual([0, 0]);
  });

  test('a child that is to be rekeyed after that gets a new one first', () => {
    const made = upPair({ weather: FAIR, policy: { ikeLifetime: 900_000, child: { lifetime: HOUR } } });
    const { west, east, clock, wire } = made;
    const [sa] = [...west.sas.values()].map((one) => one.sa);
    const before = west.agreed().child;
    wire.isCut = true;
    clock.advance(905_000);
    wire.isCut = false;
    expect([sa.state, sa.children.length]).toEqual(['lapsed', 1]);
    clock.advance(HOUR - 1_000_000);
    expect(sa.state).toBe('dead');
    expect(west.agreed().child).not.toEqual(before);
    expect(east.plane.accepts(west.plane.send('w-e')!)).toBe(true);
    expect(west.plane.accepts(east.plane.send('w-e')!)).toBe(true);
  });
});

test('two that call each other at the same time end with the same SAs', () => {
  for (let seed = 0; seed < 40; seed++) {
    const made = upPair({ seed, weather: FAIR });
    made.west.up();
    made.east.up();
    made.clock.advance(70_000);
    expectAgreement(made);
    expect(made.east.plane.accepts(made.west.plane.send('w-e')!), `seed ${seed}`).toBe(true);
  }
});

test.each(['ISAKMP SA', 'IPsec SA'])(
  'a responder that wants an %s of two seconds does not have us begin one a second',
  (what) => {
    const lives = what === 'ISAKMP SA' ? { ikeLifetime: 2_000 } : { child: { lifetime: 2_000 } };
    const { west, wire, clock } = upPair({ weather: FAIR, east: { policy: lives } });
    const before = [west.renewals, wire.sent.length];
    clock.advance(120_000);
    expect([west.renewals, wire.sent.length - before[1] < 20]).toEqual([before[0], true]);
    expect(west.downs.map(({ why }) => why)).toEqual(what === 'ISAKMP SA' ? [] : ['expired']);
  },
);
