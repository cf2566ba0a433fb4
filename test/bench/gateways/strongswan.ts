/** Debian's strongSwan as a gateway of road warriors, under the shim, with the tables that its manual advises for many. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { athome } from '../../interop/peers/launch.ts';
import { file } from '../../interop/peers/prefix.ts';
import { eventually, run } from '../../support/process.ts';
import { GATEWAY_ID, SECRET } from '../crowd/profiles.ts';
import { SHIM } from './ours.ts';
import { type Daemon, GATEWAY, type Place, PROTECTED } from './place.ts';

const PLUGINS =
  'random nonce pem pkcs1 pkcs8 pubkey x509 constraints openssl aes gcm sha1 sha2 hmac kdf drbg curve25519 gmp socket-default vici kernel-netlink';

export async function startStrongSwan({ host, directory, profile, pki }: Place): Promise<Daemon> {
  const at = (name: string): string => join(directory, name);
  for (const folder of ['x509', 'x509ca', 'private']) await mkdir(at(`swanctl/${folder}`), { recursive: true });
  if (pki !== undefined) {
    await copyFile(join(pki, 'root.pem'), at('swanctl/x509ca/root.pem'));
    await copyFile(join(pki, 'gw.pem'), at('swanctl/x509/gw.pem'));
    await copyFile(join(pki, 'gw.key'), at('swanctl/private/gw.pem'));
  }
  const auth = profile.auth === 'psk' ? 'psk' : 'pubkey';
  await writeFile(
    at('swanctl/swanctl.conf'),
    `connections {
  road {
    version = ${profile.v1 ? 1 : 2}
    aggressive = ${profile.v1 === 'aggressive' ? 'yes' : 'no'}
    local_addrs = ${GATEWAY}
    remote_addrs = %any
    proposals = ${profile.swanctl.ike}
    mobike = no
    rekey_time = 0
    local { auth = ${auth}
      ${pki ? 'certs = gw.pem' : ''}
      id = ${GATEWAY_ID} }
    remote { auth = ${auth}
      id = %any }
    children { road {
      local_ts = ${PROTECTED}
      remote_ts = dynamic
      rekey_time = 0
      esp_proposals = ${profile.swanctl.esp} } }
  }
}
secrets { ike { secret = "${SECRET}" } }
`,
  );
  await writeFile(
    at('strongswan.conf'),
    `charon {
  load = ${PLUGINS}
  install_routes = no
  install_virtual_ip = no
  ikesa_table_size = 16384
  ikesa_table_segments = 16
  cookie_threshold = 0
  block_threshold = 0
  half_open_timeout = 60
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  filelog { file { path = ${at('charon.log')}
    default = 1 } }
  syslog { daemon { default = -1 } }
  plugins { vici { socket = unix://${at('vici')} } }
}
`,
  );
  const env = { STRONGSWAN_CONF: at('strongswan.conf'), ...SHIM };
  const charon = host.start(athome('strongswan', ['/usr/lib/ipsec/charon'], env), { copy: at('out') });
  const swanctl = (...args: string[]) =>
    run(
      athome('strongswan', [file('strongswan', '/usr/sbin/swanctl'), ...args, '--uri', `unix://${at('vici')}`], {
        STRONGSWAN_CONF: at('strongswan.conf'),
        SWANCTL_DIR: at('swanctl'),
      }),
    );
  await eventually('charon has its socket', () => existsSync(at('vici')) || !charon.alive());
  const { status, stdout, stderr } = await swanctl('--load-all', '--noprompt');
  if (status !== 0) throw new Error(`charon loads nothing: ${charon.output()}${stdout}${stderr}`);
  return {
    pid: charon.pid,
    log: () => (existsSync(at('charon.log')) ? readFile(at('charon.log'), 'utf8') : Promise.resolve(charon.output())),
    stop: () => charon.stop('SIGKILL'),
  };
}
