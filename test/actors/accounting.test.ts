import { beforeEach, describe, expect, test } from 'vitest';
import { Sessions } from '../../src/actors/accounting.ts';
import type { Event, SessionName } from '../../src/services/radius/record.ts';
import { conn, EAST, type Town, upTown, WEST } from './town.ts';

interface Note {
  readonly name: SessionName;
  readonly event: Event;
}

const MINUTE = 60_000;
const JOE = { id: undefined, user: 'joe', peer: undefined, conn: undefined, local: undefined, classes: [] };

let notes: Note[];
let sessions: Sessions;
beforeEach(() => {
  notes = [];
});

/** East lets west in as joe, because RADIUS says so. */
function eapTown({
  interim = 0,
  both = conn(),
  isOurs = false,
  lasts = undefined as number | undefined,
  speaksV1 = false,
} = {}): Town {
  const ikev1Policy = speaksV1 ? 'accept' : 'drop';
  const made = upTown({
    both,
    west: { ikev1Policy },
    east: {
      ikev1Policy,
      accounting: (clock) => {
        sessions = new Sessions({
          clock,
          random: (octets) => new Uint8Array(octets),
          interim,
          radius: { note: (name, event) => notes.push({ name, event }), figures: () => [] },
        });
        const up = sessions.up.bind(sessions);
        sessions.up = (sa, ike) => {
          sa.eapUser = { name: 'joe', classes: isOurs ? undefined : ['staff'], lasts };
          up(sa, ike);
        };
        return sessions;
      },
    },
  });
  made.clock.settle();
  return made;
}

const story = () => notes.map(({ event }) => (event.t === 'stop' ? `stop ${event.cause}` : event.t));

/** Every SA has carried as much. */
function counting({ east }: Town): void {
  const { plane } = east;
  const counters = plane.counters.bind(plane);
  plane.counters = (key) => {
    const known = counters(key);
    return 'bytes' in known ? { ...known, bytes: 1000, packets: 10 } : known;
  };
}

describe('a session of RADIUS', () => {
  test('begins with the tunnel, and ends with it', () => {
    const made = eapTown();
    const { west, clock } = made;
    counting(made);
    expect(notes).toMatchObject([{ name: { user: 'joe', classes: ['staff'], conn: 'w-e' }, event: { t: 'start' } }]);
    expect([`${notes[0].name.peer}`, `${notes[0].name.local}`]).toEqual([WEST, EAST]);
    clock.advance(10 * MINUTE);
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.settle();
    expect(story()).toEqual(['start', 'stop User-Request']);
    expect(notes[1].event).toMatchObject({
      seconds: 600,
      traffic: { octetsIn: 1000, octetsOut: 1000, packetsIn: 10, packetsOut: 10 },
    });
    expect(notes[1].name.id).toBe(notes[0].name.id);
  });

  test('goes on when its SAs are rekeyed, and sums up what all of them carried', () => {
    const made = eapTown();
    const { west, east, clock } = made;
    counting(made);
    east.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(MINUTE);
    west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(MINUTE);
    east.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(MINUTE);
    expect(story()).toEqual(['start']);
    east.whack({ kind: 'terminate', name: 'w-e' });
    clock.settle();
    expect(story()).toEqual(['start', 'stop Admin-Reset']);
    expect(notes[1].event).toMatchObject({ traffic: { octetsIn: 2000, packetsOut: 20 } });
    expect([...sessions.figures()]).toEqual([
      ['current.radius.sessions', 0],
      ['total.radius.sessions', 1],
    ]);
  });

  test('of IKEv1 gives way to another where the user logs in again, and each octet counts once', () => {
    const both = conn('w-e', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' });
    const made = eapTown({ interim: 5 * MINUTE, both, speaksV1: true });
    const { west, clock } = made;
    counting(made);
    clock.advance(6 * MINUTE);
    west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(MINUTE);
    expect(story()).toEqual(['start', 'interim', 'start', 'stop Port-Preempted']);
    expect(notes[3].event).toMatchObject({ traffic: { octetsIn: 1000, packetsOut: 10 } });
    expect(notes[3].name.id).toBe(notes[0].name.id);
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(MINUTE);
    expect(story().slice(4)).toEqual(['stop User-Request']);
    expect(notes[4].name.id).toBe(notes[2].name.id);
    expect(notes[4].event).toMatchObject({ traffic: { octetsIn: 0, packetsOut: 0 } });
    expect(new Map(sessions.figures()).get('current.radius.sessions')).toBe(0);
  });

  test('is told of now and then, with what it has carried so far', () => {
    const made = eapTown({ interim: 5 * MINUTE });
    counting(made);
    made.clock.advance(16 * MINUTE);
    expect(story()).toEqual(['start', 'interim', 'interim', 'interim']);
    expect(notes[3].event).toMatchObject({ seconds: 900, traffic: { octetsIn: 1000, octetsOut: 1000 } });
    made.west.whack({ kind: 'terminate', name: 'w-e' });
    made.clock.advance(60 * MINUTE);
    expect(story()).toEqual(['start', 'interim', 'interim', 'interim', 'stop User-Request']);
    expect(notes[4].event).toMatchObject({ traffic: { octetsIn: 1000 } });
  });

  test('of a user of our own is none', () => {
    const { west, clock } = eapTown({ interim: MINUTE, isOurs: true });
    clock.advance(5 * MINUTE);
    west.whack({ kind: 'terminate', name: 'w-e' });
    expect(story()).toEqual([]);
  });

  test('whose peer has gone without a word is a lost carrier', () => {
    const { west, clock } = eapTown({ both: conn('w-e', { dpddelay: '10s', 'retransmit-timeout': '5s' }) });
    west.unlisten();
    clock.advance(5 * MINUTE);
    expect(story()).toEqual(['start', 'stop Lost-Carrier']);
  });

  test('is over when the daemon goes, and says that this is why', () => {
    const { east, clock } = eapTown({ interim: MINUTE });
    sessions.closing();
    east.leave();
    clock.advance(3000);
    sessions.close();
    clock.advance(10 * MINUTE);
    expect(story()).toEqual(['start', 'stop Admin-Reboot']);
  });

  test('that does not come to its end in time is over all the same', () => {
    eapTown();
    sessions.closing();
    sessions.close();
    expect(story()).toEqual(['start', 'stop Admin-Reboot']);
  });
});

describe('a session that may last no longer', () => {
  test('is ended when the time is over, and says why', () => {
    const { clock } = eapTown({ lasts: 10 * MINUTE });
    clock.advance(10 * MINUTE - 1000);
    expect(story()).toEqual(['start']);
    clock.advance(2000);
    // Who has a tunnel up logs in again, and is asked for its password.
    expect(story()).toEqual(['start', 'stop Session-Timeout', 'start']);
    expect(notes[1].event).toMatchObject({ seconds: 600 });
    expect(notes[2].name.id).not.toBe(notes[0].name.id);
  });

  test('has the time from its beginning, whatever is rekeyed meanwhile', () => {
    const { east, clock } = eapTown({ lasts: 10 * MINUTE });
    clock.advance(5 * MINUTE);
    east.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(5 * MINUTE + 1000);
    expect(story()).toEqual(['start', 'stop Session-Timeout', 'start']);
  });

  test('and ends before is not ended twice', () => {
    const { west, clock } = eapTown({ lasts: 10 * MINUTE });
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(20 * MINUTE);
    expect(story()).toEqual(['start', 'stop User-Request']);
  });

  test('is not ended by an alarm that cannot be set for so late, but waits for the next', () => {
    const { clock } = eapTown({ lasts: 10 * MINUTE });
    const alarm = clock.alarm.bind(clock);
    clock.alarm = (at, ring) => alarm(Math.min(at, clock.now() + MINUTE), ring);
    const [{ name }] = notes;
    const told: unknown[] = [];
    const sa = { serial: 99, peer: { address: name.peer }, local: { address: name.local }, policy: { name: 'w-e' } };
    sessions.up(sa as never, { tell: (message: unknown) => told.push(message) } as never);
    clock.advance(10 * MINUTE - 1000);
    expect(told).toEqual([]);
    clock.advance(2000);
    expect(told).toHaveLength(1);
  });
});

describe('a session that RADIUS wants ended', () => {
  test('is accounted for under the class of the request, which is the last word on it', () => {
    const { clock } = eapTown();
    expect(sessions.disconnect({ ...JOE, user: 'ann', classes: ['wrong'] })).toBe(0);
    expect(sessions.disconnect({ ...JOE, classes: ['evicted'] })).toBe(1);
    clock.settle();
    expect(notes.map(({ name }) => name.classes)).toEqual([['staff'], ['evicted']]);
  });

  test('is deleted, and the peer is told', () => {
    const { west, clock } = eapTown();
    expect(sessions.disconnect(JOE)).toBe(1);
    clock.settle();
    expect(story()).toEqual(['start', 'stop Admin-Reset']);
    expect(west.world.switchboard.size).toBe(0);
    expect(west.plane.inbound()).toEqual([]);
  });

  test('is found by what identifies it, all of it', () => {
    const { clock, west } = eapTown();
    const [{ name }] = notes;
    for (const other of [
      { ...JOE, user: 'ann' },
      { ...JOE, id: `${name.id}0` },
      { ...JOE, conn: 'e-w' },
      { ...JOE, peer: name.local },
      { ...JOE, local: name.peer },
    ])
      expect(sessions.disconnect(other)).toBe(0);
    clock.settle();
    expect(west.world.switchboard.size).toBe(1);
    expect(sessions.disconnect({ ...name, user: undefined, classes: [] })).toBe(1);
    clock.settle();
    expect(sessions.disconnect({ ...name, classes: [] })).toBe(0);
  });

  test('after its IKE SA was rekeyed is its successor', () => {
    const { east, west, clock } = eapTown();
    east.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(MINUTE);
    expect(sessions.disconnect(JOE)).toBe(1);
    clock.settle();
    expect(west.world.switchboard.size).toBe(0);
    expect(story()).toEqual(['start', 'stop Admin-Reset']);
  });
});
