/** Two of our own daemons that know nothing of each other's keys but that DNS has them. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipseckeyOf, parseSpki } from '../../src/ike/crypto/signature/public-key.ts';
import { type Daemon, lacksDaemon, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/process.ts';
import { pair, sides, type Topology } from '../support/topology.ts';
import { lacksPeer } from './peers/prefix.ts';
import { lacksBed } from './requirements.ts';
import { startResolver, type TestResolver, type Zone } from './resolver.ts';

type Side = 'west' | 'east';
const SIDES: readonly Side[] = ['west', 'east'];
const lacks = lacksBed({}) ?? lacksPeer('unbound') ?? lacksDaemon();

function makeKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const key = parseSpki(spki);
  if ('wrong' in key) throw new Error(key.wrong);
  const { algorithm, octets } = ipseckeyOf(key);
  return {
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    pubkey: `0s${spki.toString('base64')}`,
    record: `IN IPSECKEY 10 0 ${algorithm} . ${Buffer.from(octets).toString('base64')}\n`,
  };
}

describe('keys on demand', () => {
  const closers: (() => Promise<unknown>)[] = [];
  let topology: Topology;
  let directory: string;
  beforeEach(async ({ skip }) => {
    skip(lacks !== undefined, lacks);
    directory = await mkdtemp(join(tmpdir(), 'pluto-dns-tunnel-'));
    topology = await pair();
  });
  afterEach(async () => {
    if (lacks) return;
    for (const close of closers.splice(0).reverse()) await close();
    await topology.network.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** `zone` is where both have their names. */
  async function start(zone: string, signed: (records: string) => Zone['signed']): Promise<Record<Side, Daemon>> {
    const keys = { west: makeKey(), east: makeKey() };
    const records = `west ${keys.west.record}east ${keys.east.record}`;
    const zones = [{ name: zone, records, signed: signed(records) }];
    const daemons: Partial<Record<Side, Daemon>> = {};
    for (const side of SIDES) {
      const { host } = topology[side];
      const resolver: TestResolver = await startResolver(zones, '127.0.0.1', (command) => host.inside(command));
      closers.push(() => resolver.close());
      const ipsecdir = join(directory, side);
      await mkdir(join(ipsecdir, 'private'), { recursive: true });
      await writeFile(join(ipsecdir, 'private', `${side}.pem`), keys[side].pem, { mode: 0o600 });
      const other = side === 'west' ? 'east' : 'west';
      const lines = [
        ...['config setup', `\tdns-servers=127.0.0.1@${resolver.port}`, `\tipsecdir=${ipsecdir}`],
        ...['conn net', '\tauthby=ecdsa', '\tauto=add', '\tdpddelay=0'],
        ...[`\tleft=${sides[side].address}`, `\tleftid=@${side}.${zone}`, `\tleftpubkey=${keys[side].pubkey}`],
        ...[`\tleftsubnet=${sides[side].subnet}`, `\trightsubnet=${sides[other].subnet}`],
        ...[`\tright=${sides[other].address}`, `\trightid=@${other}.${zone}`, '\trightpubkey=%dnsondemand', ''],
      ];
      const config = join(directory, `${side}.conf`);
      await writeFile(config, lines.join('\n'));
      const secrets = join(directory, `${side}.secrets`);
      await writeFile(secrets, '', { mode: 0o600 });
      const daemon = await startDaemon({
        ...{ host, config, secrets, directory: join(directory, `${side}-run`) },
        options: ['--noklips', '--nhelpers', '1', '--debug', 'base'],
      });
      closers.push(() => daemon.kill());
      await eventually('it is loaded', async () => (await daemon.log()).includes('"net": added'));
      daemons[side] = daemon;
    }
    return daemons as Record<Side, Daemon>;
  }

  test('both ends find the other’s key where it is signed for', async () => {
    const { west, east } = await start('pluto.example', () => 'yes');
    const up = await west.whack('--name', 'net', '--initiate');
    expect(up.stdout, `${await west.log()}${await east.log()}`).toContain('initiator established Child SA');
    for (const daemon of [west, east]) {
      expect(await daemon.log()).toMatch(/keys of \w+\.pluto\.example in DNS: p256 of 256 bits, validated/);
      expect((await daemon.whack('--globalstatus')).stdout).toMatch(/total\.lookups\.dns\.found=1/);
    }
  });

  test.each([
    ['that nobody has signed', 'plain.example', () => 'no' as const, /no AD bit/],
    [
      'that was changed after it was signed',
      'bogus.example',
      () => ({ instead: ['IPSECKEY\t10', 'IPSECKEY\t11'] as const }),
      /SERVFAIL/,
    ],
  ])('nobody is let in by a zone %s', async (_, zone, signed, why) => {
    const { west, east } = await start(zone, signed);
    const up = await west.whack('--name', 'net', '--initiate');
    expect(up.status).not.toBe(0);
    expect(up.stdout).toContain('AUTHENTICATION_FAILED');
    await eventually('it says why', async () => why.test(await east.log()));
    expect(await east.log()).not.toContain('established');
  });
});
