/**
 * The gateways that the crowd calls on: a daemon in a network namespace of its own, a wire, and the crowd's namespace
 * at the other end of it, in which every address of the warriors is local.
 *
 *     gw 192.0.2.1/24 ───────────── 192.0.2.2/24 crowd (10.0.0.0/8 local)
 *     protects 192.168.0.0/24
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { configure, type Network } from '../../support/netns.ts';
import { type Generator, startGenerator } from '../crowd/generator.ts';
import { WARRIORS, writePki } from '../crowd/identity.ts';
import { PROFILES, type ProfileName } from '../crowd/profiles.ts';
import { startLibreswan } from './libreswan.ts';
import { startOurs } from './ours.ts';
import { type Daemon, GATEWAY, type Implementation, type Place, PROTECTED, type Tuning } from './place.ts';
import { startStrongSwan } from './strongswan.ts';

const CROWD = '192.0.2.2';

export interface Gateway extends Daemon {
  readonly name: Implementation;
  readonly generator: Generator;
  /** One more, in the same place, that has its own processor time to spend; ends with the gateway. */
  readonly another: () => Promise<Generator>;
  readonly directory: string;
  readonly stop: () => Promise<void>;
}

export interface GatewayWish {
  readonly implementation: Implementation;
  readonly profile: ProfileName;
  readonly tuning?: Tuning;
}

const START: Readonly<Record<Implementation, (place: Place) => Promise<Daemon>>> = {
  pluto: startOurs,
  strongSwan: startStrongSwan,
  libreswan: startLibreswan,
};

let made = 0;

export async function startGateway(network: Network, root: string, wish: GatewayWish): Promise<Gateway> {
  const { implementation, profile: name, tuning = {} } = wish;
  const profile = PROFILES[name];
  const nth = made++;
  const directory = join(root, `${nth}-${implementation}-${name}`);
  await mkdir(directory, { recursive: true });
  const pki = profile.auth === 'psk' ? undefined : await pkiOf(root, profile.auth);
  const [host, crowd] = [await network.host(`g${nth}`), await network.host(`c${nth}`)];
  await network.wire(
    { host, device: 'eth0', addresses: [`${GATEWAY}/24`] },
    { host: crowd, device: 'eth0', addresses: [`${CROWD}/24`] },
  );
  await configure(host, [`route add ${WARRIORS} via ${CROWD}`, `addr add ${PROTECTED.replace('.0/', '.1/')} dev lo`]);
  await configure(crowd, [`route add local ${WARRIORS} dev lo`]);
  const daemon = await START[implementation]({ host, directory, profile, pki, tuning });
  const generators: Generator[] = [];
  const another = async () => {
    const started = await startGenerator(crowd, { profile: name, gateway: GATEWAY, subnet: PROTECTED, pki });
    generators.push(started);
    return started;
  };
  const generator = await another();
  return {
    ...daemon,
    name: implementation,
    generator,
    another,
    directory,
    stop: async () => {
      for (const each of generators) await each.stop();
      await daemon.stop();
    },
  };
}

const written = new Map<string, Promise<string>>();

/** One for all daemons of a run: the same crowd calls on each. */
function pkiOf(root: string, kind: 'rsa' | 'p256'): Promise<string> {
  const path = join(root, `pki-${kind}`);
  const known = written.get(path) ?? makePki(path, kind);
  written.set(path, known);
  return known;
}

async function makePki(path: string, kind: 'rsa' | 'p256'): Promise<string> {
  await mkdir(path, { recursive: true });
  writePki(path, kind);
  return path;
}
