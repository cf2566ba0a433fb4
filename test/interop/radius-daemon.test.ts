/**
 * Users who log in to a whole daemon, and whom FreeRADIUS knows:
 *
 *     strongSwan, west ── IKEv2, EAP ── pluto, east ── loopback ── FreeRADIUS, radclient
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { lacksDaemon } from '../support/daemon.ts';
import type { Host } from '../support/netns.ts';
import { eventually } from '../support/process.ts';
import { type Bed, withBed } from './bed.ts';
import type { StartPeer } from './peer.ts';
import { file, lacksPeer } from './peers/prefix.ts';
import { lacksPki, pki } from './pki.ts';
import { type RadiusServer, radclient, startRadiusServer } from './radius-server.ts';
import { lacksBed } from './requirements.ts';
import { inUserSpace } from './tell.ts';
import type { Tunnel } from './tunnel.ts';

const SECRET = 'between gate and server';
const HERE = '127.0.0.1';
const PASSWORD = 'only the server knows';

/** A cache of before has not all plugins: then by MD5, the daemon by its signature as always. */
const method = existsSync(file('strongswan', 'usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so'))
  ? ['eap-mschapv2', 'MSCHAPv2']
  : ['eap-md5', 'MD5'];

const tunnel: Tunnel = {
  encryption: 'aes_gcm256',
  groups: ['dh31'],
  encapsulates: true,
  charon: 'rsa_pss = yes',
  password: PASSWORD,
  proofs: {
    west: { by: 'eap', method: method[0] as 'eap-mschapv2' },
    east: { by: 'certificate', name: 'east-radius', authby: 'rsa-sha2', swanctl: 'rsa/pss' },
  },
  setup: [`radius-server=${HERE}`, 'radius-nas-identifier=gate', 'radius-accounting=yes', `radius-dae-listen=${HERE}`],
  secrets: [`${HERE} : RADIUS "${SECRET}"`],
};

let server: RadiusServer | undefined;
let gate: Host | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** Our daemon, with a RADIUS server beside it. */
const startGate: StartPeer = async (place) => {
  gate = place.host;
  server = await startRadiusServer({
    directory: join(place.directory, 'radius'),
    address: HERE,
    authPort: 1812,
    acctPort: 1813,
    secret: `"${SECRET}"`,
    users: `west.test Cleartext-Password := "${PASSWORD}", EAP-Type := ${method[1]}\n  Class = "staff"\n`,
    host: place.host,
  });
  const { me, peer } = place.ends;
  return inUserSpace.pluto({
    ...place,
    // What is in its own secrets is not what lets the user in.
    tunnel: { ...place.tunnel, password: 'of a user of our own' },
    ends: { me, peer: { ...peer, proof: { by: 'eap', method: 'eap-radius' } } },
  });
};

const lacks = lacksBed({}) ?? lacksPeer('strongswan') ?? lacksPeer('freeradius') ?? lacksDaemon() ?? lacksPki();

async function bed(how: { readonly password?: string }, story: (bed: Bed) => Promise<void>): Promise<void> {
  await (await pki()).leaf('east-radius', { san: 'DNS:east.test', eku: 'serverAuth' });
  await withBed({ west: inUserSpace.strongswan, east: startGate, tunnel, onlyAt: { west: how } }, story);
}

const records = async (): Promise<readonly string[]> => (await server!.details()).split('\n\n');
const record = async (status: string): Promise<string | undefined> =>
  (await records()).find((text) => text.includes(`Acct-Status-Type = ${status}\n`));

describe('a user of RADIUS', () => {
  test('logs in, is accounted for, and is put out when the server says so', async (context) => {
    context.skip(lacks !== undefined, lacks);
    await bed({}, async ({ west, east, ping }) => {
      await west.up();
      expect(await ping()).toBe(5);
      expect(await east.log()).toContain(`as 'west.test'`);
      await eventually('FreeRADIUS knows of the session', async () => (await record('Start')) !== undefined);
      expect(await record('Start')).toMatch(/User-Name = "west.test"[\s\S]*NAS-Identifier = "gate"/);
      const now = `Event-Timestamp = ${Math.floor(Date.now() / 1000)}`;
      const put = await radclient(`${HERE}:3799`, 'disconnect', SECRET, ['User-Name = "west.test"', now], {
        host: gate!,
      });
      expect(put.stdout).toMatch(/Received Disconnect-ACK/);
      await eventually('FreeRADIUS knows of its end', async () => (await record('Stop')) !== undefined);
      const stop = await record('Stop');
      // Five pings of 84 octets each, inside of the tunnel.
      expect(Number(/Acct-Input-Octets = (\d+)/.exec(stop!)?.[1])).toBeGreaterThanOrEqual(5 * 84);
      expect(Number(/Acct-Output-Packets = (\d+)/.exec(stop!)?.[1])).toBeGreaterThanOrEqual(5);
      expect(stop).toMatch(/Class = 0x7374616666/);
      expect(stop).toMatch(/Acct-Terminate-Cause = Admin-Reset/);
      await eventually('both ends have nothing left', async () => !(await west.isUp()) && !(await east.isUp()));
      await east.stop();
      expect(await record('Accounting-On')).toBeDefined();
      expect(await record('Accounting-Off')).toBeDefined();
      expect(await east.log()).not.toMatch(new RegExp(`${SECRET}|${PASSWORD}`));
    });
  });

  test('with a wrong password is refused, and is no session', async (context) => {
    context.skip(lacks !== undefined, lacks);
    await bed({ password: 'guess' }, async ({ west, east }) => {
      await expect(west.up()).rejects.toThrow();
      await eventually('the log says why', async () => /the RADIUS server refuses/.test(await east.log()));
      expect(await east.isUp()).toBe(false);
      expect(await record('Start')).toBeUndefined();
    });
  });
});
