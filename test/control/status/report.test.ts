import { describe, expect, test } from 'vitest';
import type { ReportKind } from '../../../src/control/protocol.ts';
import { jsonReport } from '../../../src/control/status/json.ts';
import { REPORT_PARTS } from '../../../src/control/status/parts.ts';
import { textReport } from '../../../src/control/status/report.ts';
import type { ConnRow, Rows, StateRow } from '../../../src/control/status/rows.ts';
import { CHILD, CONN, COUNTS, DAEMON, IKE, ROAD, SETTINGS, SLICES } from './fixtures.ts';

/** All slices of a report, printed. */
function text(kind: ReportKind, ...slices: Rows[]): string {
  const report = textReport(kind, CLOCK);
  return slices.map((slice) => report.slice(slice)).join('') + report.finish();
}

function json(kind: ReportKind, ...slices: Rows[]): unknown {
  const report = jsonReport(kind);
  return JSON.parse(slices.map((slice) => report.slice(slice)).join('') + report.finish());
}

const pool = (range: string, leases: number) => ({ range, size: 9n, leases, inUse: leases, free: 0n, reusable: 0 });
const lease = (of: string, address: string, holder: string) => ({
  pool: of,
  address,
  holder,
  state: 'in-use' as const,
});
const [EMPTY, TWO, SIX, LAST] = [
  '10.9.0.1-10.9.0.9',
  '10.9.1.1-10.9.1.9',
  '2001:db8::-2001:db8::f',
  '2001:db8:1::-2001:db8:1::f',
];
/** As the daemon sends them: all pools, and then the leases in slices. */
const FOUR_POOLS: readonly Rows[] = [
  { of: 'pools', rows: [pool(EMPTY, 0), pool(TWO, 2)] },
  { of: 'pools', rows: [pool(SIX, 1), pool(LAST, 0)] },
  { of: 'leases', rows: [lease(TWO, '10.9.1.1', '@joe')] },
  { of: 'leases', rows: [lease(TWO, '10.9.1.2', '@ann'), lease(SIX, '2001:db8::2', '@joe')] },
];

const CLOCK = { now: 1_700_000_000, utc: true };
const KINDS = Object.keys(REPORT_PARTS) as ReportKind[];

describe('text', () => {
  test('states', () => {
    expect(text('showstates', { of: 'states', rows: [IKE, CHILD] })).toBe(
      [
        '#1: "west-east":500 ESTABLISHED_IKE_SA (established IKE SA); REKEY in 27786s; newest; idle;',
        '#1: pending Child SA for "other" replacing #7',
        '#2: "west-east":4500 ESTABLISHED_CHILD_SA (established Child SA); REKEY in 27000s; EXPIRE in 28800s; newest; eroute owner; IKE SA #1; lastlive=3s; idle;',
        '#2: "west-east" esp.c0ffee01@192.1.2.23 esp.badcafe@192.1.2.45 tun.0@192.1.2.23 tun.0@192.1.2.45 Traffic: ESPin=1023B ESPout=52MB ESPmax=2^63B',
        '',
      ].join('\n'),
    );
  });

  test('a state of an instance over TCP, with a job out', () => {
    const row: StateRow = {
      ...IKE,
      instance: { number: 2, peer: '198.51.100.9' },
      overTcp: true,
      isNewest: false,
      isCalculating: true,
      pending: [],
      dpd: { kind: 'lastdpd', secondsAgo: 4, seqIn: 5, seqOut: 6 },
    };
    expect(text('showstates', { of: 'states', rows: [row] })).toBe(
      '#1: "west-east"[2] 198.51.100.9:500(tcp) ESTABLISHED_IKE_SA (established IKE SA); REKEY in 27786s; lastdpd=4s(seq in:5 out:6); crypto_calculating;\n',
    );
  });

  test('of IKEv1: its words, and SPIs of a bundle from the outside in', () => {
    const ike: StateRow = {
      ...IKE,
      ikeVersion: 1,
      state: 'STATE_MAIN_I4',
      story: 'ISAKMP SA established',
      events: [{ name: 'REPLACE', inSeconds: 2997 }],
      dpd: { kind: 'nodpd' },
    };
    const child: StateRow = {
      ...CHILD,
      ikeVersion: 1,
      state: 'STATE_QUICK_R2',
      story: 'IPsec SA established',
      events: [],
      dpd: { kind: 'lastdpd', secondsAgo: 3, seqIn: 7, seqOut: 9 },
      sa: { ...CHILD.sa!, ah: { outbound: 0xa1, inbound: 0xa2 }, ipcomp: { outbound: 0xc1, inbound: 0xc2 } },
    };
    const [first, pending, second, sas] = text('showstates', { of: 'states', rows: [ike, child] }).split('\n');
    expect(first).toBe(
      '#1: "west-east":500 STATE_MAIN_I4 (ISAKMP SA established); REPLACE in 2997s; newest; nodpd; idle;',
    );
    expect(pending).toBe('#1: pending IPsec SA for "other" replacing #7');
    expect(second).toContain('STATE_QUICK_R2 (IPsec SA established); newest; eroute owner; ISAKMP SA #1; lastdpd=3s(');
    expect(sas).toContain(
      ' ah.a1@192.1.2.23 ah.a2@192.1.2.45 esp.c0ffee01@192.1.2.23 esp.badcafe@192.1.2.45 ipcomp.c1@192.1.2.23 ipcomp.c2@192.1.2.45 tun.0@',
    );
  });

  test('traffic with all that may be there, and with a user instead of an identity', () => {
    const row = { conn: 'w', serial: 2, type: 'ESP', addTime: 17, inBytes: 1n, outBytes: 2n, id: '@e' } as const;
    expect(
      text('trafficstatus', {
        of: 'traffic',
        rows: [
          { ...row, nicOffload: 'packet', maxBytes: 2n ** 63n, lease: ['10.9.0.1/32', 'fd00::1/128'] },
          { ...row, instance: { number: 1, peer: '192.0.2.7' }, username: 'joe', maxBytes: 500n },
        ],
      }),
    ).toBe(
      `#2: "w", type=ESP(nic-offload=packet), add_time=17, inBytes=1, outBytes=2, maxBytes=2^63B, id='@e', lease=10.9.0.1/32,fd00::1/128\n` +
        `#2: "w"[1] 192.0.2.7, username=joe, type=ESP, add_time=17, inBytes=1, outBytes=2, maxBytes=500B\n`,
    );
  });

  test('pools, each with its leases below it', () => {
    expect(text('addresspoolstatus', ...FOUR_POOLS)).toBe(
      [
        'address pool 10.9.0.1-10.9.0.9: 9 addresses, 0 leases, 0 in-use, 0 free (0 reusable)',
        'address pool 10.9.1.1-10.9.1.9: 9 addresses, 2 leases, 2 in-use, 0 free (0 reusable)',
        '  10.9.1.1 in-use',
        '    @joe',
        '  10.9.1.2 in-use',
        '    @ann',
        'address pool 2001:db8::-2001:db8::f: 9 addresses, 1 leases, 1 in-use, 0 free (0 reusable)',
        '  2001:db8::2 in-use',
        '    @joe',
        'address pool 2001:db8:1::-2001:db8:1::f: 9 addresses, 0 leases, 0 in-use, 0 free (0 reusable)',
        '',
      ].join('\n'),
    );
  });

  test('brief status', () => {
    expect(text('briefstatus', COUNTS)).toBe(
      'State Information: DDoS cookies not required, Accepting new IKE connections\n' +
        'IKE SAs: total(3), half-open(1), open(1), authenticated(2), anonymous(0)\n' +
        'IPsec SAs: total(2), authenticated(2), anonymous(0)\n',
    );
  });

  test('brief connections', () => {
    const row = {
      conn: 'w-e',
      local: '10.0.1.0/24',
      remote: '10.0.2.0/24',
      localHost: '192.0.2.1',
      remoteHost: '192.0.2.2',
      inBytes: 84n,
      outBytes: 85n,
      reqid: 16388,
    };
    expect(
      text(
        'briefconnectionstatus',
        { of: 'briefConnections', rows: [row] },
        { of: 'totals', rows: [{ loaded: 3, active: 1 }] },
      ),
    ).toBe(
      '10.0.1.0/24 <==> 10.0.2.0/24\tfrom 192.0.2.1 to 192.0.2.2 (84/85)\t"w-e", reqid=16388\n' +
        '# Total IPsec connections: loaded 3, active 1\n',
    );
  });

  test.each(KINDS)('%s with a slice of each of its parts', (kind) => {
    expect(text(kind, ...REPORT_PARTS[kind].map((of) => SLICES[of]))).toMatchSnapshot();
  });

  test('one connection by its name has no heading', () => {
    const report = textReport('connectionstatus', CLOCK, true);
    const [first] = (report.slice({ of: 'connections', rows: [CONN] }) + report.finish()).split('\n');
    expect(first).toMatch(/^"west-east": /);
  });

  test('a connection that is nobody’s, one for each pair of clients, one that cannot be negotiated', () => {
    const { interface: _, ...rest } = CONN;
    const row: ConnRow = {
      ...rest,
      isOriented: false,
      hindrance: 'keyexchange=ikev1',
      owners: {},
      routing: 'unrouted',
      local: { ...CONN.local, client: ['10.1.0.0/16', '10.2.0.0/16'], nexthop: '192.1.2.254' },
      remote: { ...CONN.remote, host: '%dns<east.example>', nexthop: '192.1.2.253' },
      settings: {
        ...SETTINGS,
        ikeVersion: 1,
        policy: ['IKEv1', 'PSK', 'AUTHENTICATE', 'TRANSPORT'],
        dpdDelay: 30,
        dpdTimeout: 120,
        dns: ['8.8.8.8', '8.8.4.4'],
        domains: ['a.example', 'b.example'],
        banner: 'hello',
        secLabel: 'system_u:object_r:ipsec_spd_t:s0',
        mark: '5/0xffffffff, 6/0x0000ff',
        mtu: 1400,
      },
    };
    expect(text('connectionstatus', { of: 'connections', rows: [row] })).toMatchSnapshot();
  });

  test('a report in several slices', () => {
    const slices: Rows[] = [
      { of: 'daemon', rows: [DAEMON] },
      { of: 'connections', rows: [CONN] },
      { of: 'connections', rows: [ROAD] },
      { of: 'totals', rows: [{ loaded: 2, active: 1 }] },
      COUNTS,
      { of: 'states', rows: [CHILD] },
    ];
    expect(text('status', ...slices)).toMatchSnapshot();
  });

  test('headings once, whether or not there are rows under them', () => {
    const shunt = {
      source: '192.0.2.1',
      sourcePort: 8,
      destination: '192.0.2.2',
      destinationPort: 0,
      protocol: 1,
      policy: '%hold',
      why: 'acquire',
      connSerial: 4,
    };
    const line = '192.0.2.1:8 -1-> 192.0.2.2:0 => %hold    acquire [$4]\n';
    const slice: Rows = { of: 'shunts', rows: [shunt] };
    expect(text('shuntstatus', slice, slice)).toBe(` \nBare Shunt list:\n \n${line}${line}`);
    expect(text('shuntstatus')).toBe(' \nBare Shunt list:\n \n');
    expect(text('processstatus', { of: 'processes', rows: [{ pid: 42, name: 'pluto' }] })).toMatch(
      /^ {2}PID {2}Process\n {3}42 {2}pluto\n \n/,
    );
    expect(text('fipsstatus', { of: 'fips', rows: [{ mode: 'disabled' }] })).toBe('FIPS mode disabled\n');
    expect(text('globalstatus', { of: 'globals', rows: [{ key: 'current.states.all', value: 3 }] })).toBe(
      'current.states.all=3\n',
    );
  });

  test('below its processes, the daemon shows how its threads and their jobs do', () => {
    const { processes, mainThread, helpers, jobs } = SLICES;
    expect(text('processstatus', processes, mainThread, helpers, jobs)).toMatchInlineSnapshot(`
      "  PID  Process
         42  pluto
         42  helper(1)
       
      main thread: busy 12%, late p50=80us p90=900us p99=2.50ms max=1.25s
       
      Helper              done in hand  busy  run p50      p90      p99
      helper(1)           1200       2   63%    120us    640us   12.0ms
       
      Jobs                done  failed  queued refused dropped wait p50      p90      p99  run p50      p90      p99
      ike.keys            1190       1       9       0       2    300us   1.10ms   9.90ms    118us    630us    700us
      "
    `);
  });
});

describe('JSON', () => {
  test('has each part once, and numbers beyond 64 bits as text', () => {
    const large = { ...pool('2001:db8::/48', 0), size: `${2n ** 80n}` as unknown as bigint };
    const report = jsonReport('addresspoolstatus');
    const slices = [...FOUR_POOLS.slice(0, 2), { of: 'pools', rows: [large] } as const, ...FOUR_POOLS.slice(2)];
    const printed = slices.map((slice) => report.slice(slice)).join('') + report.finish();
    expect(printed.match(/"pools":|"leases": /g)).toEqual(['"pools":', '"leases": ']);
    expect(JSON.parse(printed).pools.at(-1).size).toBe('1208925819614629174706176');
    expect(JSON.parse(printed).leases).toHaveLength(3);
  });

  test.each(KINDS)('%s without rows names its parts', (kind) => {
    expect(Object.keys(json(kind) as object)).toEqual(REPORT_PARTS[kind]);
  });

  test('slices of one part make one array, parts without rows are empty', () => {
    expect(
      json(
        'status',
        { of: 'connections', rows: [CONN] },
        { of: 'connections', rows: [ROAD, CONN] },
        { of: 'states', rows: [IKE] },
      ),
    ).toMatchObject({
      daemon: null,
      connections: [
        { conn: 'west-east' },
        { conn: 'road' },
        { conn: 'west-east', settings: { ipsecMaxBytes: `${2n ** 63n}` } },
      ],
      totals: null,
      counts: null,
      states: [{ serial: 1 }],
      shunts: [],
    });
  });

  test('what there is one of is an object', () => {
    expect(json('briefstatus', COUNTS)).toEqual({ counts: COUNTS.rows[0] });
  });
});
