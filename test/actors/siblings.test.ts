/** Templates that ask for the same proofs of the same identities: one peer, one IKE SA, a child of each of them. */
import { describe, expect, test } from 'vitest';
import { conn, House, town } from './town.ts';

const SECRETS = '%any : PSK "swordfish"\n';
type Keywords = Record<string, string | undefined>;
const ANYBODY: Keywords = { left: '%any', leftid: '%any', leftsubnet: undefined };
const net = (i: number) => `10.${9 + (i >> 8)}.${i & 255}.0/24`;

/** East has a template for each of so many nets of its own, and they differ in nothing else. */
function hub(count: number, changes: (i: number) => Keywords = () => ({}), options: { uniqueIds?: boolean } = {}) {
  const conf = Array.from({ length: count }, (_, i) =>
    conn(`road${i}`, { ...ANYBODY, rightsubnet: net(i), ...changes(i) }),
  ).join('');
  const made = town({ east: { conf, secrets: SECRETS, ...options } });
  const guest = (name: string, address: string, nets: readonly number[], more: Keywords = {}) => {
    const own = (i: number) => ({
      left: address,
      leftid: `@${name}`,
      leftsubnet: undefined,
      rightsubnet: net(i),
      ...more,
    });
    const confs = nets.map((i) => conn(`home${i}`, { ...own(i), keyingtries: '1' })).join('');
    return new House(name, made.clock, made.wire, { address, conf: confs, secrets: SECRETS });
  };
  return { ...made, guest };
}

const instances = ({ world: { registry } }: House) =>
  [...registry.entries()].flatMap((e) => registry.instancesOf(e).map(({ conn: { name } }) => name)).sort();
const up = (house: House, i: number) => house.whack({ kind: 'initiate', name: `home${i}` }).exit;

describe('of templates that differ in their traffic', () => {
  test.each([0, 17, 299])('the peer has the one that it asks for: number %i of 300', (i) => {
    const { east, guest } = hub(300);
    expect(up(guest('paul', '198.51.100.1', [i]), i)).toBe(0);
    expect(instances(east)).toEqual([`road${i}`]);
    expect(east.plane.mistakes).toEqual([]);
  });

  test('one without a subnet is for the peer itself, wherever it stands', () => {
    const { east, guest } = hub(3, (i) => ({
      rightsubnet: net(0),
      leftsubnet: i === 0 ? undefined : `10.1.${i}.0/24`,
    }));
    expect(up(guest('paul', '198.51.100.1', [0], { leftsubnet: '10.1.2.0/24' }), 0)).toBe(0);
    expect(up(guest('mary', '198.51.100.2', [0]), 0)).toBe(0);
    expect(instances(east)).toEqual(['road0', 'road2']);
  });

  test('nobody gets what none of them has', () => {
    const { east, guest } = hub(3);
    expect(up(guest('paul', '198.51.100.1', [7]), 7)).not.toBe(0);
    expect(east.plane.sas.size).toBe(0);
  });
});

describe('further children over one IKE SA', () => {
  const both = (options = {}) => {
    const made = hub(4, () => ({}), options);
    const paul = made.guest('paul', '198.51.100.1', [1, 3]);
    expect([up(paul, 1), up(paul, 3)]).toEqual([0, 0]);
    return { ...made, paul };
  };

  test('belong to the templates that have their traffic', () => {
    const { east } = both();
    expect(east.world.switchboard.size).toBe(1);
    expect(instances(east)).toEqual(['road1', 'road3']);
    expect(east.plane.inbound().map((sa) => `${sa.selectors[0].dst}`)).toEqual([`${net(1)}`, `${net(3)}`]);
    expect(new Set(east.plane.inbound().map((sa) => sa.reqid)).size).toBe(2);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });

  test('go with it, and so do all the instances', () => {
    const { east, paul, clock } = both();
    paul.world.switchboard.sas()[0].tell({ t: 'command', command: { t: 'deleteIke', why: 'terminated' } });
    clock.advance(6_000);
    expect(instances(east)).toEqual([]);
    expect(east.plane.sas.size + east.plane.policies.size + east.world.switchboard.size).toBe(0);
  });

  test('are taken down one by one', () => {
    const { east, paul, clock } = both();
    paul.whack({ kind: 'delete', name: 'home1' });
    clock.advance(6_000);
    expect(east.plane.inbound().map((sa) => `${sa.selectors[0].dst}`)).toEqual([`${net(3)}`]);
    expect(east.world.switchboard.size).toBe(1);
  });

  test.each([1, 3])('stay when the template of the other is deleted: road%i', (i) => {
    const { east, clock } = both();
    east.whack({ kind: 'delete', name: `road${i}` });
    clock.advance(100);
    expect(east.world.switchboard.size).toBe(1);
    expect(instances(east)).toEqual([`road${4 - i}`]);
    expect(east.plane.inbound()).toHaveLength(1);
  });

  test('are rekeyed as what they are', () => {
    const { east, clock } = both();
    clock.advance(9 * 3600_000);
    expect(instances(east)).toEqual(['road1', 'road3']);
    expect(east.plane.inbound()).toHaveLength(2);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });

  test.each<[string, (i: number) => Keywords, Keywords]>([
    ['another identity of ours', (i) => (i === 3 ? { rightid: '@other' } : {}), {}],
    ['a named peer', (i) => (i === 3 ? { leftid: '@mary' } : {}), {}],
    ['another proof', (i) => (i === 3 ? { authby: 'ecdsa' } : {}), {}],
    ['a stronger IKE SA', (i) => (i === 3 ? { ike: 'aes_gcm256-sha2_512-dh21' } : {}), {}],
  ])('of one that asks for %s there are none', (_, changes, more) => {
    const { east, guest } = hub(4, changes);
    const paul = guest('paul', '198.51.100.1', [1, 3], more);
    expect(up(paul, 1)).toBe(0);
    expect(up(paul, 3)).not.toBe(0);
    expect(instances(east)).toEqual(['road1']);
    expect(east.plane.inbound()).toHaveLength(1);
  });
});

test('with uniqueids=no the instance stays for as long as one of its IKE SAs', () => {
  const { east, guest, clock } = hub(1, () => ({}), { uniqueIds: false });
  const paul = guest('paul', '198.51.100.1', [0]);
  expect(up(paul, 0)).toBe(0);
  const older = paul.plane.inbound()[0].spi;
  const again = east.world.switchboard.sas()[0];
  paul.world.switchboard.sas()[0].tell({ t: 'command', command: { t: 'abandon', why: 'power cut' } });
  clock.settle();
  expect(up(paul, 0)).toBe(0);
  expect(east.plane.outbound()).toHaveLength(2);
  paul.whack({ kind: 'terminate', name: 'home0' });
  clock.advance(100);
  expect(again.hasEnded).toBe(false);
  expect(east.plane.outbound().map((sa) => sa.spi)).toEqual([older]);
  expect(instances(east)).toEqual(['road0']);
});
