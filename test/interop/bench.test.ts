/**
 * The bench does not rot: its crowd brings tunnels up to our daemon and to whichever peers are here, by secrets and by
 * certificates, rekeys them, asks whether the gateway lives, and closes them.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reasons } from '../bench/concentrator/bench.ts';
import type { Act } from '../bench/crowd/crowd.ts';
import type { ProfileName } from '../bench/crowd/profiles.ts';
import { cpuOf, residentOf } from '../bench/gateways/account.ts';
import { startGateway } from '../bench/gateways/gateway.ts';
import type { Implementation } from '../bench/gateways/place.ts';
import { lacksDaemon } from '../support/daemon.ts';
import { type Network, network } from '../support/netns.ts';
import { lacksPeer, type PeerName, shim } from './peers/prefix.ts';

const COUNT = 50;
const ACTS: readonly Act[] = ['up', 'rekey', 'probe', 'down'];
const CASES: readonly (readonly [Implementation, ProfileName])[] = [
  ['pluto', 'psk'],
  ['pluto', 'p256'],
  ['strongSwan', 'modp'],
  ['libreswan', 'p256'],
];

let hosts: Network;
let directory: string;
beforeAll(async () => {
  hosts = network();
  directory = await mkdtemp(join(tmpdir(), 'pluto-bench-test-'));
});
afterAll(async () => {
  await hosts.close();
  await rm(directory, { recursive: true, force: true });
});

/** Why a gateway cannot be had here. */
function lacks(implementation: Implementation): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (!existsSync(shim)) return 'the shim is not compiled: sh scripts/setup test';
  return implementation === 'pluto' ? lacksDaemon() : lacksPeer(implementation.toLowerCase() as PeerName);
}

for (const [implementation, profile] of CASES)
  test(`the crowd calls on ${implementation} by ${profile}`, async (context) => {
    const lacking = lacks(implementation);
    context.skip(lacking !== undefined, lacking);
    const gateway = await startGateway(hosts, directory, { implementation, profile });
    try {
      for (const act of ACTS) {
        const outcome = await gateway.generator.carryOut({ act, from: 0, count: COUNT, window: 8 });
        expect(reasons(outcome), act).toBe('');
        expect(outcome.done, act).toBe(COUNT);
        expect(outcome.latency.max, act).toBeGreaterThanOrEqual(outcome.latency.p50);
      }
      expect(cpuOf(gateway.pid)).toBeGreaterThan(0);
      expect(residentOf(gateway.pid)).toBeGreaterThan(1e6);
    } finally {
      await gateway.stop();
    }
  });

test('the crowd says so when a gateway does not let it in', async (context) => {
  const lacking = lacks('pluto');
  context.skip(lacking !== undefined, lacking);
  const conn = ['rightid=@somebody.else'];
  const gateway = await startGateway(hosts, directory, { implementation: 'pluto', profile: 'psk', tuning: { conn } });
  try {
    const outcome = await gateway.generator.carryOut({ act: 'up', from: 0, count: 3, window: 1 });
    expect(outcome).toMatchObject({ done: 0, failed: 3, why: { 'IKE_AUTH: AUTHENTICATION_FAILED': 3 } });
  } finally {
    await gateway.stop();
  }
});

test('a flood is answered with cookies by a gateway that has had enough', async (context) => {
  const lacking = lacks('pluto');
  context.skip(lacking !== undefined, lacking);
  const setup = ['ddos-mode=busy'];
  const gateway = await startGateway(hosts, directory, { implementation: 'pluto', profile: 'psk', tuning: { setup } });
  try {
    const flooder = await gateway.another();
    const { sent, answered } = await flooder.flood({ rate: 5_000, seconds: 0.2, sources: 1_000 });
    expect(sent).toBeGreaterThan(0);
    expect(answered).toBeGreaterThan(0);
    const outcome = await gateway.generator.carryOut({ act: 'up', from: 0, count: COUNT, window: 8 });
    expect(outcome).toMatchObject({ done: COUNT, cookies: COUNT });
  } finally {
    await gateway.stop();
  }
});
