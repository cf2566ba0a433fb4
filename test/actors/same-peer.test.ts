/**
 * Whose IKE SAs end when a peer comes again: its own, and of nobody who only shares its address, its connection or the
 * name that it goes by. RFC 7296 §2.4: "the two authenticated identities".
 */
import { describe, expect, test } from 'vitest';
import { TestClock } from '../../src/actors/runtime/index.ts';
import { Address } from '../../src/net/address.ts';
import { NatBox } from '../../src/sim/nat-box.ts';
import { pretendedServices } from '../../src/sim/pretended-eap.ts';
import { Wire } from '../../src/sim/wire.ts';
import { conn, EAST, House } from './town.ts';

const OUTSIDE = '203.0.113.1';
const SECRETS = '%any : PSK "swordfish"\n';
const MINUTE = 60_000;

interface Guest {
  readonly id: string;
  /** To EAP; without, it proves `id` by a secret. */
  readonly user?: string;
  readonly auth?: string;
}

type Keywords = Record<string, string | undefined>;

/** East takes whoever it is by `changes`; guests are behind one NAT, or at addresses of their own. */
function gathering(
  guests: readonly Guest[],
  where: 'one NAT' | 'apart',
  changes: Keywords,
  { uniqueIds = true, besides = '', meanwhile = (_east: House): void => {} } = {},
) {
  const clock = new TestClock();
  const wire = new Wire(clock);
  const services = pretendedServices((callback) => clock.soon(callback));
  const inside = { leftsubnet: '10.1.0.0/16', narrowing: 'yes' };
  const any = conn('road', { left: '%any', leftid: '%any', ...inside, ...changes });
  const east = new House('east', clock, wire, {
    address: EAST,
    conf: any + besides,
    secrets: SECRETS,
    services,
    uniqueIds,
  });
  const addresses = guests.map((_, i) => `192.168.1.${i + 1}`);
  const auth = ({ user, auth = 'secret' }: Guest): Keywords =>
    user === undefined
      ? { leftauth: auth, rightauth: auth }
      : { leftauth: 'eap', rightauth: 'secret', lefteapid: user };
  const houses = guests.map((guest, i) => {
    const own = { left: addresses[i], leftid: guest.id, leftsubnet: `10.1.${i}.0/24`, keyingtries: '1' };
    const conf = conn('home', {
      ...own,
      authby: undefined,
      ...auth(guest),
      'initial-contact': changes['initial-contact'],
    });
    return new House(`${'pqr'[i]}`, clock, wire, { address: addresses[i], conf, secrets: SECRETS, services });
  });
  const [first, second, third] = addresses.map((a) => Address.parse(a)!);
  if (where === 'one NAT') wire.nat = new NatBox([first, second, third], Address.parse(OUTSIDE)!);
  clock.settle();
  for (const house of houses) {
    meanwhile(east);
    const up = house.whack({ kind: 'initiate', name: 'home' });
    expect(up.exit, up.text).toBe(0);
    clock.advance(6_000);
  }
  clock.advance(MINUTE);
  expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  return { clock, wire, east, houses };
}

/** Which of them still have their tunnel, at both ends. */
function standing({ east, houses }: Pick<ReturnType<typeof gathering>, 'east' | 'houses'>): readonly number[] {
  const at = new Set(east.plane.inbound().map((sa) => sa.spi));
  return houses.flatMap((house, i) => (house.plane.outbound().some((sa) => at.has(sa.spi)) ? [i] : []));
}

describe.each(['one NAT', 'apart'] as const)('INITIAL_CONTACT, %s', (where) => {
  const contact = { 'initial-contact': 'yes' };

  test.each([true, false])('of one ends nothing of another (uniqueids %s)', (uniqueIds) => {
    expect(standing(gathering([{ id: '@one' }, { id: '@other' }], where, contact, { uniqueIds }))).toEqual([0, 1]);
  });

  test('ends all that was of the same', () => {
    expect(
      standing(gathering([{ id: '@one' }, { id: '@other' }, { id: '@one' }], where, contact, { uniqueIds: false })),
    ).toEqual([1, 2]);
  });

  test('of the nameless ends nothing', () => {
    const nameless = { id: '@one', auth: 'null' };
    const made = gathering([nameless, nameless], where, { ...contact, authby: 'null' });
    expect(standing(made)).toEqual([0, 1]);
  });
});

test('INITIAL_CONTACT behind one address that is no template ends nothing of another', () => {
  const fixed = { left: OUTSIDE, leftid: '%any', 'initial-contact': 'yes' };
  const made = gathering([{ id: '@one' }, { id: '@other' }], 'one NAT', fixed);
  expect(standing(made)).toEqual([0, 1]);
});

const BY_EAP = { authby: undefined, leftauth: 'eap', rightauth: 'secret' };

describe.each(['one NAT', 'apart'] as const)('users of EAP, %s', (where) => {
  test('who call themselves the same stay both', () => {
    const made = gathering(
      [
        { id: '@road', user: 'joe' },
        { id: '@road', user: 'paul' },
      ],
      where,
      BY_EAP,
    );
    expect(standing(made)).toEqual([0, 1]);
    expect(new Set(made.east.plane.inbound().map((sa) => sa.reqid)).size).toBe(2);
  });

  test('who come again take their own place, whatever they call themselves', () => {
    const guests = [
      { id: '@road', user: 'joe' },
      { id: '@road', user: 'paul' },
      { id: '@phone', user: 'joe' },
    ];
    const made = gathering(guests, where, BY_EAP);
    expect(standing(made)).toEqual([1, 2]);
    const { registry } = made.east.world;
    expect(registry.instancesOf(registry.named('road')!)).toHaveLength(2);
  });

  test('who say INITIAL_CONTACT end what they had under the same identity, and not what their other devices have', () => {
    const guests = [
      { id: '@road', user: 'joe' },
      { id: '@phone', user: 'joe' },
      { id: '@road', user: 'joe' },
    ];
    const contact = { ...BY_EAP, 'initial-contact': 'yes' };
    expect(standing(gathering(guests, where, contact, { uniqueIds: false }))).toEqual([1, 2]);
    const [, phone, again] = guests;
    expect(
      standing(gathering([{ ...again, user: 'paul' }, phone, again], where, contact, { uniqueIds: false })),
    ).toEqual([0, 1, 2]);
  });

  test('are known after a rekey of their IKE SA', () => {
    const guests = [
      { id: '@road', user: 'joe' },
      { id: '@phone', user: 'joe' },
    ];
    const made = gathering(guests, where, BY_EAP, {
      meanwhile: (east) => void east.whack({ kind: 'rekey-ike', name: 'road[1]' }),
    });
    expect(made.east.log).toContainEqual(expect.stringContaining('rekeyed IKE SA #1'));
    expect(standing(made)).toEqual([1]);
  });

  test('take no place of who has proven that name otherwise, nor the other way round', () => {
    const besides = conn('plain', { left: '%any', leftid: '@paul', leftsubnet: '10.1.0.0/16', narrowing: 'yes' });
    const guests = [{ id: '@paul' }, { id: '@paul', user: 'paul' }, { id: '@paul', user: 'mary' }];
    const made = gathering(guests, where, BY_EAP, { besides });
    expect(standing(made)).toEqual([0, 1, 2]);
  });
});
