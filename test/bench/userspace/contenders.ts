/** Who carries the traffic in the bench: each sets up a tunnel between the inner subnets of a pair of hosts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version } from '../../interop/peers/prefix.ts';
import { startStrongSwan } from '../../interop/peers/strongswan.ts';
import { ends, startEnd } from '../../kernel-live/userspace-process.ts';
import { commandExists } from '../../support/machine.ts';
import { configure } from '../../support/netns.ts';
import { eventually } from '../../support/process.ts';
import type { Side, Topology } from '../../support/topology.ts';

export interface Contender {
  readonly name: string;
  /** Why it cannot run here; undefined if it can. */
  readonly lacks: () => string | undefined;
  /** Resolves, to what ends it again, when packets pass. */
  readonly start: (topology: Topology, directory: string) => Promise<() => Promise<void>>;
}

export const pluto: Contender = {
  name: 'pluto userspace, AES-GCM-128, ESP in UDP',
  lacks: () => undefined,
  start: async ({ west, east }) => {
    const { west: w, east: e } = ends(west, east);
    const running = await Promise.all([startEnd(west.host, w), startEnd(east.host, e)]);
    return async () => {
      for (const end of running) await end.stop();
    };
  },
};

export const libipsec: Contender = {
  name: 'strongSwan libipsec, AES-GCM-128, ESP in UDP',
  lacks: () => (version('strongswan') === undefined ? 'strongSwan is not unpacked: sh scripts/setup test' : undefined),
  start: async (topology, directory) => {
    const { west, east } = topology;
    const tunnel = { encryption: 'aes_gcm128', groups: ['dh31'], encapsulates: true } as const;
    const proof = { by: 'secret' } as const;
    const end = (id: string, { address, subnet }: Side) => ({ id, address, subnet, proof });
    const [w, e] = [end('west.test', west), end('east.test', east)];
    const place = (side: 'west' | 'east', me: typeof w, peer: typeof w) =>
      startStrongSwan('libipsec', {
        side,
        host: topology[side].host,
        directory: join(directory, side),
        tunnel,
        ends: { me, peer },
      });
    const responder = await place('east', e, w);
    const initiator = await place('west', w, e);
    await initiator.up();
    await pings(topology);
    return async () => {
      await initiator.stop();
      await responder.stop();
    };
  },
};

export const wireguard: Contender = {
  name: 'wireguard-go, ChaCha20-Poly1305',
  lacks: () => {
    const missing = ['wireguard-go', 'wg'].filter((name) => !commandExists(name));
    return missing.length > 0
      ? `not installed: ${missing.join(', ')} (apt-get install wireguard-go wireguard-tools)`
      : undefined;
  },
  start: async (topology, directory) => {
    const { west, east } = topology;
    const { host } = west;
    const keys = await Promise.all([host.must(['wg', 'genkey']), host.must(['wg', 'genkey'])]);
    const publicKeys = await Promise.all(keys.map((key) => host.must(['wg', 'pubkey'], { input: key })));
    const end = async (me: Side, peer: Side, key: string, peerKey: string) => {
      // Control sockets lie in one folder for all namespaces, by the device's name.
      const device = `wg${process.pid % 1e6}${me === west ? 'w' : 'e'}`;
      const running = me.host.start(['wireguard-go', '--foreground', device], {
        env: { WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD: '1', WG_PROCESS_FOREGROUND: '1' },
      });
      const keyFile = join(directory, `${device}.key`);
      await writeFile(keyFile, key, { mode: 0o600 });
      const settings = [
        ['listen-port', '51820', 'private-key', keyFile],
        ['peer', peerKey.trim(), 'allowed-ips', peer.subnet, 'endpoint', `${peer.address}:51820`],
      ].flat();
      await eventually(`wireguard-go's ${device} (${running.output()})`, async () => {
        const { status } = await me.host.run(['wg', 'show', device]);
        return status === 0;
      });
      await me.host.must(['wg', 'set', device, ...settings]);
      await configure(me.host, [`link set ${device} up`, `route add ${peer.subnet} dev ${device} src ${me.inner}`]);
      return running;
    };
    const running = [await end(west, east, keys[0], publicKeys[1]), await end(east, west, keys[1], publicKeys[0])];
    await pings(topology);
    return async () => {
      for (const one of running) await one.stop();
    };
  },
};

async function pings({ west, east }: Topology): Promise<void> {
  await eventually('a ping passes', async () => {
    const { status } = await west.host.run(['ping', '-q', '-c', '1', '-W', '1', '-I', west.inner, east.inner]);
    return status === 0;
  });
}
