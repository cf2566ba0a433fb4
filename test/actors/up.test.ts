import { describe, expect, test } from 'vitest';
import { RC } from '../../src/control/reply-codes.ts';
import { Heard } from './heard.ts';
import { conn, isExchange, town, upTown } from './town.ts';

describe('whack --initiate', () => {
  test('tells of each step and ends with the tunnel up', () => {
    const { west, east } = town();
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBe(0);
    expect(up.lines.map((l) => l.text)).toEqual([
      expect.stringMatching(/^"w-e" #1: initiating IKEv2 connection to 192\.0\.2\.2 using UDP$/),
      expect.stringMatching(/^"w-e" #1: sent IKE_SA_INIT request to 192\.0\.2\.2:UDP\/500$/),
      expect.stringMatching(/^"w-e" #1: processed IKE_SA_INIT response from 192\.0\.2\.2:UDP\/500 \{cipher=/),
      expect.stringMatching(/^"w-e" #1: sent IKE_AUTH request to 192\.0\.2\.2:UDP\/500$/),
      expect.stringMatching(/^"w-e" #1: initiator established IKE SA; authenticated peer using authby=secret/),
      expect.stringMatching(/^"w-e" #2: initiator established Child SA using #1; IPsec tunnel \[10\.0\.1\.0\/24/),
    ]);
    expect(east.log.at(-1)).toMatch(/^"w-e" #2: responder established Child SA using #1; IPsec tunnel /);
    for (const house of [west, east]) {
      expect(house.plane.sas.size).toBe(2);
      expect(house.plane.policies.size).toBe(3);
      expect(house.plane.mistakes).toEqual([]);
      expect(house.crashes).toEqual([]);
      expect(house.world.switchboard.halfOpen).toBe(0);
    }
    expect(west.plane.outbound()[0].spi).toBe(east.plane.inbound()[0].spi);
    expect(west.plane.outbound()[0].algorithms).toEqual(east.plane.inbound()[0].algorithms);
  });

  test('two who wait for one connection are both told, of one tunnel', () => {
    const { west, east, clock, wire } = town();
    wire.delay = 10;
    const first = west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(15);
    const second = west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(100);
    expect([first.exit, second.exit]).toEqual([0, 0]);
    expect(second.text).toContain('established Child SA');
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('one who brings up all pairs of subnets is told once what their IKE SA does', () => {
    const pairs = { leftsubnet: undefined, leftsubnets: '{10.0.1.0/24 10.0.3.0/24}' };
    const { west, east } = town({ west: { conf: conn('w-e', pairs) }, east: { conf: conn('w-e', pairs) } });
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBe(0);
    const lines = up.lines.map(({ text }) => text);
    expect(lines.filter((text) => text.includes('sent IKE_SA_INIT request'))).toHaveLength(1);
    expect(lines.filter((text) => text.includes('established Child SA'))).toHaveLength(2);
    expect(new Set(lines).size).toBe(lines.length);
    expect(east.plane.inbound()).toHaveLength(2);
  });

  test('a client that hangs up changes nothing', () => {
    const { west, clock, wire } = town();
    wire.delay = 10;
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    up.go();
    clock.advance(100);
    expect(up.text).not.toContain('established');
    expect(west.plane.sas.size).toBe(2);
  });

  test('--asynchronous ends at once, and the tunnel comes all the same', () => {
    const { west, clock, wire } = town();
    wire.delay = 10;
    const up = west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    expect(up.exit).toBe(0);
    expect(west.plane.sas.size).toBe(0);
    clock.advance(100);
    expect(west.plane.sas.size).toBe(2);
    expect(up.late).toBe(0);
  });

  test('a second conn to the same peer shares the IKE SA', () => {
    const both = conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24' });
    const { west } = upTown({ both });
    const second = west.whack({ kind: 'initiate', name: 'w-e-2' });
    expect(second.exit).toBe(0);
    expect(second.text).toMatch(/"w-e-2" #\d+: initiator established Child SA using #1/);
    expect(west.world.switchboard.size).toBe(1);
    expect(west.plane.sas.size).toBe(4);
  });

  test('fifty conns to one peer that start together share one IKE SA', () => {
    const change = { 'initial-contact': 'yes', auto: 'start' };
    const conf = Array.from({ length: 50 }, (_, i) => conn(`c${i}`, { ...change, leftsubnet: `10.3.${i}.0/24` })).join(
      '',
    );
    const { west, east } = town({ west: { conf }, east: { conf: conf.replaceAll('auto=start', 'auto=add') } });
    for (const house of [west, east]) {
      expect(house.plane.inbound()).toHaveLength(50);
      expect(house.world.switchboard.size).toBe(1);
    }
  });

  test('up again while up makes another Child SA, and only one', () => {
    const { west } = upTown();
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    expect(west.plane.inbound()).toHaveLength(2);
    expect(west.plane.policies.size).toBe(3);
  });

  test('an alias brings up all that have it', () => {
    const both =
      conn('w-e', { connalias: 'office' }) + conn('w-e-2', { leftsubnet: '10.0.3.0/24', connalias: 'office' });
    const { west } = town({ both });
    const up = west.whack({ kind: 'initiate', name: 'office' });
    expect(up.exit).toBe(0);
    expect(west.plane.inbound()).toHaveLength(2);
  });
});

describe('whack --initiate fails with the status that libreswan gives', () => {
  test('the peer has another secret', () => {
    const { west, east } = town({ east: { secrets: '@west @east : PSK "shark"\n' } });
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBeGreaterThanOrEqual(20);
    expect(up.exit).toBeLessThan(100);
    expect(up.text).toContain('AUTHENTICATION_FAILED');
    expect(west.plane.sas.size + east.plane.sas.size).toBe(0);
    expect(west.world.switchboard.size + east.world.switchboard.size).toBe(0);
  });

  test('the peer is silent: 51 after a minute, with a line for every retransmission', () => {
    const { west, wire, clock } = town();
    wire.loses = () => true;
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(59_999);
    expect(up.exit).toBeUndefined();
    clock.advance(2);
    expect(up.exit).toBe(RC.NORETRANSMISSION);
    expect(up.lines.filter((l) => l.text.includes('retransmission; will wait'))).toHaveLength(6);
    expect(up.text).toContain('60 second timeout exceeded after 6 retransmits');
  });

  test('the peer goes silent at IKE_AUTH', () => {
    const { west, wire, clock } = town();
    wire.loses = isExchange('IKE_AUTH');
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    clock.advance(60_001);
    expect(up.exit).toBe(RC.NORETRANSMISSION);
    expect(west.plane.sas.size).toBe(0);
  });

  test('the peer refuses the Child SA', () => {
    const { west, east } = town({ east: { conf: conn('w-e', { rightsubnet: '10.9.9.0/24' }) } });
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.text).toContain('TS_UNACCEPTABLE');
    expect(up.exit).toBeGreaterThanOrEqual(20);
    expect(east.plane.sas.size).toBe(0);
  });

  test.each([
    ['neither end is ours', conn('w-e', { left: '198.51.100.1' }), RC.ORIENT],
    ['the peer may be anybody', conn('w-e', { right: '%any' }), RC.NOPEERIP],
  ])('%s', (_, conf, code) => {
    const { west, wire } = town({ west: { conf } });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(code);
    expect(wire.sent).toBe(0);
  });

  test('a trap for nobody in particular', () => {
    const { west } = town({ west: { conf: conn('w-e', { right: '%any' }) } });
    const routed = west.whack({ kind: 'route', name: 'w-e' });
    expect([routed.exit, routed.text]).toEqual([RC.ROUTE, '"w-e": cannot route: the peer may be anybody']);
  });

  test('nobody listens', () => {
    const { west } = town();
    west.whack({ kind: 'unlisten' });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(RC.DEAF);
    west.whack({ kind: 'listen' });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  });

  test('no such connection', () => {
    const { west } = town();
    for (const kind of ['initiate', 'terminate', 'route', 'delete', 'rekey-ike'] as const)
      expect(west.whack({ kind, name: 'e-w' }).exit).toBe(RC.UNKNOWN_NAME);
  });

  test('no secret for the two', () => {
    const { west } = town({ west: { secrets: '' } });
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.exit).toBeGreaterThanOrEqual(20);
    expect(up.text).toContain("no pre-shared key found for '@west' and '@east'");
  });
});

test('--delete of an alias forgets all that go by it', () => {
  const { west } = town({
    west: { conf: conn('w-e', { leftsubnet: undefined, leftsubnets: '{10.0.1.0/24 10.0.3.0/24 10.0.5.0/24}' }) },
  });
  const deleted = west.whack({ kind: 'delete', name: 'w-e' });
  expect(deleted.lines.map(({ text }) => text)).toEqual(
    ['1', '2', '3'].map((n) => `"w-e/${n}x0": deleting connection`),
  );
  expect(west.world.registry.size).toBe(0);
});

describe('whack --name … adds a connection', () => {
  const text = {
    name: 'new',
    file: 'whack',
    line: 0,
    keywords: { left: '192.0.2.1', right: '192.0.2.9', authby: 'secret' },
  };

  test('once, and with --replace again', () => {
    const { west } = town();
    expect(west.whack({ kind: 'add', conn: text }).exit).toBe(0);
    const again = west.whack({ kind: 'add', conn: text });
    expect(again.exit).toBe(RC.DUPNAME);
    expect(west.whack({ kind: 'replace', conn: text }).exit).toBe(0);
  });

  test('a wrong keyword is told with its place, and nothing is added', () => {
    const { west } = town();
    const wrong = { ...text, file: '/etc/ipsec.d/a.conf', line: 7, keywords: { ...text.keywords, ike: 'rot13' } };
    const added = west.whack({ kind: 'add', conn: wrong });
    expect(added.exit).toBe(RC.FATAL);
    expect(added.text).toContain('/etc/ipsec.d/a.conf:7');
    expect(added.lines.at(-1)).toEqual({ code: RC.FATAL, text: '"new": failed to add connection' });
    expect(west.world.registry.named('new')).toBeUndefined();
  });

  test.each([
    [
      'leftid',
      'west.example.net',
      'IKEv2',
      RC.FATAL,
      ': no name is looked up for an identity; leftid=@west.example.net is the name itself',
    ],
    ['right', 'east.example.net', 'IKEv2', RC.FATAL, ' has no effect yet'],
  ])('what is not built yet is kept, said, and refused when it is wanted: %s=%s', (keyword, value, kind, code, why) => {
    const { west } = town();
    const keywords: Record<string, string> = { ...text.keywords, [keyword]: value };
    const added = west.whack({ kind: 'add', conn: { ...text, keywords } });
    expect(added.exit).toBe(0);
    expect(added.lines.map((l) => l.text).slice(-2)).toEqual([
      `"new": added ${kind} connection`,
      `"new": ${keyword}=${value}${why}: the connection can be loaded but not negotiated`,
    ]);
    const up = west.whack({ kind: 'initiate', name: 'new' });
    expect([up.exit, up.text]).toEqual([code, `"new": cannot initiate: ${keyword}=${value}${why}`]);
    const routed = west.whack({ kind: 'route', name: 'new' });
    expect([routed.exit, routed.text]).toEqual([RC.ROUTE, `"new": cannot route: ${keyword}=${value}${why}`]);
    expect(west.whack({ kind: 'delete', name: 'new' }).exit).toBe(0);
  });

  test('a responder never picks a connection that cannot be negotiated', () => {
    const made = town({ west: { conf: conn() }, east: { conf: conn('w-e', { rightid: 'east.example.net' }) } });
    const up = made.west.whack({ kind: 'initiate', name: 'w-e' });
    made.clock.advance(1_000);
    expect(up.exit).toBeUndefined();
    const why = 'no connection has been authorized with policy IKEv2; "w-e": rightid=east.example.net: no name';
    expect(made.east.log).toContainEqual(expect.stringContaining(why));
    expect(made.east.world.switchboard.size).toBe(0);
  });

  test('a deleted one takes its SAs along', () => {
    const { west, east, clock } = upTown();
    const gone = new Heard();
    west.control.handle({ kind: 'delete', name: 'w-e' }, gone);
    clock.settle();
    expect(gone.exit).toBe(0);
    clock.advance(5_001);
    for (const house of [west, east]) {
      expect(house.plane.sas.size).toBe(0);
      expect(house.plane.policies.size).toBe(0);
      expect(house.world.switchboard.size).toBe(0);
      expect(house.plane.mistakes).toEqual([]);
    }
  });
});

test('two secrets for the same two that differ are named by their lines, and the first is used', () => {
  const { west } = town({ west: { secrets: '@west @east : PSK "swordfish"\n@east @west : PSK "marlin"\n' } });
  expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  expect(west.log).toContainEqual(expect.stringMatching(/:1 and \S+:2 match equally; the first is used/));
  expect(west.log.join()).not.toMatch(/swordfish|marlin/);
});

test('strangers who are refused neither end an attempt of ours nor use up its tries', () => {
  const { west, east, clock, wire } = town({ west: { conf: conn('w-e', { keyingtries: '2' }) }, east: { conf: '' } });
  wire.loses = isExchange('IKE_SA_INIT');
  const up = west.whack({ kind: 'initiate', name: 'w-e' });
  // From the peer's address, which anybody can put on a packet.
  wire.loses = () => false;
  for (const name of ['a', 'b', 'c']) {
    east.load(conn(name, { ike: 'aes128-sha1-modp2048', keyingtries: '1' }));
    expect(east.whack({ kind: 'initiate', name }).text).toContain('NO_PROPOSAL_CHOSEN');
  }
  expect(up.exit).toBeUndefined();
  expect(west.log.join('\n')).not.toMatch(/revival|giving up/);
  east.load(conn());
  clock.advance(1_000);
  expect([up.exit, west.plane.sas.size]).toEqual([0, 2]);
});

test('strangers make no actor of a connection that nobody has used', () => {
  const { west, east } = town({ east: { conf: conn('w-e', { ike: 'aes128-sha1-modp2048', keyingtries: '1' }) } });
  const { actors } = west.system.counters();
  east.whack({ kind: 'initiate', name: 'w-e' });
  expect(west.log.at(-1)).toContain('no proposal in common');
  expect(west.system.counters().actors).toBe(actors);
});
