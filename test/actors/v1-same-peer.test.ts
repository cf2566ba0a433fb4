/** Whose SAs a peer of IKEv1 ends or takes over by coming again: its own. */
import { describe, expect, test } from 'vitest';
import type { Services } from '../../src/actors/world.ts';
import { joined } from '../../src/ike/crypto/misc.ts';
import type { Question, Reply } from '../../src/ike/questions.ts';
import { IsakmpSa } from '../../src/ike/v1/isakmp-sa.ts';
import { notification, Turn } from '../../src/ike/v1/turn.ts';
import { NOTIFY, PROTOCOL } from '../../src/ike/v1/wire/index.ts';
import { conn, House, type Town, town, upTown, WEST } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048', esp: 'aes128-sha1' };
const house = { ikev1Policy: 'accept' } as const;

async function sasOf({ world }: House): Promise<readonly IsakmpSa[]> {
  const found: IsakmpSa[] = [];
  for (const ref of world.switchboard.sas())
    ref.tell({ t: 'report', to: ({ sa }) => void (sa instanceof IsakmpSa && found.push(sa)) });
  return found;
}

describe('INITIAL_CONTACT in an exchange of its own, as racoon says it', () => {
  async function contacted(changes: Readonly<Record<string, string>> = {}): Promise<Town> {
    const made = upTown({ both: conn('w-e', { ...V1, ...changes }), west: house, east: house });
    const { west, east, clock } = made;
    const found = sasOf(west);
    clock.settle();
    const [sa] = await found;
    const turn = new Turn(sa, west.world.env);
    const spi = joined(sa.cookieI, sa.cookieR);
    turn.inform([notification(NOTIFY.INITIAL_CONTACT, new Uint8Array(), { protocol: PROTOCOL.ISAKMP, spi })]);
    for (const out of turn.outs)
      if (out.t === 'send') east.receive({ local: out.peer, peer: out.local, bytes: out.bytes });
    clock.settle();
    return made;
  }

  test('does not end the very SA that it comes by', async () => {
    const { west, east } = await contacted();
    for (const one of [west, east]) {
      expect(one.world.switchboard.size).toBe(1);
      expect(one.plane.inbound()).toHaveLength(1);
      expect(one.crashes).toEqual([]);
    }
  });
});

const ROAD = {
  ...{ leftsubnet: undefined, rightsubnet: '0.0.0.0/0', leftxauthclient: 'yes', rightxauthserver: 'yes' },
  ...{ leftmodecfgclient: 'yes', rightmodecfgserver: 'yes', modecfgpull: 'yes', keyingtries: '1' },
};
const SECRETS = '@west @east : PSK "swordfish"\n@joe : XAUTH "sesame"\n@ann : XAUTH "sesame"\n';
/** Believes whoever has the password of all. */
const gatekeeper: Services = {
  ask: (id, question, owner) => owner.tell({ t: 'reply', id, reply: replyTo(question) }),
  forgetEap: () => {},
  *figures() {},
};
function replyTo(question: Question): Reply {
  if (question.t !== 'xauth') return { t: 'none', why: 'nobody to ask' };
  const isRight = Buffer.from(question.password).toString() === 'sesame';
  return isRight ? { t: 'xauth', ok: true, addresses: [] } : { t: 'xauth', ok: false, why: 'wrong password' };
}

/** Users of one group, one after the other at the same address and port: a NAT has given it to the next one. */
function users(first: string, second: string, changes: Readonly<Record<string, string>> = {}) {
  const all = { ...V1, ...ROAD, ...changes };
  const confOf = (user: string) => conn('w-e', { ...all, leftusername: user, 'initial-contact': 'no' });
  const made = town({
    west: { ...house, services: gatekeeper, conf: confOf(first), secrets: SECRETS },
    east: {
      ...{ ...house, services: gatekeeper, secrets: SECRETS, uniqueIds: false },
      conf: conn('w-e', { ...all, left: '%any', leftaddresspool: '10.9.0.1-10.9.0.9' }),
    },
  });
  const { clock, wire, west } = made;
  expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
  const other = new House('other', clock, wire, { ...house, address: WEST, conf: confOf(second), secrets: SECRETS });
  const up = other.whack({ kind: 'initiate', name: 'w-e' });
  expect(up.exit, up.text).toBe(0);
  return { ...made, other };
}

const shown = (sa: IsakmpSa) =>
  `${sa.eapUser?.name} ${sa.leases.map(({ address }) => address)} ${sa.children.map((c) => c.selectorsRemote)}`;

describe('behind the address and port of another user', () => {
  test('nobody gets what is that one’s', async () => {
    const { east, clock } = users('joe', 'ann');
    const found = sasOf(east);
    clock.settle();
    expect((await found).map(shown).toSorted()).toEqual(['ann 10.9.0.2 10.9.0.2/32', 'joe 10.9.0.1 10.9.0.1/32']);
    expect(east.plane.inbound()).toHaveLength(2);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });

  test('the same user has the children of before, and the address', async () => {
    const { east, clock } = users('joe', 'joe');
    const found = sasOf(east);
    clock.settle();
    const rows = (await found).map(shown).toSorted();
    expect(rows[0]).toMatch(/^joe +$/);
    expect(rows[1]).toMatch(/^joe 10\.9\.0\.2,10\.9\.0\.1 10\.9\.0\.1\/32,10\.9\.0\.2\/32$/);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });
});
