/**
 * A test bed: two hosts, an implementation on each, a capture on the wire. `withBed` makes it, runs the scenario
 * and takes everything down again; when the scenario fails, the ends' last words are part of the error.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Capture, capture } from '../support/capture.ts';
import { configure } from '../support/netns.ts';
import type { WirePacket } from '../support/pcap.ts';
import { type PingOptions, ping } from '../support/ping.ts';
import { eventually } from '../support/process.ts';
import { natted, pair, sides, type Topology } from '../support/topology.ts';
import type { Peer, StartPeer } from './peer.ts';
import type { End, Tunnel } from './tunnel.ts';

export interface Bed {
  readonly west: Peer;
  readonly east: Peer;
  readonly topology: Topology;
  /** Ends the capture: what was on the wire, in order. */
  readonly seen: () => Promise<readonly WirePacket[]>;
  /** Pings between the subnets: how many of `times` (5) were answered. */
  readonly ping: (options?: BedPings) => Promise<number>;
}

export interface BedPings extends PingOptions {
  readonly from?: 'west' | 'east';
}

export interface Scenario {
  readonly west: StartPeer;
  readonly east: StartPeer;
  readonly tunnel: Tunnel;
  /** What one end has otherwise. */
  readonly onlyAt?: { readonly west?: Partial<Tunnel>; readonly east?: Partial<Tunnel> };
  /** West behind a masquerading router; east does not know its address. */
  readonly isNatted?: boolean;
}

export async function withBed(scenario: Scenario, story: (bed: Bed) => Promise<void>): Promise<void> {
  const bed = await openBed(scenario);
  try {
    await story(bed);
    for (const peer of [bed.east, bed.west]) await peer.stop();
  } catch (error) {
    throw await bed.told(error);
  } finally {
    await bed.close();
  }
}

/** A bed for several tests. */
export interface OpenBed extends Bed {
  /** The error with both ends' last words. */
  readonly told: (error: unknown) => Promise<Error>;
  readonly close: () => Promise<void>;
}

export async function openBed(scenario: Scenario): Promise<OpenBed> {
  const directory = await mkdtemp(join(tmpdir(), 'pluto-interop-'));
  const topology = await (scenario.isNatted ? natted() : pair());
  const peers: Peer[] = [];
  let recording: Capture | undefined;
  const told = async (error: unknown): Promise<Error> => {
    const logs = await Promise.all(peers.map(async (peer) => `\n--- ${peer.name}\n${lastLines(await peer.log())}`));
    return new Error(`${error instanceof Error ? error.message : String(error)}${logs.join('')}`, { cause: error });
  };
  const close = async (): Promise<void> => {
    for (const peer of peers) await peer.kill();
    await recording?.stop().catch(() => undefined);
    await topology.network.close();
    if (process.env.PLUTO_KEEP === undefined) await rm(directory, { recursive: true, force: true });
    else process.stderr.write(`kept ${directory}\n`);
  };
  try {
    const addresses = (scenario.tunnel.v1?.conns ?? []).flatMap(({ west }) => (west === undefined ? [] : [west]));
    await configure(
      topology.west.host,
      [...new Set(addresses)].map((address) => `addr add ${address}/24 dev eth0`),
    );
    recording = await capture(topology.wire, directory);
    const start = async (side: 'west' | 'east'): Promise<Peer> => {
      await mkdir(join(directory, side));
      const peer = side === 'west' ? 'east' : 'west';
      const started = await scenario[side]({
        side,
        host: topology[side].host,
        directory: join(directory, side),
        tunnel: { ...scenario.tunnel, ...scenario.onlyAt?.[side] },
        ends: {
          me: end(side, topology[side].address, scenario.tunnel),
          peer: end(peer, topology[peer].seenAs, scenario.tunnel),
        },
      });
      peers.push(started);
      return started;
    };
    const east = await start('east');
    const west = await start('west');
    return {
      west,
      east,
      topology,
      seen: recording.stop,
      ping: (options) => pings(topology, scenario.tunnel, options),
      told,
      close,
    };
  } catch (error) {
    const words = await told(error);
    await close();
    throw words;
  }
}

/** Both ends have told their kernels the same two SAs: one each way, same SPIs, same keys. */
export async function expectSameSas({ west, east }: Bed): Promise<void> {
  const sorted = async (peer: Peer): Promise<string[]> =>
    (await peer.installed()).map((sa) => `${sa.spi} ${sa.keys}`).sort();
  // The responder may install a moment after the initiator says it is up.
  await eventually('both ends have two SAs', async () => {
    const [w, e] = [await west.installed(), await east.installed()];
    return w.length === 2 && e.length === 2 && w.every((sa) => e.some(({ spi }) => spi === sa.spi));
  }).catch(() => undefined);
  expect(await sorted(east)).toEqual(await sorted(west));
  expect(await sorted(west)).toHaveLength(2);
}

function end(name: 'west' | 'east', address: string, { family, isLong, proofs, seconds, ids }: Tunnel): End {
  const side = sides[name];
  return {
    id: ids?.[name] ?? (isLong ? `${name}.${'long'.repeat(40)}.test` : `${name}.test`),
    address: family === 6 ? side.address6 : address,
    subnet: family === 6 ? side.subnet6 : side.subnet,
    proof: proofs?.[name] ?? { by: 'secret' },
    second: seconds?.[name],
  };
}

async function pings(topology: Topology, { family }: Tunnel, options: BedPings = {}): Promise<number> {
  const from = options.from ?? 'west';
  const [here, there] = [topology[from], topology[from === 'west' ? 'east' : 'west']];
  const [source, target] = family === 6 ? [here.inner6, there.inner6] : [here.inner, there.inner];
  return (await ping(here.host, source, target, options)).answered;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-25).join('\n');
}
