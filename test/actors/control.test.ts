/** Requests that concern the daemon as a whole, or SAs by something else than their connection's name. */
import { describe, expect, test } from 'vitest';
import { REQUESTS, type Request, type RequestKind } from '../../src/control/protocol.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { conn, EAST, House, PSK, town, upTown, WEST } from './town.ts';

describe('every request', () => {
  const conns = { name: 'new', file: 'whack', line: 0, keywords: { left: WEST, right: '192.0.2.9', authby: 'secret' } };
  const fields: { readonly [K in RequestKind]?: object } = {
    add: { conn: conns },
    replace: { conn: conns },
    reload: { config: '/nonexistent/ipsec.conf' },
    deletestate: { serial: 1 },
    crash: { address: EAST },
    oppo: { here: '10.0.1.1', there: '10.0.2.1' },
    pubkey: { id: '@east' },
    myid: { id: '@me' },
    redirect: { to: '192.0.2.9' },
    load: { config: '/etc/ipsec.conf' },
    'socket-bufsize': { octets: 65_536 },
    ddos: { mode: 'auto' },
    debug: { set: [], clear: [] },
    impair: { set: [], clear: [] },
  };
  const named = (kind: RequestKind) => ('name' in REQUESTS[kind] ? { name: 'w-e' } : {});

  test.each(Object.keys(REQUESTS) as RequestKind[])('%s is answered', async (kind) => {
    const { west, clock } = upTown();
    const request = { kind, ...named(kind), ...fields[kind] } as Request;
    const heard = await west.report(request);
    clock.advance(10);
    expect(heard.exit).toBeDefined();
    expect(west.crashes).toEqual([]);
  });
});

test.each([
  ['name', 'w\nwarn: all is well', {}],
  ['name', '\x1b]0;w\x07', {}],
  ['name', 'w\u009b31m', {}],
  ['leftupdown', 'w', { leftupdown: '/bin/true \x1b[2J' }],
])('a connection with a control character in its %s is refused, and nobody’s terminal sees it', (what, name, more) => {
  const { west, clock } = town({ both: '' });
  const keywords = { left: WEST, right: EAST, authby: 'secret', ...more };
  const text = { name, file: 'whack', line: 0, keywords };
  for (const request of [{ kind: 'add', conn: text } as const, { kind: 'replace', conn: text } as const]) {
    const heard = west.whack(request);
    clock.advance(10);
    expect(heard.exit).not.toBe(0);
    expect(heard.text).toContain(`whack: ${what} has a control character`);
  }
  expect([...west.world.registry.entries()]).toEqual([]);
  expect(west.log.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
});

describe('--deletestate', () => {
  test('deletes an IKE SA, its child and the peer’s half', () => {
    const { west, east, clock } = upTown();
    const gone = west.whack({ kind: 'deletestate', serial: 1 });
    expect(gone.exit).toBe(0);
    expect(gone.lines[0].text).toBe('"w-e" #1: received whack request to delete IKE SA #1');
    expect(gone.text).toContain('"w-e" #1: deleting IKE SA');
    clock.advance(5_001);
    for (const house of [west, east]) expect([house.world.switchboard.size, house.plane.sas.size]).toEqual([0, 0]);
  });

  test('deletes a Child SA and leaves its IKE SA', () => {
    const { west, east, clock } = upTown();
    const gone = west.whack({ kind: 'deletestate', serial: 2 });
    expect(gone.exit).toBe(0);
    expect(gone.lines[0].text).toBe('"w-e" #2: received whack request to delete Child SA #2');
    clock.advance(5_001);
    for (const house of [west, east]) expect([house.world.switchboard.size, house.plane.sas.size]).toEqual([1, 0]);
  });

  test('no such state, no change', () => {
    const { west, clock } = upTown();
    const none = west.whack({ kind: 'deletestate', serial: 77 });
    clock.advance(10);
    expect([none.exit, none.text]).toEqual([RC.UNKNOWN_NAME, 'no state #77 to delete']);
    expect(west.plane.sas.size).toBe(2);
  });

  test('waits for a peer that does not answer no longer than for any farewell', () => {
    const { west, wire, clock } = upTown();
    wire.loses = () => true;
    const gone = west.whack({ kind: 'deletestate', serial: 1 });
    expect(gone.exit).toBeUndefined();
    clock.advance(70_000);
    expect(gone.exit).toBe(0);
    expect(west.world.switchboard.size).toBe(0);
  });
});

describe('--crash', () => {
  test('forgets every SA with the peer, tells it nothing, and tries again what is wanted', () => {
    const { west, east, wire, clock } = upTown();
    const { sent } = wire;
    wire.loses = () => true;
    const gone = west.whack({ kind: 'crash', address: EAST });
    clock.advance(10);
    expect(gone.exit).toBe(0);
    expect(gone.text).toContain(`deleted 1 IKE SAs with ${EAST}`);
    expect(west.plane.sas.size).toBe(0);
    expect(east.plane.sas.size).toBe(2);
    expect(west.log).toContainEqual(expect.stringContaining('revival attempt 1'));
    // Only the first message of the new attempt.
    expect(wire.sent - sent).toBe(1);
  });

  test('ends the waiting of who was bringing it up', () => {
    const { west, wire } = town();
    wire.loses = () => true;
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    west.whack({ kind: 'crash', address: EAST });
    expect(up.exit).toBe(RC.FATAL);
  });

  test('an address without SAs; no address', () => {
    const { west, clock } = upTown();
    const none = west.whack({ kind: 'crash', address: '192.0.2.77' });
    clock.advance(10);
    expect(none.text).toBe('no SAs with a peer at 192.0.2.77');
    expect(west.whack({ kind: 'crash', address: 'east' }).exit).toBe(RC.WHACK_PROBLEM);
    expect(west.plane.sas.size).toBe(2);
  });
});

describe('--deleteid and --deleteuser', () => {
  test('take down the connections to a peer by its identity', () => {
    const { west } = upTown();
    const gone = west.whack({ kind: 'deleteid', name: '@east' });
    expect(gone.exit).toBe(0);
    expect(gone.text).toContain('initiating delete of connection');
    expect(west.world.switchboard.size).toBe(0);
    expect(west.world.registry.named('w-e')).toBeDefined();
  });

  test('take down what a user has logged in to, and leave the others', async () => {
    const both = conn() + conn('other', { leftid: '@west2', leftsubnet: '10.0.3.0/24' });
    const secrets = `${PSK}@west2 @east : PSK "shark"\n`;
    const { west, east, clock } = upTown({ both, west: { secrets }, east: { secrets } });
    west.whack({ kind: 'initiate', name: 'other' });
    let serial = 0;
    for (const ike of east.world.switchboard.sas())
      ike.tell({
        t: 'report',
        to: ({ sa }) => {
          sa.eapUser = { name: sa.policy.name === 'other' ? 'paul' : 'joe', classes: undefined };
          if (sa.policy.name === 'other') serial = sa.serial;
        },
      });
    clock.settle();
    const shown = await east.report({ kind: 'showstates', name: 'other' });
    expect(shown.rowsOf('states').map((row) => row.sa?.username)).toEqual([undefined, 'paul']);
    const none = await east.report({ kind: 'deleteuser', name: 'pau' });
    expect([none.exit, none.text]).toEqual([RC.UNKNOWN_NAME, 'no connection to a user "pau"']);
    expect((await east.report({ kind: 'deleteuser', name: 'paul' })).exit).toBe(0);
    expect(east.log).toContainEqual(expect.stringContaining(`"other" #${serial}: deleting IKE SA`));
    expect(east.plane.inbound()).toHaveLength(1);
    expect(west.plane.inbound().map((sa) => `${sa.selectors[0].dst}`)).toEqual(['10.0.1.0/24']);
  });

  test.each([
    ['deleteid', '@west', RC.UNKNOWN_NAME],
    ['deleteid', '', RC.BADID],
    ['deleteuser', 'paul', RC.UNKNOWN_NAME],
  ] as const)('%s %s', (kind, name, code) => {
    const { west } = upTown();
    expect(west.whack({ kind, name }).exit).toBe(code);
    expect(west.plane.sas.size).toBe(2);
  });
});

describe('--oppohere --oppothere', () => {
  test('brings up the narrowest connection that covers both', () => {
    const wide = conn('wide', { leftsubnet: '10.0.0.0/16', rightsubnet: '10.0.0.0/8' });
    const { west } = town({ both: wide + conn() });
    const up = west.whack({ kind: 'oppo', here: '10.0.1.5', there: '10.0.2.5' });
    expect(up.exit).toBe(0);
    expect(up.lines[0].text).toBe('"w-e": initiate on-demand for packet 10.0.1.5 to 10.0.2.5');
    expect(up.text).toContain('established Child SA');
  });

  test('keeps to protocol and ports', () => {
    const { west } = town({ both: conn('w-e', { leftprotoport: 'udp', rightprotoport: 'udp/53' }) });
    const packet = { kind: 'oppo', here: '10.0.1.5', there: '10.0.2.5', protocol: 17 } as const;
    expect(west.whack({ ...packet, destinationPort: 54 }).exit).toBe(RC.OPPOFAILURE);
    expect(west.whack({ ...packet, destinationPort: 53 }).exit).toBe(0);
  });

  test('with --asynchronous ends at once', () => {
    const { west, wire } = town();
    wire.delay = 10;
    const up = west.whack({ kind: 'oppo', here: '10.0.1.5', there: '10.0.2.5', asynchronous: true });
    expect([up.exit, west.plane.sas.size]).toEqual([0, 0]);
  });

  test.each([
    ['10.0.1.5', '10.9.9.9', 'no connection with a known peer covers both'],
    ['10.0.1.5', 'east', 'east is not an address'],
    ['10.0.1.5', '2001:db8::1', 'one is IPv4, the other IPv6'],
  ])('%s to %s: %s', (here, there, why) => {
    const { west } = town();
    const refused = west.whack({ kind: 'oppo', here, there });
    expect([refused.exit, refused.text]).toEqual([RC.OPPOFAILURE, `cannot initiate for ${here} to ${there}: ${why}`]);
  });
});

describe('--initiate --remote-host', () => {
  const secrets = '%any : PSK "swordfish"\n';
  const template = (changes = {}) => conn('road', { left: WEST, right: '%any', rightsubnet: undefined, ...changes });

  function tempted(changes = {}) {
    const made = town({ west: { conf: template(changes), secrets }, east: { secrets } });
    return {
      ...made,
      initiate: (remoteHost: string) => made.west.whack({ kind: 'initiate', name: 'road', remoteHost }),
    };
  }

  test('brings up an instance for that peer', () => {
    const { west, east, initiate } = tempted();
    east.connections.remove(east.world.registry.named('w-e')!);
    east.load(conn('w-e', { rightsubnet: undefined }));
    const up = initiate(EAST);
    expect([up.exit, up.text]).toEqual([0, expect.stringContaining(`"road"[1] ${EAST} #`)]);
    expect(west.plane.sas.size).toBe(2);
    expect(initiate(EAST).exit).toBe(0);
    expect(west.world.registry.instancesOf(west.world.registry.named('road')!)).toHaveLength(1);
  });

  test('an attempt that fails says so, and leaves no instance behind', () => {
    const { west, wire, clock, initiate } = tempted({ 'retransmit-timeout': '2s' });
    wire.loses = () => true;
    const up = initiate(EAST);
    clock.advance(10_000);
    expect(up.exit).toBe(RC.NORETRANSMISSION);
    expect(west.world.registry.instancesOf(west.world.registry.named('road')!)).toEqual([]);
    expect(west.world.switchboard.size).toBe(0);
  });

  test('without it nobody knows where to', () => {
    const { west } = tempted();
    expect(west.whack({ kind: 'initiate', name: 'road' }).exit).toBe(RC.NOPEERIP);
  });

  test.each([
    ['road', 'east', '"road": --remote-host east is not an address'],
    ['road', '2001:db8::2', `"road": --remote-host 2001:db8::2 is not of the family of ${WEST}`],
  ])('%s at %s is refused', (_, remoteHost, text) => {
    const refused = tempted().initiate(remoteHost);
    expect([refused.exit, refused.text]).toEqual([RC.NOPEERIP, text]);
  });

  test('of a connection whose peer is known, only that peer', () => {
    const { west } = town();
    expect(west.whack({ kind: 'initiate', name: 'w-e', remoteHost: '192.0.2.9' }).exit).toBe(RC.NOPEERIP);
    expect(west.whack({ kind: 'initiate', name: 'w-e', remoteHost: EAST }).exit).toBe(0);
  });
});

describe('--myid', () => {
  test('is what status shows of a connection that says %myid', async () => {
    const { west } = town();
    west.load(conn('before', { leftid: '%myid' }));
    west.whack({ kind: 'myid', id: '@#77657374' });
    west.load(conn('after', { leftid: '%myid' }));
    const told = await west.report({ kind: 'connectionstatus' });
    const ours = told.rowsOf('connections').map((r) => [r.conn, r.local.idType, r.local.id]);
    expect(ours).toContainEqual(['before', 'ID_IPV4_ADDR', WEST]);
    expect(ours).toContainEqual(['after', 'ID_KEY_ID', '@#0x77657374']);
  });

  test('is what %myid stands for in connections added afterwards', () => {
    const { west, east, clock, wire } = town();
    expect(west.whack({ kind: 'myid', id: '@west' }).exit).toBe(0);
    west.load(conn('mine', { leftid: '%myid' }));
    expect(west.whack({ kind: 'initiate', name: 'mine' }).exit).toBe(0);
    expect(east.log.at(-1)).toContain('established Child SA');
    west.whack({ kind: 'myid', id: '%none' });
    west.load(conn('address', { leftid: '%myid' }));
    expect(`${west.world.registry.named('address')?.policy?.localId}`).toBe(WEST);
    const other = new House('other', clock, wire, { address: '192.0.2.8', conf: conn(), secrets: PSK });
    expect(other.whack({ kind: 'myid', id: 'no identity' }).exit).toBe(RC.BADID);
    expect(other.world.standing.myId).toBeUndefined();
  });
});

describe('settings that are kept', () => {
  test('redirection: checked, and kept', () => {
    const { west } = town();
    expect(west.whack({ kind: 'redirect', name: 'w-e', to: '192.0.2.999' }).exit).toBe(RC.WHACK_PROBLEM);
    expect(west.whack({ kind: 'redirect', name: 'w-e', to: '' }).exit).toBe(RC.WHACK_PROBLEM);
    expect(west.whack({ kind: 'redirect', name: 'e-w', to: '192.0.2.9' }).exit).toBe(RC.UNKNOWN_NAME);
    expect(west.whack({ kind: 'global-redirect', mode: 'yes' }).exit).toBe(RC.WHACK_PROBLEM);
    expect(west.whack({ kind: 'global-redirect', mode: 'yes', to: 'gw.example.net' }).exit).toBe(0);
    expect(west.world.standing).toMatchObject({ globalRedirect: 'yes', globalRedirectTo: ['gw.example.net'] });
  });

  test('buffers are no smaller than a packet, and no larger than the kernel has them', () => {
    const { west } = town();
    expect(west.whack({ kind: 'socket-bufsize', octets: 1_073_741_824 }).exit).toBe(RC.WHACK_PROBLEM);
    expect(west.whack({ kind: 'socket-bufsize', octets: 1_073_741_823 }).exit).toBe(0);
    expect(west.whack({ kind: 'socket-bufsize', octets: 1499 }).exit).toBe(RC.WHACK_PROBLEM);
    expect(west.whack({ kind: 'socket-bufsize', octets: 1500 }).text).toBe('1500');
  });

  test('statistics begin anew, SAs stay', () => {
    const { west } = upTown();
    const { switchboard, stats } = west.world;
    expect([switchboard.counters.sent > 0, stats.of('total.ike.ikev2.established')]).toEqual([true, 1]);
    west.whack({ kind: 'clearstats' });
    expect([switchboard.counters.sent, stats.of('total.ike.ikev2.established')]).toEqual([0, 0]);
    expect(west.plane.sas.size).toBe(2);
  });
});

describe('rereading', () => {
  test.each(['rereadsecrets', 'rereadall', 'listen'] as const)('%s fails when the secrets do', (kind) => {
    const { west } = town();
    expect(west.whack({ kind }).exit).toBe(0);
    west.hasSoundSecrets = false;
    const failed = west.whack({ kind });
    expect(failed.exit).toBe(RC.FATAL);
    expect(failed.text).toContain('secrets kept as they were');
  });

  test.each([
    ['rereadall', 'loading secrets\ncertificates'],
    ['rereadcerts', 'certificates'],
    ['fetchcrls', 'certificates of crls\nCRLs are fetched'],
    ['purgeocsp', 'forgot 3 OCSP answers'],
  ] as const)('%s reads the files that it means', (kind, text) => {
    expect(town().west.whack({ kind })).toMatchObject({ exit: 0, text });
  });
});

describe('what is not built', () => {
  test.each(['ddns'] as const)('%s says so', (kind) => {
    const said = town().west.whack({ kind });
    expect([said.exit, said.text]).toEqual([0, expect.stringContaining('not built yet')]);
  });

  test('suspending fails, and leaves the tunnel up', () => {
    const { west } = upTown();
    const said = west.whack({ kind: 'suspend', name: 'w-e' });
    expect([said.exit, said.text]).toEqual([RC.FATAL, '"w-e": cannot suspend: session resumption is not built yet']);
    expect(west.plane.sas.size).toBe(2);
    expect(west.whack({ kind: 'suspend', name: 'e-w' }).exit).toBe(RC.UNKNOWN_NAME);
  });
});

describe('exit statuses', () => {
  test('the first of several codes sticks', () => {
    const alias = (name: string, changes = {}) => conn(name, { connalias: 'all', ...changes });
    const { west } = town({
      west: { conf: alias('a', { right: '%any', rightid: undefined, rightsubnet: undefined }) + alias('b') },
    });
    const up = west.whack({ kind: 'initiate', name: 'all' });
    expect(up.exit).toBe(RC.NOPEERIP);
  });

  test('neither end is ours', () => {
    const { west } = town({ west: { conf: conn('far', { left: '192.0.2.70', right: '192.0.2.71' }) } });
    for (const kind of ['initiate', 'route'] as const) expect(west.whack({ kind, name: 'far' }).exit).toBe(RC.ORIENT);
  });

  test('what is down already goes down without complaint', () => {
    const { west } = town();
    for (const kind of ['terminate', 'unroute'] as const) expect(west.whack({ kind, name: 'w-e' }).exit).toBe(0);
  });
});

test('a changed ddos-mode= is said to whoever changed it, and in the log', () => {
  const { west } = town();
  const heard = west.whack({ kind: 'ddos', mode: 'busy' });
  expect([heard.exit, heard.text]).toEqual([0, 'ddos-mode is busy']);
  expect(west.log).toContainEqual(expect.stringContaining('ddos-mode is busy'));
});
