/** EAP with strongSwan at the other end: as its server and as its client, by every method that Debian's plugins have. */
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { eventually } from '../support/process.ts';
import { expectSameSas } from './bed.ts';
import { file } from './peers/prefix.ts';
import { pki } from './pki.ts';
import type { Proof } from './proof.ts';
import type { Story } from './stories.ts';
import { tellFrom, underShim } from './tell.ts';
import type { Tunnel } from './tunnel.ts';

type Method = Extract<Proof, { by: 'eap' }>['method'];

const SERVER = 'east-eap';
const CLIENT = 'west-eap';

const tunnel: Tunnel = { encryption: 'aes_gcm256', groups: ['dh31'] };

/** West logs in to east, which signs. */
const login = (method: Method, more: Partial<Tunnel> = {}): Tunnel => ({
  ...tunnel,
  ...more,
  proofs: {
    west: { by: 'eap', method, ...(method === 'eap-tls' && { name: CLIENT }) },
    east: { by: 'certificate', name: SERVER, authby: 'rsa-sha2', swanctl: 'rsa/pss' },
  },
});

const prepare: Story['prepare'] = async () => {
  const made = await pki();
  await made.leaf(SERVER, { san: 'DNS:east.test', eku: 'serverAuth' });
  await made.leaf(CLIENT, { san: 'DNS:west.test', eku: 'clientAuth' });
  return {};
};

const inner = (method: string) => `rsa_pss = yes\n  plugins { eap-ttls { phase2_method = ${method} } }`;

const good = (title: string, method: Method, name: string, charon = 'rsa_pss = yes'): Story => ({
  title,
  tunnel: login(method, { charon }),
  prepare,
  tell: async (bed) => {
    await bed.west.up();
    await expectSameSas(bed);
    const isServer = bed.east.name === 'pluto';
    expect(await bed.east.log()).toMatch(
      isServer ? new RegExp(`using ${name} as 'west.test'`) : /EAP method EAP_\w+ succeeded/,
    );
  },
});

/** strongSwan does not wait to be refused by MSCHAPv2 itself, and says so before we can. */
const wrongPassword = (title: string, method: Method, charon = 'rsa_pss = yes'): Story => ({
  title: `${title}: a wrong password is refused`,
  tunnel: login(method, { charon }),
  onlyAt: { west: { password: 'guess' } },
  prepare,
  tell: async ({ west, east }) => {
    await expect(west.up()).rejects.toThrow();
    const [ours, theirs] = west.name === 'pluto' ? [west, east] : [east, west];
    const says = ours === west ? /EAP failed: .*refuses us/ : /of "west\.test": wrong password/;
    await eventually(`our log says ${says}`, async () => says.test(await ours.log()));
    if (ours === east) {
      const hangsUp = method === 'eap-mschapv2';
      const end = hangsUp ? /peer says AUTHENTICATION_FAILED/ : /failed authentication by EAP: .*AUTHENTICATION_FAILED/;
      await eventually(`our log says ${end}`, async () => end.test(await ours.log()));
      // What has been deciphered has been believed.
      const heard = /parsed IKE_AUTH response \d+ \[ EAP\/FAIL N\(AUTH_FAILED\) \]/;
      if (!hangsUp) await eventually(`strongSwan's log says ${heard}`, async () => heard.test(await theirs.log()));
    }
    for (const end of [west, east]) {
      expect(await end.installed()).toEqual([]);
      await eventually(`${end.name} has nothing left`, async () => !(await end.isUp()));
    }
    expect(await ours.log()).not.toMatch(/swordfish|guess/);
  },
});

/** Another name than IKE's, which the server asks for, and of which the client has the password. */
const named = (user: string, users: string): Tunnel => {
  const { proofs, ...rest } = login('eap-md5', { charon: 'rsa_pss = yes' });
  return { ...rest, proofs: { east: proofs!.east, west: { by: 'eap', method: 'eap-md5', user, users } } };
};

const asAnother: Story = {
  title: 'as a user with another name, whom the server expects',
  tunnel: named('carol@road.test', 'carol@road.test'),
  prepare,
  tell: async (bed) => {
    await bed.west.up();
    await expectSameSas(bed);
    const isServer = bed.east.name === 'pluto';
    expect(await bed.east.log()).toMatch(isServer ? /as 'carol@road\.test'/ : /EAP identity 'carol@road\.test'/);
  },
};

const asNobody: Story = {
  title: 'as a user whom the server has a password for, and no connection: refused',
  tunnel: named('mallory@lane.test', '*@road.test'),
  prepare,
  tell: async ({ west, east }) => {
    await expect(west.up()).rejects.toThrow();
    expect(await east.log()).toMatch(/user 'mallory@lane\.test' may not log in here \(eapid=\*@road\.test\)/);
    for (const end of [west, east]) {
      expect(await end.installed()).toEqual([]);
      await eventually(`${end.name} has nothing left`, async () => !(await end.isUp()));
    }
  },
};

const stories: readonly Story[] = [
  asAnother,
  good('EAP-MSCHAPv2', 'eap-mschapv2', 'EAP-MSCHAPv2'),
  good('EAP-MD5, the server by its signature', 'eap-md5', 'EAP-MD5'),
  good('EAP-TLS', 'eap-tls', 'EAP-TLS'),
  good('EAP-TTLS with MD5 inside', 'eap-ttls', 'EAP-TTLS', inner('md5')),
  good('EAP-TTLS with MSCHAPv2 inside', 'eap-ttls', 'EAP-TTLS', inner('mschapv2')),
  wrongPassword('EAP-MSCHAPv2', 'eap-mschapv2'),
  wrongPassword('EAP-MD5', 'eap-md5'),
  wrongPassword('EAP-TTLS with MD5 inside', 'eap-ttls', inner('md5')),
  wrongPassword('EAP-TTLS with MSCHAPv2 inside', 'eap-ttls', inner('mschapv2')),
];

/** A cache of before has not all plugins. */
const has = existsSync(file('strongswan', 'usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so'));
const tellable = stories.filter(({ tunnel: { proofs, charon } }) => {
  const needs = JSON.stringify(proofs).includes('mschapv2') || charon?.includes('mschapv2');
  return has || !needs;
});
if (!has) process.stderr.write('EAP-MSCHAPv2 is left out: the unpacked strongSwan has no libcharon-extauth-plugins\n');

tellFrom('west', tellable, 'strongswan', underShim);
tellFrom('east', [...tellable, asNobody], 'strongswan', underShim);
