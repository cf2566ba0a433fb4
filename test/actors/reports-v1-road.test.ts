/** A road warrior with XAUTH and Mode Config, as whack shows it on the way and reports show it afterwards. */
import { expect, test } from 'vitest';
import { NO_SERVICES, type Services } from '../../src/actors/world.ts';
import { RC } from '../../src/control/reply-codes.ts';
import { textReport } from '../../src/control/status/report.ts';
import { conn, type House, PSK, town } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };
const ROAD = {
  ...V1,
  leftsubnet: undefined,
  leftmodecfgclient: 'yes',
  rightmodecfgserver: 'yes',
  modecfgpull: 'yes',
  leftxauthclient: 'yes',
  leftusername: 'fred',
  rightxauthserver: 'yes',
};

/** East believes whoever says something. */
const services: Services = {
  ...NO_SERVICES,
  ask: (id, { t }, owner) => {
    if (t === 'xauth') return owner.tell({ t: 'reply', id, reply: { t, ok: true, addresses: [] } });
    throw new Error(`nobody answers ${t} here`);
  },
};

function roadTown() {
  const house = { ikev1Policy: 'accept', services } as const;
  const server = conn('w-e', { ...ROAD, left: '%any', leftaddresspool: '10.9.0.1-10.9.0.9', modecfgdns: '192.0.2.53' });
  return town({
    west: { ...house, conf: conn('w-e', ROAD), secrets: `${PSK}@fred : XAUTH "sesame"\n` },
    east: { ...house, conf: server, secrets: '%any @east : PSK "swordfish"\n' },
  });
}

async function textOf(house: House, kind: 'trafficstatus' | 'showstates' | 'connectionstatus') {
  const { frames } = await house.report({ kind });
  const report = textReport(kind, { now: 0, utc: true });
  return frames.map((frame) => report.slice(frame)).join('') + report.finish();
}

test('whack tells of each step in libreswan’s words', () => {
  const { west } = roadTown();
  const heard = west.whack({ kind: 'initiate', name: 'w-e' });
  const steps = heard.lines.map(({ text }) => text.replace(/^"w-e" /, ''));
  expect(steps).toEqual([
    '#1: initiating IKEv1 Main Mode connection',
    '#1: sent Main Mode request to 192.0.2.2:UDP/500',
    '#1: sent Main Mode I2 to 192.0.2.2:UDP/500',
    '#1: sent Main Mode I3 to 192.0.2.2:UDP/500',
    expect.stringContaining("authenticated peer using authby=secret and ID_FQDN '@east'"),
    "#1: Peer ID is ID_FQDN: '@east'",
    '#1: ISAKMP SA established {auth=PRESHARED_KEY cipher=AES_CBC_256 integ=HMAC_SHA2_256 group=MODP2048}',
    expect.stringContaining('XAUTH: Answering username/password request'),
    '#1: XAUTH: Successfully Authenticated',
    '#1: modecfg: Sending IP request (MODECFG_I1)',
    expect.stringContaining('10.9.0.1'),
    expect.stringContaining('name servers 192.0.2.53'),
    expect.stringMatching(
      /^#2: initiating Quick Mode .*\{using isakmp#1 msgid:[0-9a-f]{8} .*10\.9\.0\.1\/32===10\.0\.2\.0\/24\}$/,
    ),
    '#2: sent Quick Mode request',
    expect.stringMatching(
      /^#2: IPsec SA established tunnel mode .*\{ESP=>0x[0-9a-f]{8} <0x[0-9a-f]{8} xfrm=AES_CBC_128-HMAC_SHA1_96/,
    ),
  ]);
  expect(new Set(heard.codes)).toEqual(new Set([RC.LOG]));
  expect(heard.exit).toBe(0);
});

test('whack waits for nobody for ever: the code says why', () => {
  const { west, east, clock } = roadTown();
  east.unlisten();
  const heard = west.whack({ kind: 'initiate', name: 'w-e' });
  clock.advance(200_000);
  expect(heard.text).toMatch(/STATE_MAIN_I1: 60 second timeout exceeded after \d+ retransmits/);
  expect(heard.exit).toBe(RC.NORETRANSMISSION);
});

test('east shows who has which address, west who it is there', async () => {
  const { west, east } = roadTown();
  west.whack({ kind: 'initiate', name: 'w-e' });
  expect(await textOf(east, 'trafficstatus')).toMatch(
    /^#2: "w-e"\[1\] 192\.0\.2\.1, username=fred, type=ESP, .*, lease=10\.9\.0\.1\/32$/m,
  );
  expect(await textOf(east, 'showstates')).toMatch(/^#1: "w-e"\[1\] 192\.0\.2\.1:500 STATE_MAIN_R3 \(ISAKMP SA/m);
  const theirs = await textOf(east, 'connectionstatus');
  expect(theirs).toContain('...192.0.2.1[@west,+MC+XC+S=C]==={10.9.0.1-10.9.0.9}; routed-tunnel;');
  expect(theirs).toContain('their_ip=10.9.0.1;');
  expect(theirs).toContain('xauth us:server, xauth them:client, xauthby:file; my_username=[any]; their_username=fred');
  expect(theirs).toContain('modecfg info: us:server, them:client, modecfg policy:pull, dns:192.0.2.53,');
  const ours = await textOf(west, 'connectionstatus');
  expect(ours).toContain('192.0.2.1[@west,+MC+XC+S=C]...192.0.2.2[@east,MS+XS+S=C]===10.0.2.0/24; routed-tunnel;');
  expect(ours).toContain('my_ip=10.9.0.1;');
  expect(ours).toContain('modecfg info: us:client, them:server, modecfg policy:pull,');
});
