/** Our daemon as a gateway of road warriors. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shim } from '../../interop/peers/prefix.ts';
import { startDaemon } from '../../support/daemon.ts';
import { GATEWAY_ID, type Profile, SECRET } from '../crowd/profiles.ts';
import { type Daemon, GATEWAY, type Place, PROTECTED } from './place.ts';

/** Without a log, which would cost all of them the same, and without memory of its own. */
export const SHIM: Readonly<Record<string, string>> = { LD_PRELOAD: shim, XFRM_SHIM_STATELESS: '1' };

export async function startOurs({ host, directory, profile, pki, tuning }: Place): Promise<Daemon> {
  const [config, secrets, ipsecdir] = ['ipsec.conf', 'ipsec.secrets', 'ipsec.d'].map((name) => join(directory, name));
  const { plane = 'shim', setup = [], conn = [], also = '', env = {}, nhelpers } = tuning;
  for (const folder of ['certs', 'cacerts', 'private', 'crls', 'ocspcerts'])
    await mkdir(join(ipsecdir, folder), { recursive: true });
  if (pki !== undefined) {
    await copyFile(join(pki, 'root.pem'), join(ipsecdir, 'cacerts/root.pem'));
    await copyFile(join(pki, 'gw.pem'), join(ipsecdir, 'certs/gw.pem'));
    await copyFile(join(pki, 'gw.key'), join(ipsecdir, 'private/gw.pem'));
  }
  const settings = [...setup, ...(nhelpers === undefined ? [] : [`nhelpers=${nhelpers}`])];
  await writeFile(
    config,
    roadConf(profile, settings, [
      ...(profile.v1 ? ['keyexchange=ikev1'] : []),
      ...(plane === 'shim' ? ['leftupdown=%disabled'] : []),
      ...conn,
    ]) + also,
  );
  await writeFile(secrets, `: PSK "${SECRET}"\n`, { mode: 0o600 });
  return startDaemon({
    host,
    directory,
    config,
    secrets,
    options: [plane === 'shim' ? '--use-xfrm' : '--noklips', '--ipsecdir', ipsecdir],
    env: { ...(plane === 'shim' ? SHIM : {}), ...env },
  });
}

/** The same conn for libreswan and for us. */
export function roadConf(profile: Profile, setup: readonly string[], more: readonly string[]): string {
  const proof =
    profile.auth === 'psk'
      ? ['authby=secret']
      : [
          `authby=${profile.auth === 'rsa' ? 'rsa-sha2_256' : 'ecdsa-sha2_256'}`,
          'leftcert=gw',
          'leftsendcert=always',
          'rightca=%same',
        ];
  return [
    'config setup',
    ...[...(profile.v1 ? ['ikev1-policy=accept'] : []), ...setup].map((line) => `\t${line}`),
    '',
    'conn road',
    ...[
      `left=${GATEWAY}`,
      `leftid=@${GATEWAY_ID}`,
      `leftsubnet=${PROTECTED}`,
      'right=%any',
      ...(profile.v1 === 'aggressive' || more.some((line) => line.startsWith('rightid=')) ? [] : ['rightid=%any']),
      ...proof,
      `ike=${profile.conn.ike}`,
      `esp=${profile.conn.esp}`,
      'pfs=no',
      'rekey=no',
      'ikelifetime=8h',
      'salifetime=8h',
      ...(profile.v1 === 'aggressive' ? ['aggressive=yes'] : []),
      ...more,
      'auto=add',
    ].map((line) => `\t${line}`),
    '',
  ].join('\n');
}
