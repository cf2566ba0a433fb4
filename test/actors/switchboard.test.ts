import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GateLimits } from '../../src/actors/switchboard.ts';
import type { Datagram } from '../../src/ike/effects.ts';
import { COOKIE_ANSWER_OCTETS } from '../../src/ike/v2/cookies.ts';
import { notification } from '../../src/ike/v2/turn.ts';
import { decodeMessage, EXCHANGE_NAMES, encodeMessage, NOTIFY, notifies } from '../../src/ike/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { conn, EAST, type House, isExchange, town, upTown, WEST } from './town.ts';

const at = (address: string, port = 500) => new Endpoint(Address.parse(address)!, port);

/** The first IKE_SA_INIT that west would send. */
function firstInit(
  changes: Parameters<typeof conn>[1] = {},
): { readonly east: House; readonly datagram: Datagram } & ReturnType<typeof town> {
  const made = town({ east: { conf: conn('w-e', changes) } });
  let first: Datagram | undefined;
  made.wire.loses = (datagram) => {
    first ??= datagram;
    return true;
  };
  made.west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  if (!first) throw new Error('west sent nothing');
  return { ...made, datagram: first };
}

/** The same from another initiator: its SPI is `n`. */
function fromSpi({ local, peer, bytes }: Datagram, n: number): Datagram {
  const other = Uint8Array.from(bytes);
  new DataView(other.buffer).setUint32(0, n + 1);
  return { local, peer, bytes: other };
}

describe('IKE_SA_INIT', () => {
  test('one SA for it and its duplicates, and the same answer, also within one batch', () => {
    const { east, datagram, clock, wire } = firstInit();
    const { sent } = wire;
    for (let i = 0; i < 3; i++) east.receive(datagram);
    clock.settle();
    expect(east.world.switchboard.size).toBe(1);
    expect(wire.sent).toBe(sent + 3);
    east.receive(datagram);
    clock.settle();
    expect(east.world.switchboard.halfOpen).toBe(1);
    expect(wire.sent).toBe(sent + 4);
  });

  test('half-open ones go after a minute', () => {
    const { east, datagram, clock } = firstInit();
    for (let n = 0; n < 10; n++) east.receive(fromSpi(datagram, n));
    clock.settle();
    expect(east.world.switchboard.halfOpen).toBe(10);
    clock.advance(60_001);
    expect(east.world.switchboard.halfOpen).toBe(0);
    expect(east.world.switchboard.size).toBe(0);
    expect(east.world.stats.of('total.ike.ikev2.failed')).toBe(10);
  });
});

test('half-open ones by the thousand say no more than a few do', () => {
  const { east, datagram, clock } = firstInit();
  const before = east.log.length;
  for (let n = 0; n < 1_000; n++) east.receive(fromSpi(datagram, n));
  clock.settle();
  expect(east.world.switchboard.halfOpen).toBe(1_000);
  expect(east.log.length - before).toBe(101);
  expect(east.log[before]).toContain('sent IKE_SA_INIT response');
});

describe('the gate', () => {
  test('asks for cookies from the threshold on, and a returned one opens', () => {
    const { west, east, datagram, wire, clock } = firstInit();
    east.world.switchboard.limits.cookiesFrom = 5;
    for (let n = 0; n < 20; n++) east.receive(fromSpi(datagram, n));
    clock.settle();
    expect(east.world.switchboard.halfOpen).toBe(5);
    expect(east.world.switchboard.counters.cookies).toBe(15);
    wire.loses = () => false;
    clock.advance(1_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('lets nobody new in beyond max-halfopen-ike, and those inside may finish', () => {
    const { west, east, datagram, wire, clock } = firstInit();
    east.world.switchboard.limits.maxHalfOpen = 3;
    east.receive(datagram);
    for (let n = 0; n < 10; n++) east.receive(fromSpi(datagram, n));
    clock.settle();
    expect(east.world.switchboard.halfOpen).toBe(3);
    expect(east.world.switchboard.counters.refused).toBe(8);
    wire.loses = () => false;
    clock.advance(1_000);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(east.world.switchboard.halfOpen).toBe(2);
  });

  test('--ddos-busy asks everybody, --ddos-unlimited nobody', () => {
    const { west, east } = town();
    east.whack({ kind: 'ddos', mode: 'busy' });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(east.world.switchboard.counters.cookies).toBe(1);
    west.whack({ kind: 'terminate', name: 'w-e' });
    east.whack({ kind: 'ddos', mode: 'unlimited' });
    east.world.switchboard.limits.cookiesFrom = 0;
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(east.world.switchboard.counters.cookies).toBe(1);
  });

  test('asks for cookies when handshakes wait, and lets nobody in when they wait too long', () => {
    const { east, datagram, clock, wire } = firstInit();
    const { switchboard } = east.world;
    const { counters } = switchboard;
    const since = (ms: number, n: number) => {
      east.receive(fromSpi(datagram, 2 * n));
      clock.elapse(ms);
      const { sent } = wire;
      east.receive(fromSpi(datagram, 2 * n + 1));
      const hasAnswered = wire.sent > sent;
      clock.settle();
      return hasAnswered;
    };
    expect(since(499, 0)).toBe(false);
    expect([counters.cookies, switchboard.halfOpen]).toEqual([0, 2]);
    expect(since(500, 1)).toBe(true);
    expect([counters.cookies, switchboard.halfOpen]).toEqual([1, 3]);
    clock.advance(10_000);
    expect(since(5_000, 2)).toBe(false);
    expect([counters.cookies, counters.shed, switchboard.halfOpen]).toEqual([1, 1, 4]);
    clock.advance(10_000);
    expect(since(0, 3)).toBe(false);
    expect(switchboard.halfOpen).toBe(6);
  });

  test('once there was a reason for cookies, they are asked for until there has been none for ten seconds', () => {
    const { east, datagram, clock } = firstInit();
    const { counters } = east.world.switchboard;
    let n = 0;
    const knocks = (ms: number) => {
      clock.advance(ms);
      east.receive(fromSpi(datagram, n++));
      clock.settle();
      return counters.cookies;
    };
    const waiting = (ms: number) => east.world.switchboard.afterWaiting(ms, () => east.receive(fromSpi(datagram, n++)));
    expect(knocks(0)).toBe(0);
    waiting(499);
    waiting(172_800_000); // The clock was set by two days.
    expect(counters.cookies).toBe(0);
    waiting(500);
    expect(counters.cookies).toBe(1);
    expect([knocks(0), knocks(9_000)]).toEqual([2, 3]);
    waiting(700);
    expect([knocks(9_000), knocks(1_000)]).toEqual([5, 5]);
    const said = east.log.filter((line) => line.includes('cookies'));
    expect(said).toEqual([
      expect.stringContaining('first messages are answered with cookies: they wait 500 ms (ddos-delay=500ms)'),
      expect.stringContaining('first messages need no cookies any more'),
    ]);
  });

  test('cookies that nobody returns count as what they have spared us', () => {
    const { east, datagram, clock } = firstInit();
    const { switchboard } = east.world;
    switchboard.limits.cookiesFrom = 100;
    switchboard.afterWaiting(600, () => east.receive(fromSpi(datagram, 0)));
    for (let n = 1; n < 200; n++) east.receive(fromSpi(datagram, n));
    clock.advance(25_000);
    expect(switchboard.wantsCookies).toBe(true);
    clock.advance(20_000);
    expect(switchboard.wantsCookies).toBe(true);
    clock.advance(31_000);
    expect(switchboard.wantsCookies).toBe(false);
    expect(switchboard.halfOpen).toBe(0);
  });

  test('with --ddos-unlimited or ddos-delay=0 nobody is turned away for our being late', () => {
    for (const limits of [{ mode: 'unlimited' }, { delay: 0 }] as const) {
      const { east, datagram, clock } = firstInit();
      Object.assign(east.world.switchboard.limits, limits);
      east.receive(fromSpi(datagram, 1));
      clock.elapse(60_000);
      east.receive(fromSpi(datagram, 2));
      clock.settle();
      expect(east.world.switchboard.counters).toMatchObject({ cookies: 0, shed: 0 });
    }
  });

  test('those who are in come first: a rekey and a delete are answered before what a flood has begun', () => {
    const { west, east, wire, clock } = upTown();
    const { datagram } = firstInit();
    const order: string[] = [];
    const request: Datagram[] = [];
    wire.loses = (d) => {
      request.push(d);
      return true;
    };
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    wire.loses = ({ local, bytes }) => {
      if (`${local.address}` === WEST) order.push(EXCHANGE_NAMES.get(bytes[18]) ?? '?');
      return true;
    };
    for (let n = 0; n < 500; n++) east.receive(fromSpi(datagram, n));
    east.receive(request[0]);
    clock.settle();
    expect(order).toHaveLength(501);
    expect(order.indexOf('CREATE_CHILD_SA')).toBe(0);
  });

  test('tunnels rekey on time while the daemon is late and a flood is answered with cookies', () => {
    const { west, east, clock } = upTown({ both: conn('w-e', { ikelifetime: '1h', rekeymargin: '5m' }) });
    const { datagram } = firstInit();
    const { switchboard } = east.world;
    const rekeyed = () => west.world.stats.of('total.ikev2.ike.established');
    const before = rekeyed();
    let n = 0;
    const flood = (count: number) => {
      for (let i = 0; i < count; i++) east.receive({ ...fromSpi(datagram, n++), peer: at(WEST, 1_000 + i) });
    };
    for (let minute = 0; minute < 120; minute++) {
      flood(5);
      clock.elapse(600);
      flood(200);
      clock.advance(59_400);
    }
    expect(switchboard.counters.cookies).toBe(120 * 200);
    expect(rekeyed() - before).toBe(2);
    for (const { world } of [west, east]) expect(world.stats.of('total.ikev2.child.established')).toBeGreaterThan(0);
    expect(west.log.join('\n')).not.toMatch(/timeout|expired/);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(east.crashes).toEqual([]);
  });

  describe('of a source that has returned cookies', () => {
    /** What `from` would send with the cookie that it is asked for. */
    function withCookies(limits: Partial<GateLimits> = {}) {
      const made = firstInit({ left: '%any', leftid: '@west' });
      const { east, datagram, wire, clock } = made;
      east.whack({ kind: 'ddos', mode: 'busy' });
      Object.assign(east.world.switchboard.limits, limits);
      const knock = (n: number, from: string) => {
        let cookie: Uint8Array | undefined;
        wire.loses = ({ local, bytes }) => {
          const decoded = decodeMessage(bytes);
          if (`${local.address}` === from && decoded.ok)
            cookie = notifies(decoded.value.payloads, NOTIFY.COOKIE)[0]?.data;
          return true;
        };
        const first = { ...fromSpi(datagram, n), peer: at(from) };
        east.receive(first);
        clock.settle();
        const decoded = decodeMessage(first.bytes);
        if (!decoded.ok || !cookie) throw new Error('no cookie was asked for');
        const { header, payloads } = decoded.value;
        const second = { ...first, bytes: encodeMessage(header, [notification(NOTIFY.COOKIE, cookie), ...payloads]) };
        east.receive(second);
        clock.settle();
        return second;
      };
      return { ...made, knock };
    }

    test('there are no more than its share, and others still get in', () => {
      const { east, clock, knock } = withCookies({ maxPerSource: 3 });
      const { switchboard } = east.world;
      for (let n = 0; n < 10; n++) knock(n, '203.0.113.7');
      expect(switchboard.halfOpen).toBe(3);
      expect(switchboard.counters.crowded).toBe(7);
      knock(20, '203.0.113.8');
      expect(switchboard.halfOpen).toBe(4);
      clock.advance(60_001);
      expect(switchboard.halfOpen).toBe(0);
      knock(30, '203.0.113.7');
      expect(switchboard.halfOpen).toBe(1);
    });

    test('what others send in its name takes nothing from it', () => {
      const { east, datagram, clock, knock } = withCookies({ mode: 'auto', cookiesFrom: 50, maxPerSource: 3 });
      const { switchboard } = east.world;
      for (let n = 0; n < 500; n++) east.receive({ ...fromSpi(datagram, n), peer: at('203.0.113.7') });
      clock.settle();
      expect(switchboard.halfOpen).toBe(50);
      knock(1_000, '203.0.113.7');
      expect(switchboard.halfOpen).toBe(51);
      expect(switchboard.counters.crowded).toBe(0);
    });

    test('one cookie makes up for one that nobody returns, and not for all of them', () => {
      const { east, datagram, clock, knock } = withCookies({ mode: 'auto', cookiesFrom: 100, maxPerSource: 1 });
      const { switchboard } = east.world;
      switchboard.afterWaiting(600, () => east.receive(fromSpi(datagram, 10_000)));
      for (let n = 0; n < 150; n++) east.receive(fromSpi(datagram, n));
      knock(1_000, '203.0.113.7');
      const one = knock(1_001, '203.0.113.7');
      for (let n = 0; n < 300; n++) east.receive(one);
      expect(switchboard.counters.crowded).toBe(301);
      clock.advance(20_000);
      expect(switchboard.wantsCookies).toBe(true);
      clock.advance(61_000);
      expect(switchboard.wantsCookies).toBe(false);
    });

    test('there is any number with max-halfopen-per-source=0', () => {
      const { east, knock } = withCookies({ maxPerSource: 0 });
      for (let n = 0; n < 50; n++) knock(n, '203.0.113.7');
      expect(east.world.switchboard.halfOpen).toBe(50);
    });
  });

  test('a cookie opens through one change of the secret, not through two', () => {
    const sizeAfter = (...waits: readonly number[]) => {
      const { west, east, wire, clock } = town();
      east.whack({ kind: 'ddos', mode: 'busy' });
      wire.delay = 10;
      const late: Datagram[] = [];
      wire.loses = (d) => {
        const isSecond = isExchange('IKE_SA_INIT')(d) && d.peer.address.toString() === WEST && wire.sent > 2;
        if (isSecond) late.push(d);
        return isSecond;
      };
      west.whack({ kind: 'initiate', name: 'w-e' });
      clock.advance(100);
      wire.loses = () => true;
      for (const [n, ms] of waits.entries()) {
        clock.advance(ms);
        // Somebody else's first message makes the house look at its clock.
        east.receive(fromSpi(late[0], n));
      }
      east.receive(late[0]);
      clock.settle();
      return east.world.switchboard.size;
    };
    expect(sizeAfter(1_000)).toBe(1);
    expect(sizeAfter(61_000)).toBe(1);
    expect(sizeAfter(61_000, 61_000)).toBe(0);
  });
});

describe('first messages in the buffer of their socket', () => {
  /** What a socket would do with them; how many it has read, and what it has sent. */
  function reading(east: House, datagrams: readonly Datagram[]) {
    const { switchboard } = east.world;
    const state = { read: 0, paused: false };
    const read = () => {
      while (state.read < datagrams.length) {
        if (!switchboard.hasRoom) {
          state.paused = true;
          return switchboard.whenRoom(() => {
            state.paused = false;
            read();
          });
        }
        east.receive(datagrams[state.read++]);
      }
    };
    read();
    return state;
  }

  test('wait there while there is enough to do, and are all read in the end', () => {
    const { east, datagram, clock } = firstInit();
    const state = reading(
      east,
      Array.from({ length: 1_000 }, (_, n) => fromSpi(datagram, n)),
    );
    expect(state).toEqual({ read: 128, paused: true });
    clock.settle();
    expect(state).toEqual({ read: 1_000, paused: false });
    expect(east.world.switchboard.halfOpen).toBe(1_000);
  });

  test('a copy of one that has come up since makes nothing, from another place it may', () => {
    const { east, datagram, clock, wire } = firstInit();
    const { switchboard } = east.world;
    wire.loses = () => false;
    clock.advance(1_000);
    expect([switchboard.size, switchboard.halfOpen]).toEqual([1, 0]);
    east.receive(datagram);
    clock.settle();
    expect([switchboard.size, switchboard.halfOpen, switchboard.counters.late]).toEqual([1, 0, 1]);
    east.receive({ ...datagram, peer: at(WEST, 4711) });
    clock.settle();
    expect([switchboard.halfOpen, switchboard.counters.late]).toEqual([1, 1]);
    clock.advance(20_001);
    east.receive(datagram);
    clock.settle();
    expect([switchboard.halfOpen, switchboard.counters.late]).toEqual([2, 1]);
  });

  test('two with the same SPI are told apart by where they come from', () => {
    const { east, datagram, clock } = firstInit();
    const { switchboard } = east.world;
    const ports = [500, 501, 502];
    for (const port of [...ports, ...ports]) east.receive({ ...datagram, peer: at(WEST, port) });
    clock.settle();
    expect([switchboard.size, switchboard.halfOpen]).toEqual([3, 3]);
    const spiI = datagram.bytes.slice(0, 8);
    for (const [i, port] of [501, 500, 777, 502].entries()) {
      switchboard.unregisterHalfOpen(spiI, at(WEST, port), false);
      expect(switchboard.halfOpen).toBe([2, 1, 1, 0][i]);
    }
  });

  test('are answered where they lie while cookies are asked for, but for those that have one', () => {
    const { east, datagram, clock } = firstInit();
    const { switchboard } = east.world;
    const { counters } = switchboard;
    expect(switchboard.greets).toBe(false);
    east.whack({ kind: 'ddos', mode: 'busy' });
    expect(switchboard.greets).toBe(true);
    const to = new Uint8Array(100);
    const addresses = datagram.peer.address.toBytes();
    const knock = ({ bytes }: Datagram) =>
      ({ bytes, at: 0, octets: bytes.length, addresses, from: 0, family: 4 }) as const;
    expect(switchboard.greet(knock(datagram), to, 7)).toBe('answered');
    const decoded = decodeMessage(datagram.bytes);
    const answer = decodeMessage(to.subarray(7, 7 + COOKIE_ANSWER_OCTETS));
    if (!decoded.ok || !answer.ok) throw new Error('no message');
    const cookie = notifies(answer.value.payloads, NOTIFY.COOKIE)[0].data;
    const { header, payloads } = decoded.value;
    const returned = encodeMessage(header, [notification(NOTIFY.COOKIE, cookie), ...payloads]);
    expect(switchboard.greet(knock({ ...datagram, bytes: returned }), to, 7)).toBe('receive');
    east.receive({ ...datagram, bytes: returned });
    expect([counters.cookies, counters.returned, switchboard.halfOpen]).toEqual([1, 1, 1]);
    expect(switchboard.greet(knock(datagram), to, 7)).toBe('receive');
    const [wounded, later] = [fromSpi(datagram, 1), fromSpi(datagram, 2)];
    wounded.bytes[30] = 0xff;
    later.bytes[18] = 35;
    expect(switchboard.greet(knock(wounded), to, 7)).toBe('dropped');
    expect(switchboard.greet(knock(later), to, 7)).toBe('receive');
    expect([counters.received, counters.malformed, counters.cookies]).toEqual([3, 1, 1]);
    clock.settle();
    switchboard.limits.maxHalfOpen = 1;
    expect(switchboard.greets).toBe(false);
  });
});

describe('what else arrives', () => {
  test('what names an SA that we do not have is told from all else where it lies', () => {
    const { west, east, wire } = upTown();
    const { switchboard } = east.world;
    const ours = east.world.switchboard.sas().length;
    let request: Datagram | undefined;
    wire.loses = (d) => {
      request ??= d;
      return true;
    };
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    const { bytes } = request!;
    const isStray = (b: Uint8Array) => switchboard.isStray(new Uint8Array([1, 2, 3, ...b]), 3, b.length);
    const changed = (at: number, value: number) => bytes.with(at, value);
    expect(isStray(bytes)).toBe(false);
    expect(switchboard.counters.unknownSpi).toBe(0);
    expect(isStray(changed(12, bytes[12] ^ 1))).toBe(true);
    expect(isStray(changed(19, bytes[19] & ~0x08))).toBe(true);
    expect(switchboard.counters.unknownSpi).toBe(2);
    // Not ours to judge: another version, a first message, something short.
    expect(isStray(changed(17, 0x30).with(12, bytes[12] ^ 1))).toBe(false);
    const first = firstInit().datagram.bytes;
    expect([isStray(first), isStray(first.with(19, 0x28))]).toEqual([false, true]);
    expect(isStray(bytes.subarray(0, 27))).toBe(false);
    expect(switchboard.sas()).toHaveLength(ours);
  });

  test('unknown SPIs get no answer and make nothing', () => {
    const { west, east, wire, clock } = upTown();
    let farewell: Datagram | undefined;
    wire.loses = (d) => {
      farewell ??= d;
      return true;
    };
    west.whack({ kind: 'terminate', name: 'w-e' });
    const stray = fromSpi(farewell!, 7);
    stray.bytes.set([9, 9, 9, 9, 9, 9, 9, 9], 8);
    const { sent } = wire;
    east.receive(stray);
    clock.settle();
    expect(east.world.switchboard.counters.unknownSpi).toBe(1);
    expect(wire.sent).toBe(sent);
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('garbage of any length is counted and changes nothing', () => {
    const { east, wire, clock } = upTown();
    const { counters } = east.world.switchboard;
    const { sent } = wire;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        // A version above 2 deserves an answer (RFC 7296 §2.5).
        fc.pre(bytes.length < 18 || bytes[17] >> 4 <= 2);
        const before = counters.received;
        east.receive({ local: at(EAST), peer: at('203.0.113.5'), bytes });
        clock.settle();
        expect(counters.received).toBe(before + 1);
        expect(east.world.switchboard.size).toBe(1);
      }),
    );
    expect(wire.sent).toBe(sent);
    expect(east.crashes).toEqual([]);
  });

  test('every octet of every message flipped on the way leaves the tunnel to come up all the same', () => {
    const { west, east, wire, clock } = town();
    let n = 0;
    wire.loses = ({ local, peer, bytes }) => {
      const house = `${local.address}` === EAST ? east : west;
      const spoiled = Uint8Array.from(bytes);
      spoiled[n++ % bytes.length] ^= 1 << (n & 7);
      house.receive({ local, peer, bytes: spoiled });
      return false;
    };
    const up = west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    clock.advance(70_000);
    expect(up.exit).toBe(0);
    expect(west.crashes.concat(east.crashes)).toEqual([]);
    expect(west.plane.inbound().length).toBeGreaterThan(0);
  });

  test('a full mailbox drops packets, and counts them', () => {
    const { west, east, wire } = upTown();
    let request: Datagram | undefined;
    wire.loses = (d) => {
      request ??= d;
      return true;
    };
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    for (let i = 0; i < 1_000; i++) east.receive(request!);
    expect(east.world.switchboard.counters.dropped).toBe(1_000 - 256);
    east.clock.settle();
    expect(east.crashes).toEqual([]);
  });

  test('nothing is sent from where nobody listens', () => {
    const { west, clock } = upTown();
    west.unlisten();
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(600);
    expect(west.world.switchboard.counters.unsendable).toBe(2);
    expect(west.crashes).toEqual([]);
  });
});

test('peers behind one address are told apart by their SPIs', () => {
  const both = conn('w-e', { rightsubnet: undefined, leftsubnet: undefined });
  const { west, east } = upTown({ both });
  east.whack({ kind: 'initiate', name: 'w-e' });
  expect(west.world.switchboard.sas().length).toBe(east.world.switchboard.sas().length);
});
