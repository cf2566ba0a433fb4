import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { routeGet } from '../../src/native/index.ts';

const SCENE = fileURLToPath(new URL('rtnetlink-scene.ts', import.meta.url));
const UNSHARE = process.getuid?.() === 0 ? ['-n'] : ['-Urn'];

test('the way to the loopback address is the loopback interface', () => {
  expect(routeGet(Uint8Array.of(127, 0, 0, 1))).toMatchObject({ oif: 1, src: Uint8Array.of(127, 0, 0, 1) });
});

test('links, addresses, routes and rules, in a namespace', ({ skip }) => {
  const can = spawnSync('unshare', [...UNSHARE, 'test', '-c', '/dev/net/tun']);
  if (can.status !== 0) skip('this machine gives us no network namespace, or has no /dev/net/tun');
  const run = spawnSync('unshare', [...UNSHARE, process.execPath, '--import', 'tsx', SCENE], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(JSON.parse(run.stdout)).toMatchObject({
    tun: { name: 'pluto0', ifindex: expect.any(Number) },
    'no route': { errno: 'ENETUNREACH' },
    up: 'done',
    address: 'done',
    address6: 'done',
    route: 'done',
    way: { src: '10.8.0.1' },
    again: 'done',
    gateway: 'done',
    'way by gateway': { gateway: '10.8.0.2' },
    'gateway nowhere': { errno: 'ENETUNREACH', why: expect.stringContaining('Nexthop has invalid gateway') },
    delete: 'done',
    'delete again': { errno: 'ESRCH' },
    'other table': 'done',
    rule: 'done',
    'rule again': { errno: 'EEXIST' },
    'way by rule': { oif: expect.any(Number) },
    'rule deleted': 'done',
    'no way': { errno: 'ENETUNREACH' },
    gone: { errno: 'ENODEV' },
    'no device': { errno: 'ENAMETOOLONG' },
  });
});
