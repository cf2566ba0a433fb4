/** strongSwan's charon, driven by swanctl over vici. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type Finished, run } from '../../support/process.ts';
import type { Peer, Place } from '../peer.ts';
import { swanctlConf } from '../tunnel.ts';
import { athome, shimLog, startAtHome, underShim } from './launch.ts';
import { file } from './prefix.ts';
import { installedSas } from './shim-log.ts';

/**
 * `shim`: installs its SAs into the shim, which logs the keys and moves no data. `libipsec`: carries ESP itself
 * over a TUN device, always in UDP on port 4500.
 */
export type Plane = 'shim' | 'libipsec';

const plugins =
  'random nonce pem pkcs1 openssl aes gcm sha1 sha2 hmac kdf drbg curve25519 chapoly gmp socket-default vici updown';

export async function startStrongSwan(plane: Plane, { host, directory, tunnel, ends }: Place): Promise<Peer> {
  const vici = join(directory, 'vici');
  const log = join(directory, 'charon.log');
  const settings = join(directory, 'strongswan.conf');
  await mkdir(join(directory, 'swanctl'), { recursive: true });
  await writeFile(join(directory, 'swanctl/swanctl.conf'), swanctlConf(tunnel, ends));
  await writeFile(settings, strongSwanConf(plane, log, vici, tunnel));
  const env = { STRONGSWAN_CONF: settings, ...(plane === 'shim' ? underShim(directory) : {}) };
  const charon = startAtHome('strongswan', host, directory, ['/usr/lib/ipsec/charon'], env);

  const swanctl = (...args: string[]): Promise<Finished> =>
    run(
      athome('strongswan', [file('strongswan', '/usr/sbin/swanctl'), ...args, '--uri', `unix://${vici}`], {
        STRONGSWAN_CONF: settings,
        SWANCTL_DIR: join(directory, 'swanctl'),
      }),
    );
  const ask = async (...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await swanctl(...args);
    if (status !== 0) throw new Error(`swanctl ${args.join(' ')}: status ${status}\n${stdout}${stderr}`);
  };
  await eventually(`charon's socket (${charon.output()})`, () => existsSync(vici) || !charon.alive());
  await ask('--load-all', '--noprompt');

  return {
    name: 'strongSwan',
    up: () => ask('--initiate', '--child', 'net', '--timeout', '15'),
    isUp: async () => {
      const { stdout } = await swanctl('--list-sas');
      return /\bESTABLISHED\b/.test(stdout) && /\bINSTALLED\b/.test(stdout);
    },
    rekeyChild: () => ask('--rekey', '--child', 'net'),
    rekeyIke: () => ask('--rekey', '--ike', 'net'),
    deleteChild: () => ask('--terminate', '--child', 'net', '--timeout', '10'),
    deleteIke: () => ask('--terminate', '--ike', 'net', '--timeout', '10'),
    installed: () => installedSas(shimLog(directory)),
    log: () => (existsSync(log) ? readFile(log, 'utf8') : Promise.resolve(charon.output())),
    stop: async () => void (await charon.stop('SIGTERM')),
    kill: async () => void (await charon.stop('SIGKILL')),
  };
}

function strongSwanConf(
  plane: Plane,
  log: string,
  vici: string,
  { demandsCookies, fragmentAt }: Place['tunnel'],
): string {
  return `charon {
  load = ${plugins} ${plane === 'libipsec' ? 'kernel-libipsec kernel-netlink' : 'kernel-netlink'}
  install_routes = ${plane === 'libipsec' ? 'yes' : 'no'}
  install_virtual_ip = no
  retransmit_tries = 4
  retransmit_timeout = 1
  cookie_threshold = ${demandsCookies ? 1 : 30}
  dos_protection = yes
  ${demandsCookies ? 'cookie_threshold_ip = 0' : ''}
  ${fragmentAt === undefined ? '' : `fragment_size = ${fragmentAt}`}
  filelog { file { path = ${log}
    default = 1
    ike = 2
    flush_line = yes } }
  syslog { daemon { default = -1 } }
  plugins { vici { socket = unix://${vici} } }
}
`;
}
