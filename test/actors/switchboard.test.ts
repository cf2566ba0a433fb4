import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GateLimits } from '../../src/actors/switchboard.ts';
import type { Datagram } from '../../src/ike/effects.ts';
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
    expect(since(5_000, 2)).toBe(false);
    expect([counters.cookies, counters.shed, switchboard.halfOpen]).toEqual([1, 1, 4]);
    expect(since(0, 3)).toBe(false);
    expect(switchboard.halfOpen).toBe(6);
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
        east.receive({ ...first, bytes: encodeMessage(header, [notification(NOTIFY.COOKIE, cookie), ...payloads]) });
        clock.settle();
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

describe('what else arrives', () => {
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
