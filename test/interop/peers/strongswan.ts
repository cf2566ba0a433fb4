/** strongSwan's charon, driven by swanctl over vici. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type Finished, run } from '../../support/process.ts';
import type { Peer, Place } from '../peer.ts';
import { swanctlConf } from '../tunnel.ts';
import { agreedBySwanctl } from '../v1/agreed.ts';
import { v1Swanctl } from '../v1/swanctl-conf.ts';
import { athome, shimLog, startAtHome, underShim } from './launch.ts';
import { file } from './prefix.ts';
import { installedSas } from './shim-log.ts';

/**
 * `shim`: installs its SAs into the shim, which logs the keys and moves no data. `libipsec`: carries ESP itself
 * over a TUN device, always in UDP on port 4500.
 */
export type Plane = 'shim' | 'libipsec';

const plugins =
  'eap-identity eap-md5 eap-mschapv2 eap-tls eap-ttls md5 random nonce pem pkcs1 pkcs8 pubkey x509 constraints revocation openssl aes gcm sha1 sha2 hmac kdf drbg curve25519 chapoly gmp socket-default xauth-generic vici updown';

export async function startStrongSwan(plane: Plane, { host, directory, side, tunnel, ends }: Place): Promise<Peer> {
  const vici = join(directory, 'vici');
  const log = join(directory, 'charon.log');
  const settings = join(directory, 'strongswan.conf');
  await mkdir(join(directory, 'swanctl'), { recursive: true });
  const folder = join(directory, 'swanctl');
  const conf = tunnel.v1 ? v1Swanctl(tunnel.v1, { side, ends }, folder) : swanctlConf(tunnel, ends, folder);
  await writeFile(join(folder, 'swanctl.conf'), await conf);
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
    up: (conn = 'net') => ask('--initiate', '--child', conn, '--timeout', '15'),
    isUp: async (conn = 'net') => {
      const { stdout } = await swanctl('--list-sas', '--ike', conn);
      return /\bESTABLISHED\b/.test(stdout) && /\bINSTALLED\b/.test(stdout);
    },
    rekeyChild: (conn = 'net') => ask('--rekey', '--child', conn),
    rekeyIke: (conn = 'net') => ask('--rekey', '--ike', conn),
    deleteChild: (conn = 'net') => ask('--terminate', '--child', conn, '--timeout', '10'),
    deleteIke: (conn = 'net') => ask('--terminate', '--ike', conn, '--timeout', '10'),
    agreed: async (conn) => agreedBySwanctl((await swanctl('--list-sas', '--ike', conn)).stdout),
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

function strongSwanConf(
  plane: Plane,
  log: string,
  vici: string,
  { demandsCookies, charon, v1 }: Place['tunnel'],
): string {
  return `charon {
  load = ${plugins} ${plane === 'libipsec' ? 'kernel-libipsec kernel-netlink' : 'kernel-netlink'}
  install_routes = ${plane === 'libipsec' ? 'yes' : 'no'}
  install_virtual_ip = no
  retransmit_tries = 4
  retransmit_timeout = 1
  retransmit_base = 1
  delete_rekeyed_delay = 1
  ${demandsCookies ? 'cookie_threshold = 1' : ''}
  ${v1 ? 'i_dont_care_about_security_and_use_aggressive_mode_psk = yes' : ''}
  ${charon ?? ''}
  filelog { file { path = ${log}
    time_format = %b %e %T
    time_add_ms = yes
    default = 1
    ike = 2
    flush_line = yes } }
  syslog { daemon { default = -1 } }
  plugins { vici { socket = unix://${vici} } }
}
`;
}
