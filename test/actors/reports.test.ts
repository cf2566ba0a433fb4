import { describe, expect, test } from 'vitest';
import { REPORTS, type ReportKind } from '../../src/control/protocol.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { Heard } from './heard.ts';
import { conn, type House, town, upTown } from './town.ts';

const MANY = Array.from({ length: 450 }, (_, i) =>
  conn(`c${i}`, { leftsubnet: `10.${1 + (i >> 8)}.${i & 255}.0/24`, rightsubnet: '10.200.0.0/16' }),
).join('');

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
    expect(west.system.counters().actors).toBe(452);
  });
});
