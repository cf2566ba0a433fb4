/** ike-scan asks for one transform after the other, and gets an answer to those that are configured, to no others. */
import { expect, test } from 'vitest';
import { lacksDaemon } from '../../support/daemon.ts';
import type { Host } from '../../support/netns.ts';
import { run } from '../../support/process.ts';
import { withBed } from '../bed.ts';
import type { Peer, Place } from '../peer.ts';
import { startOurs } from '../peers/ours.ts';
import { file, lacksPeer, libraryPath } from '../peers/prefix.ts';
import { lacksBed } from '../requirements.ts';
import { type Conn, conns, v1Tunnel } from './conn.ts';

const lacks = lacksBed({}) ?? lacksPeer('ike-scan') ?? lacksDaemon();

/** What ike-scan calls them, and their numbers in an offer. RFC 2409 appendix A. */
const ENCRYPTION = { DES: '1', '3DES': '5', 'AES/128': '7/128', 'AES/256': '7/256', Camellia: '8/128' };
const HASH = { MD5: '1', SHA1: '2', 'SHA2-256': '4', 'SHA2-512': '6' };
const GROUP = { '5:modp1536': '5', '14:modp2048': '14', '19:ecp256': '19' };
const METHOD = { PSK: '1', RSA_Sig: '3' };

const [main, aggressive] = conns([
  { name: 'main', ike: 'aes256-sha2_256-modp2048,3des-md5-modp1536,camellia128-sha1-dh19' },
  { name: 'aggressive', isAggressive: true, ike: 'aes128-sha2_512-modp2048,3des-sha1-modp1536' },
]);
const CONFIGURED: ReadonlyMap<Conn, readonly string[]> = new Map([
  [main, ['3DES MD5 5:modp1536 PSK', 'AES/256 SHA2-256 14:modp2048 PSK', 'Camellia SHA1 19:ecp256 PSK']],
  [aggressive, ['3DES SHA1 5:modp1536 PSK', 'AES/128 SHA2-512 14:modp2048 PSK']],
]);

interface Transform {
  readonly title: string;
  readonly numbers: string;
  readonly group: string;
}
const TRANSFORMS: readonly Transform[] = Object.entries(ENCRYPTION).flatMap(([encryption, e]) =>
  Object.entries(HASH).flatMap(([hash, h]) =>
    Object.entries(GROUP).flatMap(([group, g]) =>
      Object.entries(METHOD).map(([method, m]) => ({
        title: [encryption, hash, group, method].join(' '),
        numbers: [e, h, m, g].join(),
        group: g,
      })),
    ),
  ),
);

/** Stands where the scanner is: nothing is started there. */
const nobody = async (): Promise<Peer> => {
  const never = () => Promise.reject(new Error('nobody is there'));
  return {
    ...{ name: 'ike-scan', up: never, isUp: never, rekeyChild: never, rekeyIke: never, agreed: never },
    ...{ deleteChild: never, deleteIke: never, installed: async () => [], log: async () => '' },
    ...{ stop: async () => undefined, kill: async () => undefined },
  };
};

/** Whether a transform is taken: an answer in the mode of the conn. */
async function isTaken(host: Host, conn: Conn, { numbers, group }: Transform, port: number): Promise<boolean> {
  const mode = conn.isAggressive ? ['--aggressive', '--id=west.test', '--idtype=2', `--dhgroup=${group}`] : [];
  const options = [`--trans=${numbers}`, `--sport=${port}`, '--retry=2', '--timeout=1000', `--bindip=${conn.west}`];
  const program = file('ike-scan', 'usr/bin/ike-scan');
  const { stdout } = await run(host.inside([program, '--nodns', ...options, ...mode, '192.0.2.2']), {
    env: { LD_LIBRARY_PATH: libraryPath },
  });
  if (stdout.includes(conn.isAggressive ? 'Aggressive Mode Handshake returned' : 'Main Mode Handshake returned'))
    return true;
  if (!/Notify message 14 \(NO-PROPOSAL-CHOSEN\)/.test(stdout)) throw new Error(`no answer: ${stdout}`);
  return false;
}

for (const conn of [main, aggressive])
  test(`ike-scan finds what is configured and nothing else: ${conn.name}`, async (context) => {
    context.skip(lacks !== undefined, lacks);
    const east = (place: Place) => startOurs('shim', place);
    await withBed({ west: nobody, east, tunnel: v1Tunnel([main, aggressive]) }, async ({ topology }) => {
      const taken: string[] = [];
      for (let i = 0; i < TRANSFORMS.length; i += 8) {
        const some = TRANSFORMS.slice(i, i + 8);
        const answers = await Promise.all(some.map((t, n) => isTaken(topology.west.host, conn, t, 10_000 + i + n)));
        taken.push(...some.filter((_, n) => answers[n]).map(({ title }) => title));
      }
      expect(taken.sort()).toEqual(CONFIGURED.get(conn));
    });
  });
