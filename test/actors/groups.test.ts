/** Policy groups, whole daemons: `conn private` with `right=%opportunisticgroup`, and a file that says who its peers are. */
import { describe, expect, test } from 'vitest';
import { RC } from '../../src/control/reply-codes.ts';
import { Address } from '../../src/net/address.ts';
import { Selector } from '../../src/net/selector.ts';
import { conn, EAST, type House, PSK, town, WEST } from './town.ts';

const NULL = { authby: 'null', leftid: '%null', rightid: '%null', leftsubnet: undefined, rightsubnet: undefined };

/** A group as east has it. */
const group = (name: string, changes: Record<string, string | undefined> = {}) =>
  conn(name, { ...NULL, left: EAST, right: '%opportunisticgroup', ...changes });

/** East with groups; west, whom none of them knows by name, with a connection to east. */
function gate(groups: Record<string, string>, confs = group('private'), west: Record<string, string | undefined> = {}) {
  const made = town({
    west: { conf: conn('home', { ...NULL, ...west }), secrets: PSK },
    east: { conf: confs, groups, secrets: PSK },
  });
  return { ...made, groups };
}

const names = (house: House) =>
  [...house.world.registry.entries()].flatMap((e) => house.world.registry.instancesOf(e).map((i) => i.conn.name));
const up = (house: House, name = 'home') => house.whack({ kind: 'initiate', name }).exit;
const tunnels = (house: House) => house.plane.inbound().map((s) => `${s.selectors[0].dst}===${s.selectors[0].src}`);

test('--listgroups names the lines that are in use, and where they are', async () => {
  const files = {
    private: '# hosts\n192.0.2.0/24\nnonsense\n2001:db8::/32\n198.51.100.0/24 tcp 0 22\n',
    clear: '203.0.113.9\n',
  };
  const { east } = gate(files, `${group('private')}${group('clear')}`);
  const heard = await east.report({ kind: 'listgroups' });
  expect(heard.rowsOf('groups').map(({ conn, subnet, file, line }) => `${conn} ${subnet} ${file}:${line}`)).toEqual([
    'private 192.0.2.0/24 /etc/ipsec.d/policies/private:2',
    'private 198.51.100.0/24-(0--6--22) /etc/ipsec.d/policies/private:5',
    'clear 203.0.113.9/32 /etc/ipsec.d/policies/clear:1',
  ]);
  expect(east.crashes).toEqual([]);
});

describe('a line of %opportunisticgroup', () => {
  test('lets in whoever is in its block, for its own address alone', () => {
    const { west, east } = gate({ private: '192.0.2.0/24\n198.51.100.0/24\n' });
    expect(names(east)).toEqual(['private#192.0.2.0/24', 'private#198.51.100.0/24']);
    expect(up(west)).toBe(0);
    expect(tunnels(east)).toEqual([`${EAST}/32===${WEST}/32`]);
    expect(east.log).toContainEqual(
      expect.stringMatching(/^"private#192\.0\.2\.0\/24"\[1\] 192\.0\.2\.1 #\d+: responder established Child SA/),
    );
    expect(east.crashes).toEqual([]);
  });

  test('lets in nobody else', () => {
    const { west, east } = gate({ private: '198.51.100.0/24\n' });
    expect(west.whack({ kind: 'initiate', name: 'home', asynchronous: true }).exit).toBe(0);
    west.clock.advance(100);
    expect(tunnels(east)).toEqual([]);
    expect(east.log.at(-1)).toContain('no connection has been authorized');
  });

  test('gives no more than the address of the peer', () => {
    const { west, east } = gate({ private: '192.0.2.0/24\n' }, undefined, { leftsubnet: '192.0.2.0/24' });
    expect(up(west)).not.toBe(0);
    expect(tunnels(east)).toEqual([]);
  });

  test('with a secret: who has another stays outside', () => {
    const psk = { authby: 'secret', leftid: '@east', rightid: undefined };
    const made = gate({ private: '192.0.2.0/24\n' }, group('private', { ...psk, rightid: '%any' }), {
      authby: 'secret',
      leftid: '@west',
      rightid: '@east',
    });
    expect(up(made.west)).toBe(0);
    expect(tunnels(made.east)).toEqual([`${EAST}/32===${WEST}/32`]);
    made.west.whack({ kind: 'terminate', name: 'home' });
    made.west.keepSecrets('@west @east : PSK "shark"\n');
    expect(up(made.west)).not.toBe(0);
    expect(tunnels(made.east)).toEqual([]);
  });

  test('a longer block goes before a shorter one, in whatever group it is', () => {
    const { west, east } = gate(
      { private: '192.0.2.0/24\n0.0.0.0/0\n', clear: '192.0.2.0/28\n' },
      group('private') + group('clear'),
    );
    expect(up(west)).toBe(0);
    expect(east.log.some((l) => l.startsWith('"clear#192.0.2.0/28"[1]'))).toBe(true);
    expect(east.log.some((l) => l.startsWith('"private#'))).toBe(false);
  });

  test('a connection of the peer’s own goes before all groups', () => {
    const own = conn('own', { ...NULL, left: EAST, right: WEST });
    const { west, east } = gate({ private: '192.0.2.0/24\n' }, group('private') + own);
    expect(up(west)).toBe(0);
    expect(east.log.at(-1)).toMatch(/^"own" #/);
  });

  test('protocol and ports: the peer gets that and nothing else', () => {
    const { west, east } = gate({ private: '192.0.2.0/24 tcp 443 0\n' }, undefined, {
      rightprotoport: 'tcp/443',
      leftprotoport: 'tcp',
    });
    expect(names(east)).toEqual(['private#192.0.2.0/24-(443--6--0)']);
    expect(up(west)).toBe(0);
    expect(tunnels(east)).toEqual([`${EAST}/32/TCP/443===${WEST}/32/TCP`]);
  });

  test('of the other family is left out, and that is said', () => {
    const { east } = gate({ private: '192.0.2.0/24\n2001:db8::/32\n' });
    expect(names(east)).toEqual(['private#192.0.2.0/24']);
    expect(east.log.some((l) => l.includes('1 line of') && l.includes('left out'))).toBe(true);
  });
});

describe('a line of %group', () => {
  const nets = '10.0.1.0/24\n10.0.3.0/24\n';
  const psk = { authby: 'secret', leftid: '@east', leftsubnet: '10.0.2.0/24', right: '%group', rightid: '@west' };
  const home = { authby: 'secret', leftid: '@west', rightid: '@east', rightsubnet: '10.0.2.0/24' };

  test('is what may be behind a peer that is anywhere', () => {
    const { west, east } = gate({ nets }, group('nets', psk), { ...home, leftsubnet: '10.0.3.0/24' });
    expect(up(west)).toBe(0);
    expect(tunnels(east)).toEqual(['10.0.2.0/24===10.0.3.0/24']);
    expect(east.log.at(-1)).toMatch(/^"nets#10\.0\.3\.0\/24"\[1\] 192\.0\.2\.1 #/);
  });

  test('another tunnel of the same peer may be for another line', () => {
    const { west, east } = gate({ nets }, group('nets', psk), { ...home, leftsubnet: '10.0.3.0/24' });
    west.load(conn('office', { ...NULL, ...home, leftsubnet: '10.0.1.0/24' }));
    expect([up(west), up(west, 'office')]).toEqual([0, 0]);
    expect(tunnels(east)).toEqual(['10.0.2.0/24===10.0.3.0/24', '10.0.2.0/24===10.0.1.0/24']);
    expect(east.world.switchboard.size).toBe(1);
  });

  test('what is in no line is behind nobody', () => {
    const { west, east } = gate({ nets }, group('nets', psk), { ...home, leftsubnet: '0.0.0.0/0' });
    expect(up(west)).not.toBe(0);
    expect(tunnels(east)).toEqual([]);
    expect(east.crashes).toEqual([]);
  });
});

describe('right=%opportunistic', () => {
  const anybody = conn('oe', { ...NULL, left: EAST, right: '%opportunistic' });

  test('is for whoever comes, after all who are named', () => {
    const { west, east } = gate({ private: '192.0.2.0/28\n' }, anybody + group('private'));
    expect(up(west)).toBe(0);
    expect(east.log.at(-1)).toContain('"private#192.0.2.0/28"[1]');
    east.whack({ kind: 'delete', name: 'private' });
    east.clock.advance(1_000);
    expect(up(west)).toBe(0);
    expect(east.log.at(-1)).toMatch(/^"oe"\[\d+\] 192\.0\.2\.1 #/);
  });
});

describe('a packet that is caught', () => {
  const oe = { auto: 'ondemand' };
  const packet = (dst: string, from = EAST) => ({ src: from, dst });

  /** East catches packets to its group; west answers whoever comes. */
  function traps(east = group('private', oe), files: Record<string, string> = { private: '192.0.2.0/24\n' }) {
    const answering = conn('any', { ...NULL, right: '%any' });
    return town({ west: { conf: answering, secrets: PSK }, east: { conf: east, groups: files, secrets: PSK } });
  }

  function raise(house: House, dst: string) {
    const trap = [...house.plane.policies.values()].find(
      (p) => p.direction === 'out' && p.dst.contains(addressOf(dst)),
    );
    if (!trap?.tunnel) throw new Error(`nothing catches a packet to ${dst}`);
    const { src, dst: to } = packet(dst);
    house.plane.raise({ t: 'acquire', reqid: trap.tunnel.reqid, src: selectorOf(src), dst: selectorOf(to) });
  }

  test('makes a tunnel to its destination', () => {
    const { west, east } = traps();
    raise(east, WEST);
    expect(tunnels(east)).toEqual([`${EAST}/32===${WEST}/32`]);
    expect(tunnels(west)).toEqual([`${WEST}/32===${EAST}/32`]);
    expect(east.log.some((l) => /^"private#.*"\[1\].*initiate on-demand for packet/.test(l))).toBe(true);
  });

  test('to a host that does not answer leaves nothing behind but the trap', () => {
    const { east, clock } = traps();
    const before = [...east.plane.policies.keys()];
    raise(east, '192.0.2.99');
    clock.advance(300_000);
    expect(names(east)).toEqual(['private#192.0.2.0/24']);
    expect([...east.plane.policies.keys()]).toEqual(before);
    expect(east.log.filter((l) => l.includes('revival'))).toEqual([]);
    raise(east, WEST);
    expect(tunnels(east)).toHaveLength(1);
  });

  test('is one too many while the peer is asked already', () => {
    const { east, wire } = traps();
    wire.loses = () => true;
    raise(east, WEST);
    raise(east, WEST);
    expect(east.world.switchboard.size).toBe(1);
  });

  test('the tunnel that ends gives way to the trap, and takes its instance along', () => {
    const { west, east, clock } = traps();
    raise(east, WEST);
    west.whack({ kind: 'terminate', name: 'any' });
    clock.advance(10_000);
    expect(names(east)).toEqual(['private#192.0.2.0/24']);
    expect(east.plane.policies.size).toBe(2);
    expect([east.plane.mistakes, east.crashes]).toEqual([[], []]);
  });

  test('a line of one address: its trap has the same selectors as the tunnel, and is as it was when that is gone', () => {
    const { west, east, clock } = traps(group('private', oe), { private: `${WEST}\n` });
    const before = [...east.plane.policies.entries()];
    raise(east, WEST);
    expect([...east.plane.policies.values()].map((p) => [p.direction, p.tunnel?.mode])).toEqual([
      ['in', 'tunnel'],
      ['out', 'tunnel'],
      ['fwd', 'tunnel'],
    ]);
    west.whack({ kind: 'terminate', name: 'any' });
    clock.advance(10_000);
    expect([...east.plane.policies.entries()]).toEqual(before);
    expect(east.plane.mistakes).toEqual([]);
  });

  describe('while its peer is asked, and when it would not', () => {
    const LIFETIME = 900_000;
    const shown = async (house: House) =>
      (await house.report({ kind: 'shuntstatus' }))
        .rowsOf('shunts')
        .map((r) => `${r.destination} ${r.policy} ${r.why}`);
    /** Of the packet to `dst`. */
    const fate = (house: House, dst: string) =>
      [...house.plane.policies.values()]
        .filter((p) => p.direction === 'out' && p.dst.contains(addressOf(dst)))
        .sort((a, b) => a.priority - b.priority)[0].action;
    const with_ = (changes: Record<string, string>) => traps(group('private', { ...oe, ...changes }));
    const SILENT = '192.0.2.99';

    test('nothing said: it is held, and the next one asks again', async () => {
      const { east, clock } = with_({});
      raise(east, SILENT);
      expect([fate(east, SILENT), await shown(east)]).toEqual(['protect', [`${SILENT} %hold oe-negotiating`]]);
      clock.advance(120_000);
      expect([fate(east, SILENT), await shown(east), east.world.switchboard.size]).toEqual(['protect', [], 0]);
      raise(east, SILENT);
      expect(east.world.switchboard.size).toBe(1);
    });

    test('negotiationshunt=passthrough: in the clear until there is a tunnel', async () => {
      const { east, wire, clock } = with_({ negotiationshunt: 'passthrough' });
      wire.delay = 50;
      raise(east, WEST);
      expect([fate(east, WEST), await shown(east)]).toEqual(['pass', [`${WEST} %pass oe-negotiating`]]);
      expect([...east.plane.policies.values()].some((p) => p.direction !== 'out')).toBe(false);
      clock.advance(1_000);
      expect([tunnels(east).length, fate(east, WEST), await shown(east)]).toEqual([1, 'protect', []]);
    });

    test.each([
      ['passthrough', 'pass', '%pass'],
      ['drop', 'drop', '%drop'],
      ['reject', 'drop', '%reject'],
    ])('failureshunt=%s: %s for shuntlifetime=, in which nobody is asked', async (failureshunt, action, word) => {
      const { east, clock } = with_({ failureshunt });
      raise(east, SILENT);
      expect(fate(east, SILENT)).toBe('protect');
      clock.advance(120_000);
      expect([fate(east, SILENT), await shown(east)]).toEqual([action, [`${SILENT} ${word} oe-failing`]]);
      expect([fate(east, WEST), east.world.switchboard.size]).toEqual(['protect', 0]);
      clock.advance(LIFETIME);
      expect([fate(east, SILENT), await shown(east), east.plane.mistakes]).toEqual(['protect', [], []]);
    });

    test('a peer that comes by itself has its tunnel all the same', () => {
      const { west, east, wire, clock } = with_({ failureshunt: 'passthrough' });
      wire.loses = () => true;
      raise(east, WEST);
      clock.advance(120_000);
      expect(fate(east, WEST)).toBe('pass');
      wire.loses = () => false;
      west.load(conn('home', { ...NULL }));
      expect(west.whack({ kind: 'initiate', name: 'home' }).exit).toBe(0);
      expect(fate(east, WEST)).toBe('protect');
      west.whack({ kind: 'terminate', name: 'home' });
      clock.advance(6_000);
      expect(fate(east, WEST)).toBe('pass');
      east.whack({ kind: 'unroute', name: 'private' });
      expect([east.plane.policies.size, east.plane.mistakes]).toEqual([0, []]);
    });

    test('of many peers at once a bounded number is asked', () => {
      const { east, wire } = traps(group('private', oe), { private: '10.0.0.0/8\n' });
      wire.loses = () => true;
      for (let i = 0; i < 1_100; i++) raise(east, `10.0.${i >> 8}.${i & 255}`);
      expect(east.world.switchboard.size).toBe(1_024);
      expect(east.log.some((l) => l.includes('1024 peers are being asked already'))).toBe(true);
    });
  });

  test('whack says what the kernel would', () => {
    const { east } = traps();
    expect(east.whack({ kind: 'oppo', here: EAST, there: WEST }).exit).toBe(0);
    expect(tunnels(east)).toHaveLength(1);
    expect(east.whack({ kind: 'oppo', here: EAST, there: '198.51.100.1' }).exit).toBe(RC.OPPOFAILURE);
  });

  test('right=%opportunistic: anybody but ourselves', () => {
    const { east } = traps(conn('oe', { ...NULL, left: EAST, right: '%opportunistic', ...oe }));
    raise(east, EAST);
    expect(east.world.switchboard.size).toBe(0);
    raise(east, WEST);
    expect(tunnels(east)).toHaveLength(1);
  });

  test('unroute takes all traps up, and route lays them for lines to come as well', () => {
    const files: Record<string, string> = { private: '192.0.2.0/24\n' };
    const { east } = traps(group('private', oe), files);
    expect(east.plane.policies.size).toBe(2);
    expect(east.whack({ kind: 'unroute', name: 'private' }).exit).toBe(0);
    expect(east.plane.policies.size).toBe(0);
    expect(east.whack({ kind: 'route', name: 'private' }).exit).toBe(0);
    files.private += '198.51.100.0/24\n';
    east.whack({ kind: 'rereadgroups' });
    expect(east.plane.policies.size).toBe(4);
    east.whack({ kind: 'delete', name: 'private' });
    expect([east.plane.policies.size, east.plane.mistakes]).toEqual([0, []]);
  });
});

describe('--rereadgroups', () => {
  test('adds what is new, removes what is gone, and leaves the rest with its tunnels', () => {
    const { west, east, groups } = gate({ private: '192.0.2.0/24\n198.51.100.0/24\n' });
    expect(up(west)).toBe(0);
    const [before] = east.plane.inbound();
    groups.private = '203.0.113.0/24\n192.0.2.0/24\n';
    const heard = east.whack({ kind: 'rereadgroups' });
    expect(heard.text).toContain('loading group "/etc/ipsec.d/policies/private": 2 lines, 1 new, 1 gone');
    expect(names(east).filter((n, i, all) => all.indexOf(n) === i)).toEqual([
      'private#192.0.2.0/24',
      'private#203.0.113.0/24',
    ]);
    expect(east.plane.inbound()).toEqual([before]);
  });

  test('a line that is gone takes its tunnels along', () => {
    const { west, east, groups, clock } = gate({ private: '192.0.2.0/24\n' });
    expect(up(west)).toBe(0);
    groups.private = '';
    east.whack({ kind: 'rereadgroups' });
    clock.advance(5_001);
    expect([names(east), east.plane.sas.size, east.plane.policies.size]).toEqual([[], 0, 0]);
  });

  test('the file may come after the connection', () => {
    const { west, east, groups } = gate({});
    expect(east.log.some((l) => l.includes('no group file "/etc/ipsec.d/policies/private"'))).toBe(true);
    groups.private = '192.0.2.0/24\n';
    expect(east.whack({ kind: 'rereadall' }).exit).toBe(0);
    expect(up(west)).toBe(0);
  });

  test('faults are told with file and line, and the rest is used', () => {
    const { east, groups } = gate({ private: '192.0.2.0/24\n' });
    groups.private = '192.0.2.0/24\nnonsense\n198.51.100.0/24\n';
    const { text } = east.whack({ kind: 'rereadgroups' });
    expect(text).toContain('/etc/ipsec.d/policies/private:2: expected ADDRESS or ADDRESS/BITS, got "nonsense"');
    expect(names(east)).toEqual(['private#192.0.2.0/24', 'private#198.51.100.0/24']);
  });

  test('one block cannot be of two groups, and may move from one to the other', () => {
    const both = group('a') + group('b');
    const { east, groups } = gate({ a: '192.0.2.0/24\n', b: '192.0.2.0/24\n198.51.100.0/24\n' }, both);
    expect(names(east)).toEqual(['a#192.0.2.0/24', 'b#198.51.100.0/24']);
    expect(east.log.some((l) => l.includes('/policies/b:1: warning: 192.0.2.0/24 is of group "a" already'))).toBe(true);
    groups.a = '';
    east.whack({ kind: 'rereadgroups' });
    expect(names(east)).toEqual(['b#198.51.100.0/24', 'b#192.0.2.0/24']);
  });

  test('a name leads out of no directory', () => {
    const { east } = gate({}, group('private').replace('conn private', 'conn ../../shadow'));
    expect(east.log.some((l) => l.includes('no group file "/etc/ipsec.d/policies/.._.._shadow"'))).toBe(true);
  });
});

describe('commands that name', () => {
  test('a line mean it and its instances', () => {
    const { west, east } = gate({ private: '192.0.2.0/24\n198.51.100.0/24\n' });
    up(west);
    expect(east.whack({ kind: 'terminate', name: 'private#192.0.2.0/24' }).exit).toBe(0);
    expect(tunnels(east)).toEqual([]);
    expect(east.whack({ kind: 'terminate', name: 'private#203.0.113.0/24' }).exit).toBe(RC.UNKNOWN_NAME);
    up(west);
    const instance = names(east).length;
    expect(instance).toBe(3);
    expect(east.whack({ kind: 'terminate', name: 'private#192.0.2.0/24[2]' }).exit).toBe(0);
    expect(tunnels(east)).toEqual([]);
  });

  test('the group mean all of it; it is initiated by packets', async () => {
    const { west, east } = gate({ private: '192.0.2.0/24\n198.51.100.0/24\n' });
    up(west);
    const said = east.whack({ kind: 'initiate', name: 'private' });
    expect([said.exit, said.text.includes('the packets of a group initiate it')]).toEqual([RC.NOPEERIP, true]);
    const shown = await east.report({ kind: 'connectionstatus', name: 'private' });
    expect(shown.rowsOf('connections').map((r) => [r.conn, r.kind])).toEqual([
      ['private', 'group'],
      ['private#192.0.2.0/24', 'template'],
      ['private#192.0.2.0/24', 'instance'],
      ['private#198.51.100.0/24', 'template'],
    ]);
    expect(east.whack({ kind: 'terminate', name: 'private' }).exit).toBe(0);
    expect(tunnels(east)).toEqual([]);
    expect(east.whack({ kind: 'delete', name: 'private' }).exit).toBe(0);
    east.clock.advance(5_001);
    expect(names(east)).toEqual([]);
    expect(east.plane.policies.size).toBe(0);
  });

  test('a group that is replaced has its lines anew', () => {
    const { west, east } = gate({ private: '192.0.2.0/24\n' });
    up(west);
    east.whack({ kind: 'delete', name: 'private' });
    east.load(group('private'));
    east.clock.advance(5_001);
    // The peer wants its tunnel, and has it again.
    expect(names(east)).toEqual(['private#192.0.2.0/24', 'private#192.0.2.0/24']);
    expect(tunnels(east)).toHaveLength(1);
    expect([east.plane.mistakes, east.crashes]).toEqual([[], []]);
  });
});

test('10,000 lines: packets are answered while they are read, and a peer is found as before', () => {
  const { west, east, groups, clock } = gate({ private: '192.0.2.0/24\n' });
  groups.private = `${Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`).join('\n')}\n192.0.2.0/24`;
  expect(up(west)).toBe(0);
  expect(east.whack({ kind: 'rereadgroups' }).text).toContain('10001 lines, 10000 new, 0 gone');
  west.whack({ kind: 'terminate', name: 'home' });
  clock.settle();
  expect(up(west)).toBe(0);
  expect(east.world.registry.candidates(east.address, addressOf('10.39.15.1')).map((p) => p.name)).toEqual([
    'private#10.39.15.0/24',
  ]);
});

const addressOf = (text: string) => Address.parse(text)!;
const selectorOf = (text: string) => Selector.ofAddress(addressOf(text));
