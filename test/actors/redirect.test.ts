/** Peers that are sent to another gateway: RFC 5685, in IKE_SA_INIT. */
import { describe, expect, test } from 'vitest';
import { readRedirect } from '../../src/ike/v2/redirect.ts';
import { notification } from '../../src/ike/v2/turn.ts';
import { decodeMessage, encodeMessage, NOTIFY, notifies } from '../../src/ike/wire/index.ts';
import { Address } from '../../src/net/address.ts';
import { crossroads, NORTH, SOUTH } from './crossroads.ts';
import { conn, EAST, type House } from './town.ts';

const send = (house: House, to: string, mode: 'yes' | 'auto' = 'yes') =>
  expect(house.whack({ kind: 'global-redirect', mode, to }).exit).toBe(0);

describe('global-redirect=yes', () => {
  test('sends who can be sent to the other gateway, and there the tunnel comes up', () => {
    const { west, east, north, wire, up } = crossroads();
    send(east, NORTH);
    const asked: (Address | undefined)[] = [];
    wire.tap = (_, to, bytes) => {
      const decoded = decodeMessage(bytes);
      if (`${to.address}` !== NORTH || !decoded.ok) return;
      const [from] = notifies(decoded.value.payloads, NOTIFY.REDIRECTED_FROM);
      if (from) asked.push(Address.fromBytes(from.data.subarray(2)));
    };
    expect(up().exit).toBe(0);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(north.plane.inbound()).toHaveLength(1);
    expect(east.world.switchboard.size).toBe(0);
    expect(east.world.switchboard.counters.redirected).toBe(1);
    expect(asked.map(String)).toEqual([EAST]);
    expect(west.log.join('\n')).toContain(`peer redirects us to ${NORTH}`);
  });

  test('lets those in that cannot be sent anywhere', () => {
    const { west, east, up } = crossroads({ 'accept-redirect': 'no' });
    send(east, NORTH);
    expect(up().exit).toBe(0);
    expect(east.plane.inbound()).toHaveLength(1);
    expect(west.world.switchboard.size).toBe(1);
  });

  test('names gateways by turns', () => {
    const { west, east, up, said } = crossroads({ 'accept-redirect-to': 'none.example' });
    send(east, `${NORTH}, gw.example.net`);
    for (let n = 0; n < 3; n++) up();
    const named = [
      ...said(west)
        .replace(/.*deleting IKE SA.*/g, '')
        .matchAll(/redirects us to (\S+?), where/g),
    ].map(([, gateway]) => gateway);
    expect(named).toEqual([NORTH, 'gw.example.net', NORTH]);
    expect(west.plane.inbound()).toHaveLength(0);
  });
});

test('global-redirect=auto sends nobody away but while cookies are demanded', () => {
  const { west, east, north, up } = crossroads();
  send(east, NORTH, 'auto');
  expect(up().exit).toBe(0);
  expect(east.plane.inbound()).toHaveLength(1);
  west.whack({ kind: 'terminate', name: 'w-e' });
  east.whack({ kind: 'ddos', mode: 'busy' });
  expect(up().exit).toBe(0);
  expect(east.world.switchboard.counters).toMatchObject({ redirected: 1, cookies: 0 });
  expect(north.plane.inbound()).toHaveLength(1);
});

describe('who is sent', () => {
  test('goes only where accept-redirect-to= says', () => {
    const good = crossroads({ 'accept-redirect-to': `198.51.100.1,${NORTH}` });
    send(good.east, NORTH);
    expect(good.up().exit).toBe(0);
    const bad = crossroads({ 'accept-redirect-to': SOUTH });
    send(bad.east, NORTH);
    expect(bad.up().exit).not.toBe(0);
    expect(bad.said(bad.west)).toContain('where we do not go: accept-redirect-to= does not name it');
    expect(bad.north.world.switchboard.counters.received).toBe(0);
  });

  test.each([
    [EAST, 'that is where we are'],
    ['gw.example.net', 'it has no IPv4 address (nobody answers addresses here)'],
    ['2001:db8::1', 'we have no address of that family here'],
  ])('does not go to %s', (gateway, why) => {
    const { west, east, up, said } = crossroads();
    send(east, gateway);
    expect(up().exit).not.toBe(0);
    expect(said(west)).toContain(`peer redirects us to ${gateway}, where we do not go: ${why}`);
  });

  test('follows five gateways and no more', () => {
    const { west, east, north, up, said } = crossroads();
    send(east, NORTH);
    send(north, EAST);
    expect(up().exit).not.toBe(0);
    expect(said(west)).toContain('5 gateways have sent us on already');
    expect(east.world.switchboard.counters.redirected + north.world.switchboard.counters.redirected).toBe(6);
  });

  test('has nothing done to it by a gateway that cannot prove to be the peer', () => {
    const { west, east, north, up } = crossroads({}, { rightid: '@mallory' });
    north.keepSecrets('@west @mallory : PSK "swordfish"\n');
    send(east, NORTH);
    up();
    expect(west.plane.inbound()).toHaveLength(0);
  });

  test('heeds no REDIRECT without its own nonce, nor one that it has not offered to follow', () => {
    for (const changes of [{}, { 'accept-redirect': 'no' }]) {
      const { west, wire, clock, said } = crossroads(changes);
      wire.loses = ({ local, peer, bytes }) => {
        const decoded = decodeMessage(bytes);
        if (`${local.address}` !== EAST || !decoded.ok) return false;
        const { header } = decoded.value;
        const data = Uint8Array.from([1, 4, 192, 0, 2, 3, ...new Uint8Array(32)]);
        const forged = encodeMessage({ ...header, isInitiator: false, isResponse: true }, [
          notification(NOTIFY.REDIRECT, data),
        ]);
        west.receive({ local: peer, peer: local, bytes: forged });
        return false;
      };
      west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
      clock.advance(1_000);
      expect(said(west)).toContain('ignored: the nonce is not ours');
      expect(west.plane.inbound()).toHaveLength(1);
    }
  });
});

describe('send-redirect=yes', () => {
  const sends = (to: string) => ({ 'send-redirect': 'yes', 'redirect-to': to });
  const at = (east: Readonly<Record<string, string>>, west: Readonly<Record<string, string>> = {}) => {
    const made = crossroads(west);
    made.east.whack({ kind: 'delete', name: 'w-e' });
    made.east.load(conn('w-e', east));
    return made;
  };

  test('sends an authentic peer on in IKE_AUTH, and the tunnel comes up there', () => {
    const { west, east, north, clock, up } = at(sends(NORTH));
    const asked = up();
    expect(asked.exit).toBe(0);
    expect(asked.text).toContain(`peer redirects us to ${NORTH}`);
    expect(west.plane.inbound()).toHaveLength(1);
    expect(north.plane.inbound()).toHaveLength(1);
    expect(east.plane.inbound()).toHaveLength(0);
    clock.advance(120_000);
    expect(east.world.switchboard.size).toBe(0);
    expect(west.world.switchboard.size).toBe(1);
    expect(west.crashes.concat(east.crashes, north.crashes)).toEqual([]);
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    expect(north.plane.inbound()).toHaveLength(0);
  });

  test('serves those that cannot be sent anywhere', () => {
    const { east, up } = at(sends(NORTH), { 'accept-redirect': 'no' });
    expect(up().exit).toBe(0);
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('ends a peer that stays, after a minute', () => {
    const { west, east, wire, clock } = at(sends(NORTH));
    wire.loses = ({ local, bytes }) => `${local.address}` === EAST && bytes[18] !== 34;
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    clock.advance(1_000);
    expect(east.world.switchboard.size).toBe(1);
    wire.loses = () => true;
    clock.advance(200_000);
    expect(east.world.switchboard.size).toBe(0);
  });

  test.each([
    [{ 'accept-redirect-to': SOUTH }, NORTH, 'accept-redirect-to= does not name it'],
    [{}, EAST, 'that is where we are'],
    [{}, 'gw.example.net', 'it has no IPv4 address (nobody answers addresses here)'],
  ])('%o: nobody goes to %s', (west, to, why) => {
    const made = at(sends(to), west);
    expect(made.up().exit).not.toBe(0);
    expect(made.said(made.west)).toContain(`peer redirects us to ${to}, where we do not go: ${why}`);
    made.west.whack({ kind: 'terminate', name: 'w-e' });
    expect(made.west.plane.inbound()).toHaveLength(0);
  });

  test('two that send to each other are left after five', () => {
    const { west, east, north, clock, up, said } = at(sends(NORTH));
    north.whack({ kind: 'delete', name: 'w-n' });
    north.load(conn('w-n', { right: NORTH, ...sends(EAST) }));
    expect(up().exit).not.toBe(0);
    expect(said(west)).toContain('5 gateways have sent us on already');
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(200_000);
    for (const house of [west, east, north]) expect(house.world.switchboard.size).toBe(0);
  });
});

test('a notification of any other shape is a fault', () => {
  const nonce = new Uint8Array(16).fill(7);
  const read = (...octets: number[]) => readRedirect(Uint8Array.from([...octets, ...nonce]), nonce);
  expect(read(1, 4, 192, 0, 2, 3)).toEqual({ gateway: Address.parse(NORTH) });
  expect(read(3, 2, 0x67, 0x77)).toEqual({ gateway: 'gw' });
  expect(read(3, 2, 0x67, 0x0a)).toEqual({ wrong: 'its gateway is no name' });
  expect(read(1, 3, 192, 0, 2)).toEqual({ wrong: 'a gateway of kind 1 and 3 octets' });
  expect(read(4, 1, 0)).toEqual({ wrong: 'a gateway of kind 4 and 1 octets' });
  expect(read(1, 5, 192, 0, 2, 3)).toEqual({ wrong: 'the nonce is not ours' });
  expect(read(2, 200)).toEqual({ wrong: 'no gateway in it' });
  expect(readRedirect(new Uint8Array(), nonce)).toEqual({ wrong: 'no gateway in it' });
});
