import { describe, expect, test } from 'vitest';
import { RC } from '../../src/control/reply-codes.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { conn, EAST, House, PSK, town, WEST } from './town.ts';

/** East takes whoever has the secret; `n` road warriors at 198.51.100.1 … */
function gate(n: number, changes: Record<string, string> = {}) {
  const secrets = '%any : PSK "swordfish"\n';
  const any = { left: '%any', leftid: '%any', leftsubnet: undefined, right: EAST, rightid: '@east', ...changes };
  const made = town({ east: { conf: conn('road', any), secrets } });
  const warriors = Array.from({ length: n }, (_, i) => {
    const address = `198.51.100.${i + 1}`;
    const conf = conn('home', { left: address, leftid: `@w${i}`, leftsubnet: undefined, ...changes });
    return new House(`w${i}`, made.clock, made.wire, { address, conf, secrets });
  });
  return { ...made, warriors };
}

const instances = (house: House) =>
  [...house.world.registry.entries()].flatMap((e) => house.world.registry.instancesOf(e));

describe('a template, right=%any', () => {
  test('makes an instance for each peer, with a number, a name and a reqid of its own', () => {
    const { east, warriors } = gate(3);
    for (const warrior of warriors) expect(warrior.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
    expect(instances(east).map((e) => e.policy?.instance)).toEqual([1, 2, 3]);
    expect(new Set(instances(east).map((e) => e.policy?.child.reqid)).size).toBe(3);
    expect(east.log).toContainEqual(
      expect.stringMatching(/^"road"\[2\] 198\.51\.100\.2 #\d+: responder established Child SA/),
    );
    expect(east.plane.inbound().map((s) => `${s.selectors[0].src}`)).toEqual([
      '198.51.100.1/32',
      '198.51.100.2/32',
      '198.51.100.3/32',
    ]);
  });

  test('the same peer coming back has its instance back', () => {
    const { east, warriors, clock } = gate(1, { 'initial-contact': 'yes' });
    const [warrior] = warriors;
    warrior.whack({ kind: 'initiate', name: 'home' });
    warrior.world.switchboard.sas()[0].tell({ t: 'command', command: { t: 'abandon', why: 'power cut' } });
    clock.settle();
    expect(warrior.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
    clock.advance(5_001);
    expect(instances(east)).toHaveLength(1);
    expect(east.plane.inbound()).toHaveLength(1);
    expect(east.world.switchboard.size).toBe(1);
  });

  test('an instance goes with its last SA', () => {
    const { east, warriors, clock } = gate(2);
    for (const warrior of warriors) warrior.whack({ kind: 'initiate', name: 'home' });
    warriors[0].whack({ kind: 'terminate', name: 'home' });
    clock.advance(10_000);
    expect(instances(east).map((e) => e.policy?.instance)).toEqual([2]);
    expect(warriors[0].whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
    expect(east.plane.inbound()).toHaveLength(2);
  });

  test('a peer with the wrong secret leaves no instance behind', () => {
    const { east, warriors } = gate(1);
    warriors[0].keepSecrets('%any : PSK "shark"\n');
    expect(warriors[0].whack({ kind: 'initiate', name: 'home' }).exit).toBeGreaterThanOrEqual(20);
    expect(instances(east)).toEqual([]);
  });

  test('deleted, takes its instances along', () => {
    const { east, warriors, clock } = gate(2);
    for (const warrior of warriors) warrior.whack({ kind: 'initiate', name: 'home' });
    east.whack({ kind: 'delete', name: 'road' });
    clock.advance(5_001);
    expect(instances(east)).toEqual([]);
    expect(east.plane.sas.size).toBe(0);
    expect(east.plane.policies.size).toBe(0);
    expect(east.system.counters().actors).toBe(2);
  });

  test('terminate takes all instances down; initiate needs a peer', () => {
    const { east, warriors } = gate(2);
    for (const warrior of warriors) warrior.whack({ kind: 'initiate', name: 'home' });
    expect(east.whack({ kind: 'initiate', name: 'road' }).exit).toBe(RC.NOPEERIP);
    expect(east.whack({ kind: 'terminate', name: 'road' }).exit).toBe(0);
    expect(east.plane.sas.size).toBe(0);
  });

  test('road[2] is one instance: whoever says so means no other', async () => {
    const { east, warriors, clock } = gate(3);
    for (const warrior of warriors) warrior.whack({ kind: 'initiate', name: 'home' });
    const shown = await east.report({ kind: 'connectionstatus', name: 'road[2]' });
    expect(shown.rowsOf('connections').map((r) => [r.conn, r.instance?.number])).toEqual([['road', 2]]);
    const states = await east.report({ kind: 'showstates', name: 'road[2]' });
    expect(new Set(states.rowsOf('states').map((r) => r.instance?.number))).toEqual(new Set([2]));
    const numbers = () => instances(east).map((e) => e.policy?.instance);
    const keptBy = (w: House) => w.plane.inbound().map((sa) => sa.spi);
    const [first, last] = [keptBy(warriors[0]), keptBy(warriors[2])];
    expect(east.whack({ kind: 'terminate', name: 'road[2]' }).exit).toBe(0);
    clock.advance(100);
    // The second warrior comes again, as another instance.
    expect(numbers()).toEqual([1, 3, 4]);
    expect([keptBy(warriors[0]), keptBy(warriors[2])]).toEqual([first, last]);
    expect(east.whack({ kind: 'delete', name: 'road[3]' }).exit).toBe(0);
    clock.advance(100);
    expect(numbers()).toEqual([1, 4, 5]);
  });

  test.each(['road[2]', 'road[0]', 'road[]', 'road[1', 'road[-1]', 'home[1]', 'road[1][1]', 'road[01e1]'])(
    '%s, which there is not, is nobody',
    (name) => {
      const { east, warriors } = gate(1);
      warriors[0].whack({ kind: 'initiate', name: 'home' });
      expect(east.whack({ kind: 'terminate', name }).exit).toBe(RC.UNKNOWN_NAME);
      expect(instances(east)).toHaveLength(1);
    },
  );

  test('a peer that has an own conn beside the template gets that', () => {
    const secrets = '%any : PSK "swordfish"\n';
    const any = conn('road', { left: '%any', leftid: '%any', leftsubnet: undefined });
    const { west, east } = town({ east: { conf: any + conn(), secrets } });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(instances(east)).toEqual([]);
    expect(east.log.at(-1)).toMatch(/^"w-e" #/);
  });
});

describe('INITIAL_CONTACT', () => {
  const both = conn('w-e', { 'initial-contact': 'yes' });

  test('replaces what the peer has forgotten', () => {
    const { west, east, clock } = town({ both });
    west.whack({ kind: 'initiate', name: 'w-e' });
    west.world.switchboard.sas()[0].tell({ t: 'command', command: { t: 'abandon', why: 'power cut' } });
    clock.settle();
    west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(5_001);
    expect(east.world.switchboard.size).toBe(1);
    expect(east.plane.inbound()).toHaveLength(1);
    expect(east.log).toContainEqual(expect.stringContaining('peer sent INITIAL_CONTACT'));
    expect(east.log.filter((l) => l.includes('revival'))).toEqual([]);
  });

  test('both ends at once do not talk each other out of their tunnels', () => {
    const { west, east, wire, clock } = town({ both: both.replace('auto=add', 'auto=start') });
    wire.delay = 10;
    clock.advance(30_000);
    const pairs = (a: House, b: House) =>
      a.plane.outbound().filter((out) => b.plane.inbound().some((i) => i.spi === out.spi)).length;
    expect(west.plane.outbound().length).toBeGreaterThan(0);
    expect(pairs(west, east)).toBe(west.plane.outbound().length);
    expect(pairs(east, west)).toBe(east.plane.outbound().length);
    expect(west.plane.mistakes.concat(east.plane.mistakes)).toEqual([]);
  });

  test('one of somebody else changes nothing', () => {
    const { west, east, wire, clock } = town({ both });
    west.whack({ kind: 'initiate', name: 'w-e' });
    const stranger = new House('stranger', clock, wire, {
      address: '192.0.2.7',
      conf: conn('w-e', { left: '192.0.2.7', 'initial-contact': 'yes' }),
      secrets: PSK,
    });
    expect(stranger.whack({ kind: 'initiate', name: 'w-e', asynchronous: true }).exit).toBe(0);
    clock.advance(100);
    expect(stranger.plane.sas.size).toBe(0);
    expect(east.plane.inbound()).toHaveLength(1);
  });
});

test('an unknown address gets no answer', () => {
  const { east, wire } = town();
  const bytes = new Uint8Array(28);
  bytes.set([1, 1, 1, 1, 1, 1, 1, 1]);
  bytes.set([0, 0x20, 34, 0x08], 16);
  bytes[27] = 28;
  const peer = new Endpoint(Address.parse('203.0.113.5')!, 500);
  east.receive({ local: new Endpoint(Address.parse(EAST)!, 500), peer, bytes });
  expect(east.log.at(-1)).toContain('no connection has been authorized');
  expect(wire.sent).toBe(0);
  expect(WEST).not.toBe(EAST);
});
