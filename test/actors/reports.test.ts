import { describe, expect, test } from 'vitest';
import { Reports } from '../../src/actors/reports.ts';
import { REPORTS, type ReportKind } from '../../src/control/protocol.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { jsonReport } from '../../src/control/status/json.ts';
import { textReport } from '../../src/control/status/report.ts';
import { statusSchema } from '../../src/control/status/schema.ts';
import { HelperStats } from '../../src/workers/figures.ts';
import { faults } from '../control/status/validator.ts';
import { Heard } from './heard.ts';
import { conn, EAST, type House, noHoldings, town, upTown, WEST } from './town.ts';

const MANY = Array.from({ length: 450 }, (_, i) =>
  conn(`c${i}`, { leftsubnet: `10.${1 + (i >> 8)}.${i & 255}.0/24`, rightsubnet: '10.200.0.0/16' }),
).join('');

const SCHEMA = statusSchema();

/** After one tunnel with AES-GCM and DH 31 came up and its Child SA went down. */
const COUNTED = [
  'current.states.all',
  'current.states.iketype.authenticated',
  'current.states.enumerate.ESTABLISHED_IKE_SA',
  'total.ipsec.type.all',
  'total.ipsec.type.esp',
  'total.ipsec.type.non_encap',
  'total.ipsec.traffic.in',
  'total.ipsec.esp.traffic.out',
  'total.ike.ikev2.established',
  'total.ikev2.ike.started',
  'total.ikev2.child.established',
  'total.ikev2.child.finished',
  'total.ikev2.encr.AES_GCM_16',
  'total.ikev2.group.DH31',
  'total.ikev2.ipsec.encr.AES_GCM_16',
];

/** Keywords without effect yet that reports show. */
const LATER = {
  compress: 'yes',
  mark: '5/0xff',
  mtu: '1400',
  modecfgdns: '192.0.2.53',
  modecfgbanner: 'hello',
  'nic-offload': 'crypto',
  leftcert: 'west',
  leftsendcert: 'never',
  rightca: 'CN=Example',
  overlapip: 'yes',
};

/** As `report`, but only so many turns. */
async function turns(house: House, n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    house.clock.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('reports', () => {
  test.each(Object.keys(REPORTS) as ReportKind[])('%s ends with 0, with and without tunnels', async (kind) => {
    for (const { west } of [town(), upTown()]) {
      const heard = await west.report({ kind });
      expect(heard.exit).toBe(0);
      expect(heard.lines).toEqual([]);
    }
  });

  test('status shows the tunnel and its SAs', async () => {
    const { west, clock } = upTown();
    clock.advance(10_000);
    west.plane.traffic = { bytes: 840, packets: 10, usedAt: 0 };
    const heard = await west.report({ kind: 'status' });
    const [connection] = heard.rowsOf('connections');
    expect(connection).toMatchObject({
      conn: 'w-e',
      routing: 'routed-tunnel',
      owners: { ike: 1, child: 2 },
      kind: 'permanent',
    });
    expect(heard.rowsOf('totals')).toEqual([{ loaded: 1, active: 1 }]);
    const [ike, child] = heard.rowsOf('states');
    expect(ike).toMatchObject({ serial: 1, kind: 'ike', state: 'ESTABLISHED_IKE_SA', isNewest: true });
    expect(ike.events.map((e) => e.name)).toEqual(['REKEY', 'EXPIRE']);
    expect(child).toMatchObject({ serial: 2, kind: 'child', ikeSerial: 1, sa: { inBytes: 840n, outBytes: 840n } });
    expect(child.events.map((e) => e.name)).toEqual(['REKEY', 'EXPIRE']);
    expect(child.events.every((e) => e.inSeconds > 0 && e.inSeconds < 8 * 3600)).toBe(true);
    expect(heard.rowsOf('counts')[0]).toMatchObject({ ike: { total: 1, halfOpen: 0 }, ipsec: { total: 1 } });
  });

  test('trafficstatus, briefconnectionstatus and showstates narrow to a name', async () => {
    const both = conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24' });
    const { west } = upTown({ both });
    west.whack({ kind: 'initiate', name: 'w-e-2' });
    const all = await west.report({ kind: 'trafficstatus' });
    expect(all.rowsOf('traffic').map((r) => r.conn)).toEqual(['w-e', 'w-e-2']);
    const one = await west.report({ kind: 'trafficstatus', name: 'w-e-2' });
    expect(one.rowsOf('traffic').map((r) => r.conn)).toEqual(['w-e-2']);
    const brief = await west.report({ kind: 'briefconnectionstatus', name: 'w-e' });
    expect(brief.rowsOf('briefConnections').map((r) => r.conn)).toEqual(['w-e']);
    expect((await west.report({ kind: 'trafficstatus', name: 'nobody' })).codes).toEqual([RC.UNKNOWN_NAME]);
    const states = await west.report({ kind: 'showstates', name: 'w-e-2' });
    expect(states.rowsOf('states').map((r) => r.conn)).toContain('w-e-2');
  });

  test('globalstatus counts what has happened', async () => {
    const { west } = upTown();
    const globals = new Map(
      (await west.report({ kind: 'globalstatus' })).rowsOf('globals').map((g) => [g.key, g.value]),
    );
    expect(globals.get('current.states.ike')).toBe(1);
    expect(globals.get('total.ike.ikev2.established')).toBe(1);
    expect(globals.get('total.ikev2.child.established')).toBe(1);
    expect(globals.get('total.ike.packets.received')).toBe(2);
  });

  test('globalstatus has every key once, and counts algorithms, SAs and octets', async () => {
    const { west, clock } = upTown();
    west.plane.traffic = { bytes: 840, packets: 10, usedAt: 0 };
    west.whack({ kind: 'down-child', name: 'w-e' });
    clock.advance(10_000);
    const rows = (await west.report({ kind: 'globalstatus' })).rowsOf('globals');
    const globals = new Map(rows.map((g) => [g.key, g.value]));
    expect(globals.size).toBe(rows.length);
    expect(Object.fromEntries(COUNTED.map((key) => [key, globals.get(key)]))).toEqual(
      Object.fromEntries(COUNTED.map((key) => [key, key.includes('traffic') ? 840 : 1])),
    );
    expect(globals.get('total.ike.traffic.in')).toBeGreaterThan(400);
    expect(globals.get('current.states.ipsec')).toBe(0);
    expect(globals.get('total.ike.ikev2.failed')).toBe(0);
    west.whack({ kind: 'clearstats' });
    const after = new Map((await west.report({ kind: 'globalstatus' })).rowsOf('globals').map((g) => [g.key, g.value]));
    expect(after.get('total.ipsec.type.esp')).toBe(0);
    expect(after.get('current.states.iketype.authenticated')).toBe(1);
  });

  test('a peer that does not answer is half of nothing: open, then failed', async () => {
    const { west, wire, clock } = town();
    wire.loses = () => true;
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    const [during] = (await west.report({ kind: 'briefstatus' })).rowsOf('counts');
    expect(during.ike).toEqual({ total: 1, halfOpen: 0, open: 1, authenticated: 0, anonymous: 0 });
    const [row] = (await west.report({ kind: 'connectionstatus', name: 'w-e' })).rowsOf('connections');
    expect(row).toMatchObject({ routing: 'unrouted-bare-negotiation', owners: { negotiatingIke: 1 } });
    clock.advance(70_000);
    const globals = (await west.report({ kind: 'globalstatus' })).rowsOf('globals');
    expect(globals.find((g) => g.key === 'total.ikev2.ike.finished.timeout')?.value).toBe(1);
    expect(globals.find((g) => g.key === 'total.ike.packets.retransmitted')?.value).toBeGreaterThan(3);
  });

  test('probes are counted, retransmissions of them apart', async () => {
    const { west, wire, clock } = upTown({ both: conn('w-e', { dpddelay: '30s' }) });
    clock.advance(100_000);
    const counted = async (key: string) =>
      (await west.report({ kind: 'globalstatus' })).rowsOf('globals').find((g) => g.key === key)?.value;
    expect(await counted('total.ike.dpd.sent')).toBeGreaterThan(0);
    expect(await counted('total.ike.packets.retransmitted')).toBe(0);
    wire.loses = () => true;
    clock.advance(40_000);
    expect(await counted('total.ike.packets.retransmitted')).toBeGreaterThan(2);
  });

  test('the newest algorithms, and the group of a key exchange of its own', async () => {
    const { west } = upTown({ both: conn('w-e', { esp: 'aes_gcm128;dh19' }) });
    west.whack({ kind: 'rekey-child', name: 'w-e' });
    const [row] = (await west.report({ kind: 'connectionstatus' })).rowsOf('connections');
    expect(row).toMatchObject({
      newestIke: 'AES_GCM_16_256-HMAC_SHA2_512-DH31',
      newestChild: { algorithms: 'AES_GCM_16_128-NONE', pfsGroup: 'DH19' },
    });
  });

  test('a template, its instance, an end without identity', async () => {
    const east = conn('road', {
      right: WEST,
      rightid: '@west',
      rightsubnet: undefined,
      left: EAST,
      leftid: '@east',
      leftsubnet: '10.0.2.0/24',
    })
      .replace(`right=${WEST}`, 'right=%any')
      .replace('rightid=@west', 'rightid=%any');
    const { west, east: gateway } = town({
      west: { conf: conn('w-e', { leftsubnet: undefined }) },
      east: { conf: east, secrets: ': PSK "swordfish"' },
    });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    const rows = (await gateway.report({ kind: 'connectionstatus' })).rowsOf('connections');
    expect(rows.map(({ kind, instance, template }) => ({ kind, instance, template }))).toEqual([
      { kind: 'template', instance: undefined, template: undefined },
      { kind: 'instance', instance: { number: 1, peer: WEST }, template: 1 },
    ]);
    expect(rows[0].remote).toMatchObject({ host: '%any', id: '(none)', idType: '%none' });
    expect(rows[1].remote).toMatchObject({ host: WEST, id: '@west', idType: 'ID_FQDN' });
  });

  test('what a conn says of authentication, in libreswan’s words', async () => {
    const conf =
      conn('rsa', { authby: undefined }) +
      conn('psk') +
      conn('v1', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-dh19' });
    const { west } = town({ west: { conf } });
    const rows = (await west.report({ kind: 'connectionstatus' })).rowsOf('connections');
    const [rsa, psk, v1] = ['rsa', 'psk', 'v1'].map((name) => rows.find((r) => r.conn === name)!);
    expect([rsa.local.auth, rsa.remote.auth]).toEqual(['rsasig(RSASIG+RSASIG_v1_5)', 'RSASIG+ECDSA+RSASIG_v1_5']);
    expect(rsa.settings.policy.slice(0, 5)).toEqual(['IKEv2', 'RSASIG', 'ECDSA', 'RSASIG_v1_5', 'ENCRYPT']);
    expect(rsa.settings.authHash).toEqual(['SHA2_256', 'SHA2_384', 'SHA2_512']);
    expect([psk.local.auth, psk.remote.auth, psk.settings.authHash]).toEqual(['secret', 'secret', []]);
    expect(v1.settings).toMatchObject({ ikeVersion: 1, authHash: [] });
    expect(v1.hindrance).toBeUndefined();
    expect(psk.hindrance).toBeUndefined();
  });

  test('equal settings are one object, and conns come in the order of their names', async () => {
    const conf = conn('c') + conn('b', { leftsubnet: '10.0.4.0/24' }) + conn('a', { ikelifetime: '1h' });
    const { west } = town({ west: { conf } });
    const rows = (await west.report({ kind: 'connectionstatus' })).rowsOf('connections');
    expect(rows.map((r) => r.conn)).toEqual(['a', 'b', 'c']);
    expect(rows[1].settings).toBe(rows[2].settings);
    expect(rows[0].settings.ikeLifetime).toBe(3600);
  });

  test('listevents names each timer with its state', async () => {
    const { west } = upTown();
    const heard = await west.report({ kind: 'listevents' });
    expect(heard.rowsOf('clock')).toHaveLength(1);
    const [{ now }] = heard.rowsOf('clock');
    const events = heard.rowsOf('events');
    expect(events.map((e) => [e.name, e.serial])).toEqual([
      ['REKEY', 1],
      ['EXPIRE', 1],
      ['REKEY', 2],
      ['EXPIRE', 2],
    ]);
    expect(events.every((e) => e.at === now + e.inSeconds && e.conn === 'w-e')).toBe(true);
  });

  test('processstatus counts helpers, which are threads', async () => {
    const { west } = town();
    const reports = new Reports({
      ...west,
      info: () => {
        throw new Error('not asked');
      },
      holdings: noHoldings(),
      process: {
        vital: () => ({ busy: 0.25, p50: 0, p90: 0.1, p99: 2.5, max: 70 }),
        helpers: () => [5, 6].map((thread) => ({ stats: new HelperStats(thread, 0), inHand: thread - 5 })),
        now: () => 1,
      },
    });
    const heard = new Heard();
    reports.answer({ kind: 'processstatus' }, heard);
    await turns(west, 3);
    const { pid } = process;
    expect(heard.rowsOf('processes')).toEqual([
      { pid, name: 'pluto' },
      { pid, name: 'helper(1)' },
      { pid, name: 'helper(2)' },
    ]);
    expect(heard.rowsOf('mainThread')).toEqual([{ busy: 25, delay: { p50: 0, p90: 100, p99: 2500, max: 70_000 } }]);
    expect(heard.rowsOf('helpers')).toMatchObject([
      { name: 'helper(1)', thread: 5, inHand: 0, done: 0, busy: 0 },
      { name: 'helper(2)', thread: 6, inHand: 1, done: 0, busy: 0 },
    ]);
    expect(heard.exit).toBe(0);
  });

  test('a report that throws ends with an internal error, and takes nobody along', async () => {
    const { west } = town();
    const reports = new Reports({
      ...west,
      info: () => {
        throw new Error('a bug');
      },
      holdings: noHoldings(),
    });
    const heard = new Heard();
    reports.answer({ kind: 'status' }, heard);
    await turns(west, 3);
    expect([heard.codes, heard.isOpen]).toEqual([[RC.INTERNAL_ERROR], false]);
    expect(west.crashes).toHaveLength(1);
    expect((await west.report({ kind: 'briefstatus' })).exit).toBe(0);
  });

  test('addresspoolstatus has each pool once', async () => {
    const of = (name: string, rightaddresspool: string) => conn(name, { rightaddresspool, rightsubnet: undefined });
    const conf = of('a', '10.9.0.1-10.9.0.9') + of('b', '10.9.0.1-10.9.0.9') + of('c', '10.8.0.0/16') + conn();
    const { west } = town({ west: { conf } });
    const pools = (await west.report({ kind: 'addresspoolstatus' })).rowsOf('pools');
    expect(pools.map(({ range, size, free }) => [range, size, free])).toEqual([
      ['10.8.0.0-10.8.255.255', 65_536n, 0n],
      ['10.9.0.1-10.9.0.9', 9n, 0n],
    ]);
  });

  test('listpsks says for whom there are secrets, and nothing of them', async () => {
    const { west } = town({ west: { secrets: '@west @east : PSK "swordfish"\n: PSK "secret"\n' } });
    const heard = await west.report({ kind: 'listpsks' });
    expect(heard.rowsOf('secrets')).toMatchObject([
      { line: 1, kind: 'PSK', ids: ['@west', '@east'] },
      { line: 2, kind: 'PSK', ids: [] },
    ]);
    expect(JSON.stringify(heard.frames)).not.toMatch(/swordfish|"secret"/);
  });

  test.each(Object.keys(REPORTS) as ReportKind[])('%s as JSON is what the schema says', async (kind) => {
    const both =
      conn() +
      conn('w-e-2', { leftsubnet: '10.0.3.0/24', ...LATER }) +
      conn('v1', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-dh19' });
    const { west } = upTown({ both });
    const { frames } = await west.report({ kind });
    const report = jsonReport(kind);
    const value: unknown = JSON.parse(frames.map((frame) => report.slice(frame)).join('') + report.finish());
    expect(faults(value, SCHEMA.$defs[`report.${kind}`], SCHEMA.$defs)).toEqual([]);
  });

  test('the whole status of a tunnel', async () => {
    const { west, clock } = upTown({ both: conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24', ...LATER }) });
    clock.advance(10_000);
    west.plane.traffic = { bytes: 840, packets: 10, usedAt: 0 };
    const { frames } = await west.report({ kind: 'status' });
    const report = textReport('status', { now: 0, utc: true });
    expect(frames.map((frame) => report.slice(frame)).join('') + report.finish()).toMatchSnapshot();
  });

  test('a long list comes in slices of 20', async () => {
    const { west } = town({ west: { conf: MANY } });
    const heard = await west.report({ kind: 'connectionstatus' });
    const sizes = heard.frames.filter((f) => f.of === 'connections').map((f) => f.rows.length);
    expect(sizes).toEqual([...Array(22).fill(20), 10]);
  });

  test('a slow client holds its report up, and nobody else', async () => {
    const { west } = town({ west: { conf: MANY + conn() } });
    const slow = new Heard();
    slow.isCongested = true;
    west.control.handle({ kind: 'connectionstatus' }, slow);
    await turns(west, 20);
    expect(slow.frames).toHaveLength(1);
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    slow.catchUp();
    await turns(west, 40);
    expect(slow.exit).toBe(0);
    expect(slow.rowsOf('connections')).toHaveLength(451);
  });

  test('a client that goes ends its report', async () => {
    const { west } = town({ west: { conf: MANY } });
    const slow = new Heard();
    slow.isCongested = true;
    west.control.handle({ kind: 'connectionstatus' }, slow);
    await turns(west, 20);
    slow.go();
    await turns(west, 20);
    expect(slow.frames).toHaveLength(1);
    expect(west.system.counters().actors).toBe(2);
  });
});
