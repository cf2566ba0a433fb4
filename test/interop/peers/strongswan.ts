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
  'eap-identity eap-md5 eap-mschapv2 eap-tls eap-ttls md5 random nonce pem pkcs1 pkcs8 pubkey x509 constraints revocation openssl aes gcm sha1 sha2 hmac kdf drbg curve25519 chapoly gmp socket-default vici updown';

export async function startStrongSwan(plane: Plane, { host, directory, tunnel, ends }: Place): Promise<Peer> {
  const vici = join(directory, 'vici');
  const log = join(directory, 'charon.log');
  const settings = join(directory, 'strongswan.conf');
  await mkdir(join(directory, 'swanctl'), { recursive: true });
  const folder = join(directory, 'swanctl');
  await writeFile(join(folder, 'swanctl.conf'), await swanctlConf(tunnel, ends, folder));
  await writeFile(settings, strongSwanConf(plane, log, vici, tunnel));
  const env = { STRONGSWAN_CONF: settings, ...(plane === 'shim' ? underShim(directory, tunnel.clockAhead) : {}) };
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
  if (tunnel.demandsCookies) await leaveHalfOpen(host);

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

/** One half-open SA, for charon's cookies begin with the second: an IKE_SA_INIT from this host that nobody follows up. */
async function leaveHalfOpen(host: Place['host']): Promise<void> {
  const send = `const [to, hex] = process.argv.slice(1), socket = require('node:dgram').createSocket('udp4');
    socket.once('message', () => process.exit()).send(Buffer.from(hex, 'hex'), 500, to)`;
  const { status } = await host.run([process.execPath, '-e', send, decoy, initRequest.replaceAll(' ', '')], {
    within: 5000,
  });
  if (status !== 0) throw new Error('charon has not answered the IKE_SA_INIT that was to stay half-open');
}
const decoy = '127.0.0.1';
/** RFC 7296 §1.2: header, SA (AES-GCM-256, HMAC-SHA2-256, Curve25519), KE, Ni. */
const initRequest = [
  `1111111111111111 0000000000000000 21 20 22 08 00000000 000000${(28 + 40 + 40 + 36).toString(16)}`,
  '22000028 00000024 01010003 0300000c 01000014 800e0100 03000008 02000005 00000008 0400001f',
  `28000028 001f0000 ${'09'.padEnd(64, '0')}`,
  `00000024 ${'42'.repeat(32)}`,
].join('');

function strongSwanConf(plane: Plane, log: string, vici: string, { demandsCookies, charon }: Place['tunnel']): string {
  return `charon {
  load = ${plugins} ${plane === 'libipsec' ? 'kernel-libipsec kernel-netlink' : 'kernel-netlink'}
  install_routes = ${plane === 'libipsec' ? 'yes' : 'no'}
  install_virtual_ip = no
  retransmit_tries = 4
  retransmit_timeout = 1
  retransmit_base = 1
  delete_rekeyed_delay = 1
  ${demandsCookies ? 'cookie_threshold = 1' : ''}
  ${charon ?? ''}
  filelog { file { path = ${log}
    default = 1
    ike = 2
    flush_line = yes } }
  syslog { daemon { default = -1 } }
  plugins { vici { socket = unix://${vici} } }
}
`;
}
