/** Established peers that are sent to another gateway: RFC 5685 §5, `whack --redirect-to`. */
import { describe, expect, test } from 'vitest';
import { redirect as tellAll } from '../../src/actors/redirecting.ts';
import { standFor } from '../../src/actors/standing.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { decodeMessage, EXCHANGE } from '../../src/ike/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { crossroads, NORTH, resolving, SOUTH } from './crossroads.ts';
import { Heard } from './heard.ts';
import { conn, EAST, House, isExchange, PSK, WEST } from './town.ts';

const redirect = (house: House, to = NORTH, name?: string) =>
  house.whack({ kind: 'redirect', to, ...(name !== undefined && { name }) });

/** The same with the tunnel up. */
function onTheWay(...args: Parameters<typeof crossroads>) {
  const made = crossroads(...args);
  const asked = made.up();
  if (asked.exit !== 0) throw new Error(asked.text);
  return made;
}

/** Inbound halves stay a few seconds for what is still on the way. */
const tunnels = (house: House) => house.plane.outbound().length;

describe('a peer that may be sent elsewhere', () => {
  test('goes there, and leaves when it has arrived', () => {
    const { west, east, north, wire, said } = onTheWay();
    const arrows: string[] = [];
    wire.tap = ({ address: from }, { address: to }, bytes) => {
      const decoded = decodeMessage(bytes);
      if (decoded.ok) arrows.push(`${from} ${to} ${decoded.value.header.exchange}`);
    };
    const asked = redirect(east);
    expect([asked.exit, asked.text]).toEqual([0, `sent 1 peer to ${NORTH}`]);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
    expect(said(west)).toContain(`peer redirects us to ${NORTH}`);
    // The tunnel to north before the end of the one with east.
    const { IKE_AUTH, INFORMATIONAL } = EXCHANGE;
    const there = arrows.indexOf(`${NORTH} ${WEST} ${IKE_AUTH}`);
    const gone = arrows.lastIndexOf(`${WEST} ${EAST} ${INFORMATIONAL}`);
    expect(there).toBeGreaterThan(0);
    expect(gone).toBeGreaterThan(there);
    for (const house of [west, east, north]) expect([house.crashes, house.plane.mistakes]).toEqual([[], []]);
    const outward = [...west.plane.policies.values()].filter(({ direction }) => direction === 'out');
    expect(outward.map(({ tunnel }) => `${tunnel?.dst}`)).toEqual([NORTH]);
    expect([west.world.switchboard.size, east.world.switchboard.size]).toEqual([1, 0]);
    expect(east.world.stats.redirects).toEqual({ sent: 1, obeyed: 0, refused: 0 });
    expect(west.world.stats.redirects).toEqual({ sent: 0, obeyed: 1, refused: 0 });
  });

  test('stays up there, and comes back to the first gateway after the second has gone', () => {
    const { west, east, north, clock } = onTheWay();
    redirect(east);
    clock.advance(120_000);
    expect([tunnels(west), tunnels(north)]).toEqual([1, 1]);
    expect(west.log.join('\n')).not.toContain('revival');
    north.whack({ kind: 'terminate', name: 'w-n' });
    clock.advance(10_000);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 1, 0]);
  });

  test('can be sent on by the next one, five times in five minutes', () => {
    const { west, east, north, clock, said } = onTheWay();
    for (let n = 0; n < 5; n++) {
      redirect(n % 2 === 0 ? east : north, n % 2 === 0 ? NORTH : EAST);
      clock.advance(5_000);
    }
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
    redirect(north, EAST);
    expect(said(west)).toContain(
      `peer redirects us to ${EAST}, where we do not go: 5 gateways have sent us on already`,
    );
    expect(tunnels(north)).toBe(1);
    clock.advance(300_000);
    // North has thrown us out after a minute; we were with east again, which may send us on as soon as five are not too many.
    redirect(east);
    clock.advance(5_000);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
  });

  test('leaves with all connections that share the IKE SA', () => {
    const two = conn('two', { 'accept-redirect': 'yes', rightsubnet: '10.0.3.0/24' });
    const there = { conf: conn() + conn('two', { rightsubnet: '10.0.3.0/24' }) };
    const { west, east, north, clock } = onTheWay({}, {}, { conf: two, east: there });
    north.load(conn('two', { right: NORTH, rightsubnet: '10.0.3.0/24' }));
    expect(west.whack({ kind: 'initiate', name: 'two' }).exit).toBe(0);
    expect([tunnels(west), east.world.switchboard.size]).toEqual([2, 1]);
    redirect(east, NORTH, 'two');
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([2, 0, 2]);
    expect([west.world.switchboard.size, north.world.switchboard.size]).toEqual([1, 1]);
    clock.advance(120_000);
    expect([tunnels(west), tunnels(north), west.crashes]).toEqual([2, 2, []]);
  });

  test('takes its inner address of the other gateway', () => {
    const client = { leftsubnet: undefined, leftmodecfgclient: 'yes' };
    const gateway = (pool: string) => ({ leftsubnet: undefined, rightsubnet: '10.0.2.0/24', leftaddresspool: pool });
    const made = crossroads(client, gateway('10.9.0.1-10.9.0.9'), {
      east: { conf: conn('w-e', gateway('10.8.0.1-10.8.0.9')) },
    });
    const { west, east, north, up } = made;
    expect(up().exit).toBe(0);
    redirect(east);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
    expect(west.log.join('\n')).toMatch(/10\.9\.0\.1/);
    const [outward] = [...west.plane.policies.values()].filter(({ direction }) => direction === 'out');
    expect([`${outward.src}`, `${outward.tunnel?.dst}`]).toEqual(['10.9.0.1/32', NORTH]);
  });

  test.each(['ike', 'child'] as const)('is found after a rekey of the %s SA, whoever began that', (what) => {
    for (const who of ['west', 'east'] as const) {
      const made = onTheWay();
      made[who].whack({ kind: `rekey-${what}`, name: 'w-e' });
      expect(redirect(made.east).text).toBe(`sent 1 peer to ${NORTH}`);
      expect([tunnels(made.west), tunnels(made.east), tunnels(made.north)]).toEqual([1, 0, 1]);
    }
  });
});

describe('who stays', () => {
  test.each([
    [{ 'accept-redirect-to': SOUTH }, NORTH, 'accept-redirect-to= does not name it'],
    [{}, EAST, 'that is where we are'],
    [{}, WEST, 'that is us'],
    [{}, '2001:db8::1', 'we have no address of that family here'],
    [{}, '127.0.0.1', 'that is no address of a host'],
    [{}, '224.0.0.1', 'that is no address of a host'],
    [{}, '255.255.255.255', 'that is no address of a host'],
  ])('%o: nobody goes to %s', (changes, to, why) => {
    const { west, east, north, clock, said } = onTheWay(changes);
    redirect(east, to);
    expect(said(west)).toContain(`peer redirects us to ${to}, where we do not go: ${why}`);
    clock.advance(30_000);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 1, 0]);
    expect(west.world.stats.redirects).toEqual({ sent: 0, obeyed: 0, refused: 1 });
  });

  test('is left after a minute, and may come again', () => {
    const { west, east, clock } = onTheWay({ 'accept-redirect-to': SOUTH });
    redirect(east);
    clock.advance(59_000);
    expect(east.log.join('\n')).not.toContain('has not left');
    clock.advance(2_000);
    expect(east.log.join('\n')).toContain('peer has been sent to another gateway and has not left');
    clock.advance(1_000);
    expect([tunnels(west), tunnels(east)]).toEqual([1, 1]);
    expect(east.log.join('\n')).not.toContain('revival');
  });

  test('is left after redirect-grace=', () => {
    const { west, east, clock } = onTheWay({ 'accept-redirect-to': SOUTH });
    standFor(east.world.standing, {}, { globalRedirect: 'no', globalRedirectTo: [], redirectGraceMs: 5_000 });
    redirect(east);
    clock.advance(4_999);
    expect(tunnels(west)).toBe(1);
    expect(east.log.join('\n')).not.toContain('has not left');
    clock.advance(1);
    expect(east.log.join('\n')).toContain('has not left');
  });

  test('does not stay for having rekeyed', () => {
    const { west, east, clock } = onTheWay({ 'accept-redirect-to': SOUTH });
    redirect(east);
    clock.advance(30_000);
    west.whack({ kind: 'rekey-ike', name: 'w-e' });
    clock.advance(31_000);
    expect(east.log.join('\n')).toContain('has not left');
    expect(east.crashes).toEqual([]);
  });

  test('is who has not offered to go: it hears of nothing', () => {
    const { west, east, clock, said } = onTheWay({ 'accept-redirect': 'no' });
    const asked = redirect(east);
    expect(asked.text).toBe(`sent 0 peers to ${NORTH}; 1 cannot follow (no accept-redirect= there, or begun here)`);
    clock.advance(120_000);
    expect([said(west), tunnels(west), tunnels(east)]).toEqual(['', 1, 1]);
  });

  test('is the gateway: only who began is sent anywhere', () => {
    const made = onTheWay({}, {}, { east: { conf: conn('w-e', { 'accept-redirect': 'yes' }) } });
    expect(redirect(made.west).text).toBe(
      `sent 0 peers to ${NORTH}; 1 cannot follow (no accept-redirect= there, or begun here)`,
    );
    expect(made.said(made.east)).toBe('');
  });

  test('is who finds nobody at the other gateway, until it is thrown out', () => {
    const { west, east, clock } = onTheWay();
    redirect(east, SOUTH);
    clock.advance(55_000);
    expect([tunnels(west), tunnels(east)]).toEqual([1, 1]);
    // The gateway throws us out while we still try the other one; that comes to nothing, and we are back.
    clock.advance(65_000);
    expect([tunnels(west), tunnels(east)]).toEqual([1, 1]);
    expect(west.world.switchboard.size).toBe(1);
    expect(west.log.filter((line) => line.includes('revival')).length).toBeLessThan(3);
    expect(west.crashes.concat(east.crashes)).toEqual([]);
  });

  test('is who is refused there: it says so and keeps what it has', () => {
    const { west, east, north } = onTheWay({}, { rightsubnet: '10.0.9.0/24' });
    redirect(east);
    expect(west.log.join('\n')).toContain('staying with the gateway that sends us away');
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 1, 0]);
    expect(north.world.switchboard.size).toBe(0);
  });
});

describe('what crosses', () => {
  test('a second REDIRECT waits until we have arrived', () => {
    const { west, east, clock, wire } = onTheWay();
    wire.loses = ({ local }) => `${local.address}` === NORTH;
    redirect(east);
    redirect(east, SOUTH);
    expect(west.log.join('\n')).toContain('we are on the way to another gateway already');
    wire.loses = () => false;
    clock.advance(5_000);
    expect(tunnels(west)).toBe(1);
    expect(tunnels(east)).toBe(0);
  });

  test('the gateway throws us out before we have arrived: nothing is begun twice', () => {
    const { west, east, north, clock, wire } = onTheWay();
    wire.loses = ({ local }) => `${local.address}` === NORTH;
    redirect(east);
    east.whack({ kind: 'terminate', name: 'w-e' });
    expect(tunnels(west)).toBe(0);
    wire.loses = () => false;
    clock.advance(5_000);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
    expect(west.log.join('\n')).not.toContain('revival');
  });

  test('down on the way: both SAs go, and stay away', () => {
    const { west, east, north, clock, wire } = onTheWay();
    wire.loses = ({ local }) => `${local.address}` === NORTH;
    redirect(east);
    wire.loses = () => false;
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    clock.advance(120_000);
    for (const house of [west, east, north]) expect([tunnels(house), house.world.switchboard.size]).toEqual([0, 0]);
  });

  test('a REDIRECT that meets our farewell changes nothing', () => {
    const { west, east, north, clock, wire } = onTheWay();
    wire.loses = isExchange('INFORMATIONAL');
    west.whack({ kind: 'terminate', name: 'w-e', ...{ asynchronous: true } });
    redirect(east);
    wire.loses = () => false;
    clock.advance(120_000);
    for (const house of [west, east, north]) expect([tunnels(house), house.world.switchboard.size]).toEqual([0, 0]);
  });

  test('answers are lost: the request comes again, and is obeyed once', () => {
    const { west, east, north, clock, wire } = onTheWay();
    let left = 3;
    wire.loses = ({ local, bytes }) =>
      `${local.address}` === EAST && bytes[18] === EXCHANGE.INFORMATIONAL && left-- > 0;
    redirect(east);
    clock.advance(20_000);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
    expect(west.log.filter((line) => line.includes('peer redirects us to'))).toHaveLength(1);
  });
});

describe('names', () => {
  const HOSTS = { 'north.example': NORTH, 'six.example': '2001:db8::3' };
  const asking = (
    changes: Readonly<Record<string, string>>,
    answer: (reply: () => void) => void = (reply) => reply(),
  ) => crossroads(changes, {}, { west: { services: resolving(HOSTS, answer) } });

  test('of gateways are looked up: in IKE_SA_INIT, in IKE_AUTH, and later', () => {
    for (const how of ['init', 'auth', 'later'] as const) {
      const { west, east, north, up, said } = asking({});
      if (how === 'init') east.whack({ kind: 'global-redirect', mode: 'yes', to: 'north.example' });
      if (how === 'auth') {
        east.whack({ kind: 'delete', name: 'w-e' });
        east.load(conn('w-e', { 'send-redirect': 'yes', 'redirect-to': 'north.example' }));
      }
      expect(up().exit).toBe(0);
      if (how === 'later') redirect(east, 'north.example');
      expect(said(west)).toContain(`peer redirects us to north.example, which is ${NORTH}`);
      expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
    }
  });

  test('in accept-redirect-to= stand for their addresses', () => {
    const good = asking({ 'accept-redirect-to': 'other.example,north.example' });
    good.up();
    redirect(good.east);
    expect([tunnels(good.west), tunnels(good.north)]).toEqual([1, 1]);
    const bad = asking({ 'accept-redirect-to': 'north.example' });
    bad.up();
    redirect(bad.east, SOUTH);
    expect(bad.said(bad.west)).toContain('accept-redirect-to= names no host at that address');
    expect(tunnels(bad.east)).toBe(1);
  });

  test('that are not allowed are not looked up', () => {
    const { west, east, up, said } = asking({ 'accept-redirect-to': 'north.example' });
    up();
    redirect(east, 'south.example');
    expect(said(west)).toContain('accept-redirect-to= does not name it');
    expect([...west.world.services.figures()]).toEqual([['asked', 0]]);
  });

  test.each([
    ['nowhere.example', 'it has no IPv4 address'],
    ['six.example', 'it has no IPv4 address'],
  ])('%s: %s', (name, why) => {
    const { west, east, up, said } = asking({});
    up();
    redirect(east, name);
    expect(said(west)).toContain(`peer redirects us to ${name}, where we do not go: ${why}`);
    expect(tunnels(east)).toBe(1);
  });

  test('an answer that comes late finds the SA as it was; what came meanwhile is done after it', () => {
    const replies: (() => void)[] = [];
    const { west, east, north, clock, up } = asking({}, (reply) => void replies.push(reply));
    up();
    redirect(east, 'north.example');
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(10_000);
    expect([tunnels(west), tunnels(north)]).toEqual([1, 0]);
    for (const reply of replies) reply();
    clock.advance(10_000);
    expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
  });
});

describe('many', () => {
  const road = { left: EAST, leftid: '@east', leftsubnet: '10.0.0.0/8', right: '%any', rightid: undefined };

  function crowd(count: number, mayGo = (_: number) => 'yes') {
    const secrets = ': PSK "swordfish"\n';
    const made = crossroads(
      {},
      { ...road, left: NORTH },
      { east: { conf: conn('road', { ...road, rightsubnet: undefined }), secrets } },
    );
    made.north.whack({ kind: 'delete', name: 'w-n' });
    made.north.keepSecrets(secrets);
    made.north.load(conn('road', { ...road, left: NORTH, rightsubnet: undefined }));
    const clients = Array.from({ length: count }, (_, i) => {
      const address = `198.51.${100 + (i >> 8)}.${i & 255}`;
      const conf = conn('w-e', {
        left: address,
        leftid: `@c${i}`,
        leftsubnet: undefined,
        rightsubnet: '10.0.0.0/8',
        'accept-redirect': mayGo(i),
      });
      return new House(`c${i}`, made.clock, made.wire, { address, conf, secrets: PSK.replace('@west', `@c${i}`) });
    });
    made.clock.settle();
    for (const client of clients) expect(client.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    return { ...made, clients };
  }

  test('go, no more than so many at once; who does not answer holds nobody up for long', () => {
    const { east, north, clients, clock, wire } = crowd(40, (i) => (i % 10 === 9 ? 'no' : 'yes'));
    expect(tunnels(east)).toBe(40);
    // Nobody hears of anything.
    let sent = new Set<string>();
    wire.loses = ({ local, peer, bytes }) => {
      if (`${peer.address}` !== EAST || bytes[18] !== EXCHANGE.INFORMATIONAL) return false;
      sent.add(`${local.address}`);
      return true;
    };
    const asked = new Heard();
    tellAll(east.world, { kind: 'redirect', to: NORTH }, asked, 32);
    clock.settle();
    expect([sent.size, asked.exit]).toEqual([32, undefined]);
    sent = new Set();
    wire.loses = ({ local }) => `${local.address}` === '198.51.100.0';
    clock.advance(70_000);
    expect(asked.text).toBe(
      `sent 35 peers to ${NORTH}; 4 cannot follow (no accept-redirect= there, or begun here); 1 went before they had heard of it`,
    );
    expect(tunnels(north)).toBe(35);
    expect(tunnels(east)).toBe(4);
    for (const house of [east, north, ...clients]) expect(house.crashes).toEqual([]);
  });

  test('of one connection, of one instance of it, to several gateways by turns', () => {
    const { east, north, clients, clock } = crowd(6);
    expect(redirect(east, NORTH, 'road[2]').text).toBe(`sent 1 peer to ${NORTH}`);
    expect(tunnels(north)).toBe(1);
    expect(redirect(east, `${NORTH}, ${SOUTH}`, 'road').text).toBe(`sent 5 peers to ${NORTH}, ${SOUTH}`);
    clock.settle();
    const there = clients.filter((client) => client.log.some((line) => line.includes(`redirects us to ${SOUTH}`)));
    expect([2, 3]).toContain(there.length);
    expect(redirect(east, NORTH, 'nobody').exit).toBe(RC.UNKNOWN_NAME);
  });

  test('the daemon goes in the midst of it: whoever asked hears how far it came', () => {
    const { east, wire } = crowd(3);
    wire.loses = ({ local }) => `${local.address}` === EAST;
    const asked = redirect(east);
    east.leave();
    expect(asked.text).toContain('not done to the end');
  });
});

test('busy: send-redirect=auto sends on whoever has not been sent here already', () => {
  const auto = { 'send-redirect': 'auto', 'redirect-to': NORTH };
  const { west, east, north, up } = crossroads(
    {},
    { 'send-redirect': 'auto', 'redirect-to': EAST },
    { east: { conf: conn('w-e', auto) } },
  );
  expect(up().exit).toBe(0);
  expect(tunnels(east)).toBe(1);
  west.whack({ kind: 'terminate', name: 'w-e' });
  for (const house of [east, north]) house.whack({ kind: 'ddos', mode: 'busy' });
  expect(up().exit).toBe(0);
  expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
  expect(Address.parse(NORTH)).toBeDefined();
});

test('busy: global-redirect=auto at both gateways does not send anybody to and fro', () => {
  const { west, east, north, up } = crossroads();
  for (const [house, to] of [
    [east, NORTH],
    [north, EAST],
  ] as const) {
    house.whack({ kind: 'global-redirect', mode: 'auto', to });
    house.whack({ kind: 'ddos', mode: 'busy' });
  }
  expect(up().exit).toBe(0);
  expect([tunnels(west), tunnels(east), tunnels(north)]).toEqual([1, 0, 1]);
});
