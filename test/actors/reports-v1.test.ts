/** What operators see of IKEv1. */
import { describe, expect, test } from 'vitest';
import { Scrape } from '../../src/actors/scrape.ts';
import { NO_SERVICES, type Services } from '../../src/actors/world.ts';
import { jsonReport } from '../../src/control/status/json.ts';
import { textReport } from '../../src/control/status/report.ts';
import { statusSchema } from '../../src/control/status/schema.ts';
import { EXCHANGE } from '../../src/ike/v1/wire/index.ts';
import { Exposition } from '../../src/ops/exposition.ts';
import { NOTHING_KNOWN } from '../../src/ops/snapshot.ts';
import { faults } from '../control/status/validator.ts';
import { parse } from '../ops/text.ts';
import { conn, type House, PSK, town } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };

function v1Town(changes: Readonly<Record<string, string>> = {}, eastern = changes) {
  const house = { ikev1Policy: 'accept' } as const;
  return town({
    west: { ...house, conf: conn('w-e', { ...V1, ...changes }) },
    east: { ...house, conf: conn('w-e', { ...V1, ...eastern }) },
  });
}

function up(changes: Readonly<Record<string, string>> = {}) {
  const made = v1Town(changes);
  expect(made.west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  return made;
}

async function showstates(house: House): Promise<string[]> {
  const { frames } = await house.report({ kind: 'showstates' });
  const report = textReport('showstates', { now: 0, utc: true });
  return (frames.map((frame) => report.slice(frame)).join('') + report.finish()).split('\n').slice(0, -1);
}

async function globals(house: House): Promise<(key: string) => number | undefined> {
  const rows = (await house.report({ kind: 'globalstatus' })).rowsOf('globals');
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
  const byKey = new Map(rows.map(({ key, value }) => [key, Number(value)]));
  return (key) => byKey.get(key);
}

/** The names of all keys below `prefix` that are not 0. */
async function counted(house: House, prefix: string): Promise<string[]> {
  const rows = (await house.report({ kind: 'globalstatus' })).rowsOf('globals');
  return rows.filter(({ key, value }) => key.startsWith(prefix) && value !== 0).map(({ key }) => key);
}

/** No message of this exchange arrives once `count` have. */
function stopAt({ wire }: ReturnType<typeof town>, exchange: number, count: number): void {
  let seen = 0;
  wire.loses = ({ bytes }) => bytes[18] === exchange && ++seen > count;
}

describe('states', () => {
  test('of a tunnel that Main Mode has made', async () => {
    const { west, east } = up();
    const [ours, child, sas] = await showstates(west);
    expect(ours).toMatch(/^#1: "w-e":500 STATE_MAIN_I4 \(ISAKMP SA established\); .*REPLACE in \d+s; .*newest; /);
    expect(child).toMatch(
      /^#2: "w-e":500 STATE_QUICK_I2 \(IPsec SA established\); .*; newest; eroute owner; ISAKMP SA #1; idle;$/,
    );
    expect(sas).toMatch(/^#2: "w-e" esp\.[0-9a-f]+@192\.0\.2\.2 esp\.[0-9a-f]+@192\.0\.2\.1 tun\.0@/);
    const [theirs, theirChild] = await showstates(east);
    expect(theirs).toContain('STATE_MAIN_R3 (ISAKMP SA established)');
    expect(theirChild).toContain('STATE_QUICK_R2 (IPsec SA established)');
  });

  test('of one that Aggressive Mode has made', async () => {
    const { west, east } = up({ aggressive: 'yes' });
    expect((await showstates(west))[0]).toContain('STATE_AGGR_I2 (ISAKMP SA established)');
    expect((await showstates(east))[0]).toContain('STATE_AGGR_R2 (ISAKMP SA established)');
    const get = await globals(east);
    expect(get('current.states.enumerate.STATE_AGGR_R2')).toBe(1);
    expect(get('current.states.enumerate.STATE_MAIN_R3')).toBe(0);
  });

  test.each([
    [1, 'STATE_MAIN_I1 (sent Main Mode request)', 'STATE_MAIN_R1 (sent Main Mode R1)'],
    [3, 'STATE_MAIN_I2 (sent Main Mode I2)', 'STATE_MAIN_R2 (sent Main Mode R2)'],
    [5, 'STATE_MAIN_I3 (sent Main Mode I3)', 'STATE_MAIN_R3 (ISAKMP SA established)'],
  ])('half-way through Main Mode: %i messages have arrived', async (count, ours, theirs) => {
    const made = v1Town();
    stopAt(made, EXCHANGE.MAIN, count);
    const { west, east } = made;
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    const [first, pending, ...rest] = await showstates(west);
    expect(first).toContain(`#1: "w-e":500 ${ours}; RETRANSMIT in 1s; idle;`);
    expect(pending).toBe('#1: pending IPsec SA for "w-e"');
    expect(rest).toEqual([]);
    const [{ owners, routing }] = (await west.report({ kind: 'connectionstatus', name: 'w-e' })).rowsOf('connections');
    expect([owners, routing]).toEqual([{ negotiatingIke: 1 }, 'unrouted-bare-negotiation']);
    expect((await showstates(east))[0]).toContain(theirs);
    const name = ours.replace(/ .*/, '');
    expect((await globals(west))(`current.states.enumerate.${name}`)).toBe(1);
  });

  test('while Quick Mode is under way, at both ends', async () => {
    const made = v1Town();
    stopAt(made, EXCHANGE.QUICK, 1);
    const { west, east } = made;
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    const [, asking, ...rest] = await showstates(west);
    expect(asking).toBe(
      '#2: "w-e":500 STATE_QUICK_I1 (sent Quick Mode request); RETRANSMIT in 1s; ISAKMP SA #1; idle;',
    );
    expect(rest).toEqual([]);
    const [, answering] = await showstates(east);
    expect(answering).toContain('STATE_QUICK_R1 (sent Quick Mode reply, inbound IPsec SA installed, expecting');
    expect(answering).not.toContain('newest');
  });

  test('of a bundle have the SPIs of all its protocols', async () => {
    const { west, east } = v1Town({ phase2: 'esp+ah', compress: 'yes' });
    for (const [{ plane }, cpi] of [
      [west, 0x1111],
      [east, 0x2222],
    ] as const) {
      const allocate = plane.allocateSpi.bind(plane);
      plane.allocateSpi = (request) => (request.protocol === 'ipcomp' ? cpi : allocate(request));
    }
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    const [, , ours] = await showstates(west);
    const [, , theirs] = await showstates(east);
    const spis =
      / ah\.(\w+)@192\.0\.2\.2 ah\.(\w+)@\S+ esp\.(\w+)@\S+ esp\.(\w+)@\S+ ipcomp\.(\w+)@\S+ ipcomp\.(\w+)@\S+ tun/;
    const [, ...own] = spis.exec(ours)!;
    // What goes out of one comes in at the other.
    const swapped = own.map((_, i) => own[i ^ 1]);
    expect(spis.exec(theirs.replaceAll(/192\.0\.2\.1/g, '192.0.2.2'))!.slice(1)).toEqual(swapped);
    const get = await globals(west);
    for (const type of ['all', 'esp', 'ah', 'ipcomp']) expect(get(`total.ipsec.type.${type}`), type).toBe(1);
    const { frames } = await west.report({ kind: 'connectionstatus', name: 'w-e' });
    expect(JSON.stringify(frames, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).toContain(
      '"ENCRYPT","AUTHENTICATE","COMPRESS","TUNNEL"',
    );
  });

  test('when the ISAKMP SA is over before its IPsec SAs', async () => {
    const { west, clock } = up({ rekey: 'no', ikelifetime: '600s' });
    clock.advance(700_000);
    const [isakmp, child] = await showstates(west);
    expect(isakmp).toContain('STATE_MAIN_I4 (ISAKMP SA is over, its IPsec SAs are not); idle;');
    expect(child).toContain('STATE_QUICK_I2 (IPsec SA established)');
    const [row] = (await west.report({ kind: 'connectionstatus', name: 'w-e' })).rowsOf('connections');
    expect(row.owners.child).toBe(2);
    expect(row.routing).toBe('routed-tunnel');
  });

  test('go with their SAs', async () => {
    const { west, clock } = up();
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(60_000);
    expect(await showstates(west)).toEqual([]);
    expect(await counted(west, 'current.states.enumerate')).toEqual([]);
    expect(west.world.stats.authenticated).toBe(0);
  });

  test('a peer that never proves who it is was never up', async () => {
    const made = v1Town();
    stopAt(made, EXCHANGE.MAIN, 4);
    made.west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    made.clock.advance(200_000);
    const get = await globals(made.east);
    expect(get('total.ikev1.isakmp.started')).toBeGreaterThan(0);
    expect(get('total.ike.ikev1.failed')).toBeGreaterThan(0);
    expect(get('total.ike.ikev1.established')).toBe(0);
    expect(made.east.world.stats.authenticated).toBe(0);
  });

  test('as JSON they are as the schema says', async () => {
    const { west } = up({ dpddelay: '30', dpdtimeout: '120' });
    const schema = statusSchema();
    for (const kind of ['status', 'trafficstatus', 'showstates'] as const) {
      const { frames } = await west.report({ kind });
      const report = jsonReport(kind);
      const json: unknown = JSON.parse(frames.map((frame) => report.slice(frame)).join('') + report.finish());
      expect(faults(json, schema.$defs[`report.${kind}`], schema.$defs)).toEqual([]);
    }
  });

  test('deletestate takes an ISAKMP SA down, and says what it knows not', async () => {
    const { west, east } = up();
    expect(west.whack({ kind: 'deletestate', serial: 7 }).exit).toBe(21);
    const deleted = west.whack({ kind: 'deletestate', serial: 1 });
    expect(deleted.text).toContain('received whack request to delete ISAKMP SA #1');
    expect(deleted.exit).toBe(0);
    for (const house of [west, east]) expect(house.plane.sas.size).toBe(0);
  });

  test('deletestate gives up a Quick Mode that is under way, and nothing else', async () => {
    const made = v1Town();
    stopAt(made, EXCHANGE.QUICK, 0);
    const { west } = made;
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    const deleted = west.whack({ kind: 'deletestate', serial: 2 });
    expect(deleted.text).toContain('received whack request to delete IPsec SA #2');
    expect(deleted.exit).toBe(0);
    const [isakmp, ...rest] = await showstates(west);
    expect(isakmp).toContain('STATE_MAIN_I4 (ISAKMP SA established)');
    expect(rest).toEqual([]);
    expect(west.plane.reserved.size).toBe(0);
    expect(west.crashes).toEqual([]);
  });
});

describe('XAUTH', () => {
  const XAUTH = { leftxauthclient: 'yes', leftusername: 'fred', rightxauthserver: 'yes', xauthby: 'pam' };

  /** West types its password, and east believes it or does not, as soon as it is told to. */
  function xauthTown(isGood: boolean) {
    const held: (() => void)[] = [];
    const services: Services = {
      ...NO_SERVICES,
      ask: (id, { t }, owner) => {
        if (t !== 'xauth') throw new Error(`nobody answers ${t} here`);
        const reply = isGood ? { t, ok: true, addresses: [] } : { t, ok: false, why: 'no such user' };
        held.push(() => owner.tell({ t: 'reply', id, reply } as Parameters<typeof owner.tell>[0]));
      },
    };
    const secrets = `${PSK}@fred : XAUTH "sesame"\n`;
    const house = { ikev1Policy: 'accept', services, secrets, conf: conn('w-e', { ...V1, ...XAUTH }) } as const;
    const made = town({ west: house, east: house });
    const heard = made.west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    const answer = () => {
      for (const tell of held.splice(0)) tell();
      made.clock.settle();
    };
    return { ...made, heard, answer };
  }

  test('while east asks whether the password is right', async () => {
    const { west, east, answer } = xauthTown(true);
    const [theirs] = await showstates(east);
    expect(theirs).toContain('STATE_XAUTH_R0 (sent XAUTH request, expecting name and password);');
    expect(theirs).not.toContain('newest');
    expect((await showstates(west))[0]).toContain('STATE_XAUTH_I1 (sent XAUTH reply, expecting status);');
    expect((await globals(east))('current.states.enumerate.STATE_XAUTH_R0')).toBe(1);
    expect(east.world.stats.authenticated).toBe(0);
    answer();
    expect((await showstates(east))[0]).toContain('STATE_MAIN_R3 (ISAKMP SA established);');
    expect(east.world.stats.authenticated).toBe(1);
  });

  test('the user stands where else the identity does', async () => {
    const { west, east, answer } = xauthTown(true);
    answer();
    const linesOf = async (house: House) => {
      const { frames } = await house.report({ kind: 'trafficstatus' });
      const report = textReport('trafficstatus', { now: 0, utc: true });
      return frames.map((frame) => report.slice(frame)).join('');
    };
    expect(await linesOf(east)).toMatch(/^#2: "w-e", username=fred, type=ESP, add_time=\d+, .*maxBytes=2\^63B$/m);
    expect(await linesOf(west)).toMatch(/, id='@east'$/m);
    expect((await showstates(east)).at(-1)).toMatch(/ username=fred$/);
  });

  test('who is not believed was never up', async () => {
    const { west, east, answer, clock } = xauthTown(false);
    for (let i = 0; i < 4; i++) answer();
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(200_000);
    const get = await globals(east);
    expect(get('total.ike.ikev1.established')).toBe(0);
    expect(east.world.stats.authFailures.of('xauth')).toBe(1);
    expect(east.world.stats.authenticated).toBe(0);
    const metrics = await metricsOf(east);
    expect(metrics.value('pluto_ike_established', { version: '1' })).toBe(0);
    expect(await counted(east, 'current.states.enumerate')).toEqual([]);
  });
});

test('listevents: what is replaced is not rekeyed, and DPD has its name', async () => {
  const { west } = up({ dpddelay: '30', dpdtimeout: '120' });
  const names = (await west.report({ kind: 'listevents' })).rowsOf('events').map(({ name, serial }) => [serial, name]);
  expect(names).toEqual(
    expect.arrayContaining([
      [1, 'REPLACE'],
      [1, 'EXPIRE'],
      [1, 'DPD'],
      [2, 'REPLACE'],
      [2, 'EXPIRE'],
    ]),
  );
  expect(names.flat()).not.toContain('REKEY');
  // Nothing of what is established is discarded.
  expect(names.flat()).not.toContain('DISCARD');
});

describe('connectionstatus', () => {
  const linesOf = async (house: House) => {
    const { frames } = await house.report({ kind: 'connectionstatus', name: 'w-e' });
    const report = textReport('connectionstatus', { now: 0, utc: true }, true);
    return frames.map((frame) => report.slice(frame)).join('');
  };

  test('of a tunnel', async () => {
    const { west } = up({ dpddelay: '30', dpdtimeout: '120', aggressive: 'yes', 'nat-ikev1-method': 'drafts' });
    const text = await linesOf(west);
    expect(text).toMatch(/policy: IKEv1\+PSK\+ENCRYPT\+TUNNEL\+PFS\+UP\+AGGRESSIVE\+IKE_FRAG_ALLOW/);
    expect(text).toContain('dpd: active; delay:30s; timeout:120s');
    expect(text).toContain('keepalive:20s; ikev1-method:drafts');
    expect(text).toContain('established ISAKMP SA: #1; established IPsec SA: #2;');
    expect(text).toContain('IKEv1 algorithm newest: AES_CBC_256-HMAC_SHA2_256-MODP2048');
    expect(text).toContain('ESP algorithm newest: AES_CBC_128-HMAC_SHA1_96; pfsgroup=<Phase1>');
    expect(text).not.toContain('v2-auth-hash-policy');
  });

  test('without DPD it is passive', async () => {
    expect(await linesOf(v1Town().west)).toContain('dpd: passive; delay:0s; timeout:0s');
  });

  test('who asks by XAUTH and who answers, who pulls, as whom', async () => {
    const { west, east } = v1Town({
      leftxauthclient: 'yes',
      leftusername: 'fred',
      rightxauthserver: 'yes',
      xauthby: 'alwaysok',
      modecfgpull: 'yes',
    });
    const ours = await linesOf(west);
    expect(ours).toContain('xauth us:client, xauth them:server');
    expect(ours).toContain('my_username=fred; their_username=[any]');
    expect(ours).toContain('modecfg policy:pull');
    expect(ours).toMatch(/policy: IKEv1.*\+XAUTH\+MODECFG_PULL\+/);
    expect(await linesOf(east)).toContain('xauth us:server, xauth them:client, xauthby:alwaysok;');
  });

  test('of IKEv2 says nothing of it', async () => {
    const text = await linesOf(town().west);
    expect(text).toContain('liveness: passive');
    expect(text).not.toMatch(/dpd:|ikev1|XAUTH/);
  });
});

describe('counters', () => {
  test('of IKEv1 are its own', async () => {
    const { west } = up();
    const get = await globals(west);
    for (const key of [
      ...['total.ike.ikev1.established', 'total.ike.ikev1.completed'],
      ...['total.ikev1.isakmp.started', 'total.ikev1.isakmp.established', 'total.ikev1.ipsec.established'],
      ...['total.ikev1.encr.AES_CBC', 'total.ikev1.integ.HMAC_SHA2_256', 'total.ikev1.group.MODP2048'],
      ...['total.ikev1.ipsec.encr.AES_CBC', 'total.ikev1.ipsec.integ.HMAC_SHA1_96', 'total.ipsec.type.esp'],
      ...['current.states.enumerate.STATE_MAIN_I4', 'current.states.enumerate.STATE_QUICK_I2'],
      'current.states.iketype.authenticated',
    ])
      expect(get(key), key).toBe(1);
    expect(await counted(west, 'total.ikev2')).toEqual([]);
    expect(await counted(west, 'total.ike.ikev2')).toEqual([]);
    expect(get('current.states.enumerate.ESTABLISHED_CHILD_SA')).toBe(0);
  });

  test('of IKEv2 are none of it', async () => {
    const { west } = town();
    west.whack({ kind: 'initiate', name: 'w-e' });
    expect(await counted(west, 'total.ikev1')).toEqual([]);
    expect(await counted(west, 'total.ike.ikev1')).toEqual([]);
    expect((await globals(west))('total.ikev2.child.established')).toBe(1);
  });

  test('notifications go by the numbers of their version', async () => {
    const { west, east } = v1Town({}, { ike: 'aes128-sha1-modp2048' });
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    expect(await counted(east, 'total.ikev1.sent.notifies')).toEqual([
      'total.ikev1.sent.notifies.error.NO_PROPOSAL_CHOSEN',
    ]);
    expect(await counted(west, 'total.ikev1.recv.notifies')).toContain(
      'total.ikev1.recv.notifies.error.NO_PROPOSAL_CHOSEN',
    );
    expect(await counted(east, 'total.ikev2.sent')).toEqual([]);
  });

  test('DPD: who has asked, and who has answered', async () => {
    const { west, east, clock } = up({ dpddelay: '30', dpdtimeout: '120' });
    clock.advance(31_000);
    const [ours, theirs] = [await globals(west), await globals(east)];
    const asked = (get: typeof ours) => get('total.ike.dpd.sent')!;
    expect(asked(ours) + asked(theirs)).toBeGreaterThan(0);
    expect(theirs('total.ike.dpd.recv')).toBe(asked(ours));
    expect(theirs('total.ike.dpd.replied')).toBe(asked(ours));
    expect(ours('total.ike.dpd.recv')).toBe(asked(theirs));
  });

  test('what ikev1-policy keeps out', async () => {
    const house = { conf: conn('w-e', V1), ikev1Policy: 'accept' } as const;
    const { west, east } = town({ west: house, east: { conf: conn('v2'), ikev1Policy: 'drop' } });
    west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
    const get = await globals(east);
    expect(get('total.ike.ikev1.policy.refused')).toBe(1);
    expect(get('total.ike.ikev1.policy.rejected')).toBe(0);
    const metrics = await metricsOf(east);
    expect(metrics.value('pluto_ike_packets_dropped_total', { reason: 'ikev1-policy' })).toBe(1);
    expect(metrics.value('pluto_ike_sas_started_total', { version: '1', role: 'responder' })).toBe(0);
  });

  test('as metrics, with a version', async () => {
    const { west, clock } = up();
    clock.advance(1_000);
    const metrics = await metricsOf(west);
    expect(metrics.value('pluto_ike_sas', { version: '1', state: 'established' })).toBe(1);
    expect(metrics.value('pluto_ike_sas', { version: '2', state: 'established' })).toBe(0);
    expect(metrics.value('pluto_ike_handshake_seconds_count', { version: '1', role: 'initiator' })).toBe(1);
    expect(metrics.value('pluto_ike_handshake_seconds_count', { version: '2', role: 'initiator' })).toBe(0);
    expect(metrics.value('pluto_child_sas_established_total', { version: '1', protocol: 'esp' })).toBe(1);
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(60_000);
    const after = await metricsOf(west);
    expect(after.value('pluto_ike_deletes_total', { version: '1', direction: 'out' })).toBe(2);
    expect(after.value('pluto_ike_established', { version: '1' })).toBe(0);
    expect(after.value('pluto_ike_sas_ended_total', { version: '1', stage: 'established', reason: 'asked' })).toBe(1);
    expect(after.value('pluto_child_sas_removed_total', { version: '1' })).toBe(1);
    expect(after.lines.filter(({ name, value }) => name === 'pluto_ike_sas' && value !== 0)).toEqual([]);
  });
});

async function metricsOf({ world, system, clock }: House) {
  const promise = new Scrape({ world, system, mostConnections: 10 }).snapshot(NOTHING_KNOWN);
  for (let turn = 0; turn < 100; turn++) clock.settle();
  return parse(await new Exposition().text(await promise));
}

describe('debugging', () => {
  const debugged = (...set: string[]) => {
    const made = v1Town();
    for (const house of [made.west, made.east]) house.whack({ kind: 'debug', set, clear: [] });
    made.west.whack({ kind: 'initiate', name: 'w-e' });
    made.west.whack({ kind: 'terminate', name: 'w-e' });
    const of = (house: House) => house.log.filter((line) => line.startsWith('| '));
    return { west: of(made.west), east: of(made.east) };
  };

  test('base: its states', () => {
    const { west } = debugged('base', 'no-routing');
    expect(west).toContain('| "w-e" #1: state idle -> mainI1, by command initiate');
    expect(west).toContainEqual(expect.stringMatching(/state mainI3 -> established, by packet$/));
  });

  test('tmi: messages, with what is encrypted in them, of both ends and all exchanges', () => {
    for (const lines of Object.values(debugged('tmi', 'no-base', 'no-cpu-usage', 'no-refcnt'))) {
      const text = lines.join('\n');
      for (const way of ['received', 'sent']) {
        expect(text).toMatch(new RegExp(`${way} .*: Main Mode [0-9a-f]{16}:[0-9a-f]{16} version 1\\.0 flags E`));
        expect(text).toMatch(new RegExp(`${way} .*: ID \\{`));
        expect(text).toMatch(new RegExp(`${way} .*: HASH \\{`));
        expect(text).toMatch(new RegExp(`${way} .*: Quick Mode .* flags E`));
      }
    }
  });

  test('crypt: what was chosen, and no key', () => {
    const { west } = debugged('crypt');
    expect(west).toContainEqual(
      expect.stringContaining('cipher AES_CBC with 256 bits of key, hash HMAC_SHA2_256, group MODP2048'),
    );
    expect(west).toContainEqual(expect.stringContaining('SKEYID, SKEYID_d and SKEYID_a 256 bits, cipher 256 bits'));
    expect(west.join()).not.toMatch(/[0-9a-f]{32}/);
  });

  test('private: what Wireshark decrypts by', () => {
    expect(debugged('private').west.join('\n')).toMatch(
      /initiator's cookie [0-9a-f]{16} SKEYID_d [0-9a-f]{64} .* encryption key [0-9a-f]{64}$/m,
    );
  });
});
