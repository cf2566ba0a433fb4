/** `rightsubnet=vnet:…`: peers choose what is behind them, out of what they may. */
import { describe, expect, test } from 'vitest';
import { Subnet } from '../../src/net/subnet.ts';
import { conn, House, town } from './town.ts';

const SECRETS = '%any : PSK "swordfish"\n';
const net = (text: string, excluded = false) => ({ subnet: Subnet.parse(text)!, excluded });
const PRIVATE = [net('10.0.0.0/8'), net('192.168.0.0/16'), net('10.9.0.0/16', true)];

/** East lets peers choose as `virtual` says. */
function gate(virtual: string, virtualPrivate = PRIVATE) {
  const any = conn('road', { left: '%any', leftid: '%any', leftsubnet: virtual });
  const { east, wire, clock } = town({ east: { conf: any, secrets: SECRETS, virtualPrivate } });
  let count = 0;
  const comes = (leftsubnet: string | undefined, leftid = '@paul', narrowing?: string) => {
    count++;
    const address = `198.51.100.${count}`;
    const conf = conn('home', { left: address, leftid, leftsubnet, narrowing, keyingtries: '1' });
    const house = new House(`${'abcd'[count]}`, clock, wire, { address, conf, secrets: SECRETS });
    return { house, exit: house.whack({ kind: 'initiate', name: 'home' }).exit };
  };
  const inside = () => east.plane.outbound().map((sa) => `${sa.selectors[0].dst}`);
  return { east, comes, inside, clock };
}

describe('a peer has', () => {
  test.each([
    ['vnet:%priv', '10.1.2.0/24'],
    ['vnet:%priv', '192.168.0.0/16'],
    ['vnet:%priv', '10.8.0.0/16'],
    ['vnet:%v4:172.16.0.0/12', '172.16.5.0/24'],
    ['vnet:%all', '203.0.113.0/24'],
    ['vhost:%priv', '10.1.2.3/32'],
    ['vhost:%no', undefined],
    ['vhost:%no,%priv', undefined],
  ])('with %s what it asks for: %s', (virtual, subnet) => {
    const { east, comes, inside, clock } = gate(virtual);
    const { exit } = comes(subnet);
    expect(exit).toBe(0);
    expect(inside()).toEqual([subnet ?? '198.51.100.1/32']);
    clock.advance(9 * 3600_000);
    expect(inside()).toEqual([subnet ?? '198.51.100.1/32']);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });
});

describe('a peer has nothing', () => {
  test.each([
    ['vnet:%priv', '0.0.0.0/0'],
    ['vnet:%priv', '11.0.0.0/24'],
    ['vnet:%priv', '10.9.1.0/24'],
    ['vnet:%priv', '10.0.0.0/8'],
    ['vnet:%priv', '10.1.0.0/24,11.1.0.0/24'],
    ['vnet:%priv', undefined],
    ['vnet:%v4:172.16.0.0/12', '10.1.2.0/24'],
    ['vhost:%priv', '10.1.2.0/24'],
    ['vhost:%priv', '10.1.2.3/32,10.1.2.4/32'],
    ['vhost:%no', '10.1.2.3/32'],
  ])('with %s where it asks for %s, narrowing or not', (virtual, subnet) => {
    for (const narrowing of ['yes', 'no']) {
      const { east, comes } = gate(virtual);
      expect(comes(subnet, '@paul', narrowing).exit).not.toBe(0);
      expect(east.plane.sas.size).toBe(0);
    }
  });
});

test('without private nets there is nothing to choose: nobody becomes of it', () => {
  const { east, comes } = gate('vnet:%priv', []);
  expect(east.world.registry.named('road')?.hindrance).toContain('virtual-private=');
  expect(comes('10.1.2.0/24').exit).not.toBe(0);
  expect(comes(undefined).exit).not.toBe(0);
});

describe('what one has chosen', () => {
  test.each(['10.1.2.0/24', '10.1.0.0/16', '10.1.2.128/25'])('another does not get: %s', (subnet) => {
    const { east, comes, inside } = gate('vnet:%priv');
    expect(comes('10.1.2.0/24').exit).toBe(0);
    expect(comes(subnet, '@mary').exit).not.toBe(0);
    expect(inside()).toEqual(['10.1.2.0/24']);
    expect(east.log).toContainEqual(expect.stringContaining("what is not behind '@paul'"));
    expect(east.log.filter((line) => line.includes('narrowing='))).toEqual([]);
    expect(comes('10.1.3.0/24', '@mary').exit).toBe(0);
  });

  test('the same has again, from elsewhere, and only there', () => {
    const { comes, inside, clock, east } = gate('vnet:%priv');
    expect([comes('10.1.2.0/24').exit, comes('10.1.2.0/24').exit]).toEqual([0, 0]);
    clock.advance(6_000);
    expect(inside()).toEqual(['10.1.2.0/24']);
    expect(`${east.plane.outbound()[0].dst}`).toBe('198.51.100.2');
  });

  test('is free once it has gone, and not before: neither rekeys nor refusals change that', () => {
    const { comes, clock, east } = gate('vnet:%priv');
    const { house } = comes('10.1.2.0/24');
    clock.advance(9 * 3600_000);
    expect(comes('10.1.2.0/24', '@mary').exit).not.toBe(0);
    house.whack({ kind: 'terminate', name: 'home' });
    clock.advance(6_000);
    expect(comes('10.1.2.0/24', '@mary').exit).toBe(0);
    expect([...east.crashes, ...east.plane.mistakes]).toEqual([]);
  });
});

describe('reports show of an instance', () => {
  const shown = async (east: House) =>
    (await east.report({ kind: 'connectionstatus' })).rowsOf('connections').map(({ remote }) => remote.client);

  test('what its peer has chosen, for as long as it has it; of the template, that it is open', async () => {
    const { east, comes, clock } = gate('vnet:%priv');
    expect(await shown(east)).toEqual([['vnet:?']]);
    const { house } = comes('10.1.2.0/24');
    comes('10.1.3.0/24', '@mary');
    expect(await shown(east)).toEqual([['vnet:?'], ['10.1.2.0/24'], ['10.1.3.0/24']]);
    clock.advance(9 * 3600_000);
    expect(await shown(east)).toEqual([['vnet:?'], ['10.1.2.0/24'], ['10.1.3.0/24']]);
    house.whack({ kind: 'terminate', name: 'home' });
    clock.advance(6_000);
    expect(await shown(east)).toEqual([['vnet:?'], ['10.1.3.0/24']]);
  });

  test('with vhost:, the one address', async () => {
    const { east, comes } = gate('vhost:%priv');
    comes('10.1.2.3/32');
    expect(await shown(east)).toEqual([['vhost:?'], ['10.1.2.3/32']]);
  });
});
