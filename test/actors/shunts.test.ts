/** `type=passthrough`, `drop` and `reject`, with and without groups: what the data plane is told, and when. */
import { describe, expect, test } from 'vitest';
import { RC } from '../../src/control/reply-codes.ts';
import { Address } from '../../src/net/address.ts';
import { conn, EAST, type House, town, WEST } from './town.ts';

const SHUNT = { authby: 'never', ike: undefined, leftid: undefined, rightid: undefined, leftsubnet: undefined };
const shunt = (name: string, changes: Record<string, string | undefined> = {}) =>
  conn(name, { ...SHUNT, right: '%any', rightsubnet: '10.9.0.0/16', auto: 'ondemand', type: 'drop', ...changes });
const group = (name: string, changes: Record<string, string> = {}) =>
  shunt(name, { right: '%group', rightsubnet: undefined, ...changes });

const one = (conf: string, groups: Record<string, string> = {}) => ({
  ...town({ west: { conf, groups }, east: { conf: '' } }),
  groups,
});

/** `out pass 192.0.2.1/32 10.9.0.0/16` */
const told = (house: House) =>
  [...house.plane.policies.values()].map((p) => `${p.direction} ${p.action} ${p.src} ${p.dst}`).sort();
const MINE = `${WEST}/32`;
const all = (action: string, net: string) => [
  `fwd ${action} ${net} ${MINE}`,
  `in ${action} ${net} ${MINE}`,
  `out ${action} ${MINE} ${net}`,
];

/** What becomes of a packet, as the lowest priority has it. */
function fate(house: House, dst: string): string {
  const address = Address.parse(dst)!;
  const [first] = [...house.plane.policies.values()]
    .filter((p) => p.direction === 'out' && p.dst.contains(address))
    .sort((a, b) => a.priority - b.priority);
  return first ? first.action : 'clear';
}

describe('a connection that is a shunt', () => {
  test.each([
    ['passthrough', 'pass'],
    ['drop', 'drop'],
    ['reject', 'drop'],
  ])('type=%s: %s in every direction, for as long as it is routed', (type, action) => {
    const { west } = one(shunt('s', { type }));
    expect(told(west)).toEqual(all(action, '10.9.0.0/16'));
    expect([...west.plane.policies.values()].every((p) => p.tunnel === undefined)).toBe(true);
    expect(west.whack({ kind: 'unroute', name: 's' }).exit).toBe(0);
    expect(told(west)).toEqual([]);
    expect(west.whack({ kind: 'route', name: 's' }).exit).toBe(0);
    west.whack({ kind: 'delete', name: 's' });
    expect([told(west), west.plane.mistakes, west.crashes]).toEqual([[], [], []]);
  });

  test.each(['start', 'ondemand', 'keep'])('auto=%s lays it, and reports say so', async (auto) => {
    const { west } = one(shunt('s', { auto }));
    const [row] = (await west.report({ kind: 'connectionstatus', name: 's' })).rowsOf('connections');
    expect([row.routing, row.settings.policy.slice(-2)]).toEqual([
      'routed-never-negotiate',
      ['DROP', 'NEVER_NEGOTIATE'],
    ]);
  });

  test('auto=add lays nothing', () => expect(told(one(shunt('s', { auto: 'add' })).west)).toEqual([]));

  test('is never initiated', () => {
    const { west } = one(shunt('s'));
    const said = west.whack({ kind: 'initiate', name: 's' });
    expect([said.exit, said.text]).toEqual([RC.INITSHUNT, '"s": cannot initiate: type=drop is never negotiated']);
    expect(west.whack({ kind: 'terminate', name: 's' }).exit).toBe(0);
  });

  test('for a peer with an address needs no subnet; for anybody it does', () => {
    expect(told(one(shunt('s', { right: EAST, rightsubnet: undefined })).west)).toEqual(all('drop', `${EAST}/32`));
    const { west } = one(shunt('s', { rightsubnet: undefined }));
    expect(told(west)).toEqual([]);
    expect(west.whack({ kind: 'route', name: 's' }).exit).toBe(RC.ROUTE);
  });

  test('that the data plane refuses is not laid, and may be tried again', () => {
    const { west } = one(shunt('s', { auto: 'add' }));
    west.plane.refuses = (what) => (what === 'policy' ? 'no room' : undefined);
    const said = west.whack({ kind: 'route', name: 's' });
    expect([said.exit, said.text.includes('no room')]).toEqual([RC.ROUTE, true]);
    west.plane.refuses = () => undefined;
    expect(west.whack({ kind: 'route', name: 's' }).exit).toBe(0);
    expect(told(west)).toEqual(all('drop', '10.9.0.0/16'));
  });

  test('the narrower one is meant where two overlap, and priority= outranks that', () => {
    const wide = shunt('wide', { type: 'drop', rightsubnet: '10.0.0.0/8' });
    const { west } = one(wide + shunt('narrow', { type: 'passthrough', rightsubnet: '10.9.0.0/16' }));
    expect([fate(west, '10.9.0.1'), fate(west, '10.8.0.1'), fate(west, '11.0.0.1')]).toEqual(['pass', 'drop', 'clear']);
    const first = one(wide.replace('type=', 'priority=1\n  type=') + shunt('narrow', { type: 'passthrough' }));
    expect(fate(first.west, '10.9.0.1')).toBe('drop');
  });

  test('gives way to a tunnel for the very same packets, and has them back when that goes', () => {
    const both = conn() + shunt('s', { leftsubnet: '10.0.1.0/24', rightsubnet: '10.0.2.0/24' });
    const { west, clock } = town({ west: { conf: both }, east: { conf: conn() } });
    expect(fate(west, '10.0.2.1')).toBe('drop');
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(fate(west, '10.0.2.1')).toBe('protect');
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(5_001);
    expect([fate(west, '10.0.2.1'), west.plane.policies.size]).toEqual(['drop', 3]);
  });
});

describe('a group of shunts', () => {
  test('has one for each line, and follows its file', () => {
    const { west, groups } = one(group('block'), { block: '10.1.0.0/16\n10.2.0.0/16 tcp 0 25\n' });
    expect(told(west)).toEqual([...all('drop', '10.1.0.0/16'), ...all('drop', '10.2.0.0/16')].sort());
    expect(
      [...west.plane.policies.values()].map((p) => [p.direction, p.protocol, p.srcPort, p.dstPort]),
    ).toContainEqual(['out', 6, undefined, 25]);
    groups.block = '10.2.0.0/16 tcp 0 25\n';
    west.whack({ kind: 'rereadgroups' });
    expect(told(west)).toEqual(all('drop', '10.2.0.0/16'));
    west.whack({ kind: 'delete', name: 'block' });
    expect([told(west), west.plane.mistakes]).toEqual([[], []]);
  });

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ])('a line that moves from %s to %s is there all the while', (from, to) => {
    const { west, groups } = one(group('a') + group('b', { type: 'passthrough' }), { [from]: '10.1.0.0/16\n' });
    const { policies } = west.plane;
    const gone: string[] = [];
    const taken = policies.delete.bind(policies);
    policies.delete = (key) => {
      gone.push(`${policies.get(key)?.dst}`);
      return taken(key);
    };
    groups[from] = '';
    groups[to] = '10.1.0.0/16\n';
    west.whack({ kind: 'rereadgroups' });
    const action = to === 'a' ? 'drop' : 'pass';
    expect([told(west), gone, west.plane.mistakes]).toEqual([all(action, '10.1.0.0/16'), [], []]);
    groups[to] = '';
    west.whack({ kind: 'rereadgroups' });
    expect([told(west), west.plane.mistakes]).toEqual([[], []]);
  });

  test('a line that moves has the priority of where it is', () => {
    const { west, groups } = one(group('a') + group('b', { priority: '7' }), { a: '10.1.0.0/16\n' });
    groups.a = '';
    groups.b = '10.1.0.0/16\n';
    west.whack({ kind: 'rereadgroups' });
    expect([...west.plane.policies.values()].map(({ priority }) => priority)).toEqual([7, 7, 7]);
  });

  test('what is narrowed is narrow before the wide one goes', () => {
    const { west, groups } = one(group('block'), { block: '10.0.0.0/8\n' });
    const { policies } = west.plane;
    const fates: string[] = [];
    const taken = policies.delete.bind(policies);
    policies.delete = (key) => {
      const is = taken(key);
      fates.push(fate(west, '10.1.0.1'));
      return is;
    };
    groups.block = '10.1.0.0/16\n';
    west.whack({ kind: 'rereadgroups' });
    expect(new Set(fates)).toEqual(new Set(['drop']));
    expect([fate(west, '10.1.0.1'), fate(west, '10.2.0.1')]).toEqual(['drop', 'clear']);
  });

  test('ICMP: its type and code mean the same in every direction', () => {
    const ports = (house: House) =>
      [...house.plane.policies.values()].map((p) => [p.direction, p.protocol, p.srcPort, p.dstPort]);
    const echo = (protocol: number, type: number) => ['in', 'fwd', 'out'].map((way) => [way, protocol, type, 0]);
    const { west } = one(group('block'), { block: '10.2.0.0/16 icmp 0 2048\n' });
    expect(ports(west)).toEqual(echo(1, 8));
    expect(ports(one(shunt('s', { leftprotoport: 'icmp/2048', rightprotoport: 'icmp' })).west)).toEqual(echo(1, 8));
    expect(ports(one(shunt('s', { rightprotoport: 'icmp' })).west)[0]).toEqual(['in', 1, undefined, undefined]);
  });

  test('clear, block: of two groups that both have an address the longer block is meant', () => {
    const { west } = one(group('block') + group('clear', { type: 'passthrough' }), {
      block: '0.0.0.0/0\n',
      clear: '10.1.0.0/16\n',
    });
    expect([fate(west, '10.1.0.1'), fate(west, '10.2.0.1')]).toEqual(['pass', 'drop']);
  });

  test('is nobody’s way in: who is blocked is no peer of a wider group', () => {
    const oe = { authby: 'null', leftid: '%null', rightid: '%null', leftsubnet: undefined, rightsubnet: undefined };
    const gate = (block: string) =>
      town({
        west: { conf: conn('home', oe) },
        east: {
          conf:
            conn('private', { ...oe, left: EAST, right: '%opportunisticgroup' }) +
            group('block', { left: EAST, auto: 'add' }),
          groups: { private: '192.0.2.0/24\n', block },
        },
      });
    const open = gate('192.0.2.128/25\n');
    expect(open.west.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
    const shut = gate('192.0.2.0/28\n');
    shut.west.whack({ kind: 'initiate', name: 'home', asynchronous: true });
    shut.clock.advance(100);
    expect(shut.east.plane.sas.size).toBe(0);
    expect(shut.east.log.at(-1)).toContain('no connection has been authorized');
  });
});
