/** Road warriors of IKEv1 and their users, in whole daemons. */
import { describe, expect, test } from 'vitest';
import type { Services } from '../../src/actors/world.ts';
import type { Question, Reply } from '../../src/ike/questions.ts';
import { conn, town } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };
const ROAD = { leftsubnet: undefined, rightsubnet: '0.0.0.0/0' };
const XAUTH = {
  ...{ leftxauthclient: 'yes', rightxauthserver: 'yes', leftmodecfgclient: 'yes', rightmodecfgserver: 'yes' },
  ...{ modecfgpull: 'yes', leftusername: 'joe', modecfgdns: '10.0.2.53' },
};
const SECRETS = '@west @east : PSK "swordfish"\n';

/** Believes joe alone, with one password. */
const gatekeeper: Services = {
  ask: (id, question, owner) => owner.tell({ t: 'reply', id, reply: replyTo(question) }),
  forgetEap: () => {},
  *figures() {},
};

function replyTo(question: Question): Reply {
  if (question.t !== 'xauth') return { t: 'none', why: 'nobody to ask' };
  const isRight = question.user === 'joe' && Buffer.from(question.password).toString() === 'sesame';
  return isRight ? { t: 'xauth', ok: true, addresses: [] } : { t: 'xauth', ok: false, why: 'wrong password' };
}

function road(password: string, changes: Readonly<Record<string, string | undefined>> = {}) {
  const all = { ...V1, ...ROAD, ...XAUTH, ...changes };
  const house = { ikev1Policy: 'accept', services: gatekeeper } as const;
  return town({
    west: { ...house, conf: conn('w-e', all), secrets: `${SECRETS}@joe : XAUTH "${password}"\n` },
    east: {
      ...house,
      conf: conn('w-e', { ...all, left: '%any', leftaddresspool: '10.9.0.1-10.9.0.9' }),
      secrets: SECRETS,
    },
  });
}

describe.each([
  ['pull', {}],
  ['push', { modecfgpull: 'no' }],
])('by %s', (_way, changes) => {
  test('a user comes up with an address, lives for days, and gives it back', () => {
    const { west, east, clock } = road('sesame', changes);
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    expect(up.text).toMatch(/XAUTH: Successfully Authenticated/);
    expect(up.exit).toBe(0);
    expect(up.text).not.toContain('sesame');
    expect(east.plane.inbound()).toHaveLength(1);
    expect([...east.world.leases.all()].map(({ identity, users }) => `${identity} ${users}`)).toEqual(['user:joe 1']);
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000);
      for (const house of [west, east]) {
        expect(house.crashes).toEqual([]);
        expect(house.plane.mistakes).toEqual([]);
        expect(house.plane.outbound().length).toBeGreaterThan(0);
      }
    }
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    clock.advance(60_000);
    for (const house of [west, east]) {
      expect(house.plane.sas.size).toBe(0);
      expect(house.world.switchboard.size).toBe(0);
    }
    expect([...east.world.leases.all()].map(({ users }) => users)).toEqual([0]);
  });
});

test('a wrong password leaves nothing, not even the instance that was made for it', () => {
  const { west, east, clock } = road('wrong', { keyingtries: '1' });
  const up = west.whack({ kind: 'initiate', name: 'w-e' });
  expect(up.exit).not.toBe(0);
  expect(up.text).toMatch(/does not accept our password/);
  west.whack({ kind: 'terminate', name: 'w-e' });
  clock.advance(180_000);
  for (const house of [west, east]) {
    expect(house.crashes).toEqual([]);
    expect(house.plane.sas.size).toBe(0);
    expect(house.world.switchboard.size).toBe(0);
  }
  expect(east.log.join('\n')).toMatch(/XAUTH: User "joe": Authentication Failed: wrong password/);
  expect(east.log.join('\n')).not.toContain('"wrong"');
  expect([...east.world.leases.all()]).toEqual([]);
  expect(east.world.registry.instances).toBe(0);
});

test('a password that is refused is not said again by itself: it might lock the account', () => {
  const { west, east, clock } = road('wrong');
  const asked: string[] = [];
  const { computes } = east;
  east.computes = (job) => {
    asked.push(job.op);
    return computes(job);
  };
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  const before = asked.length;
  expect(before).toBeGreaterThan(0);
  clock.advance(24 * 3_600_000);
  expect(asked.length).toBe(before);
  expect(west.log.join('\n')).toMatch(/not trying again by itself \(XAUTH: /);
});
