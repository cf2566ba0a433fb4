/** Debian's libreswan as a gateway of road warriors, under the shim. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { athome } from '../../interop/peers/launch.ts';
import { file, libraryPath } from '../../interop/peers/prefix.ts';
import { eventually, must, type RunOptions, run } from '../../support/process.ts';
import { SECRET } from '../crowd/profiles.ts';
import { roadConf, SHIM } from './ours.ts';
import type { Daemon, Place } from './place.ts';

export async function startLibreswan({ host, directory, profile, pki }: Place): Promise<Daemon> {
  const at = (name: string): string => join(directory, name);
  await mkdir(at('nss'), { recursive: true });
  await mkdir(at('ipsec.d/policies'), { recursive: true });
  // No kernel SA exists, so its updown script could only fail. Nobody is asked for a cookie, as is our own default.
  const setup = ['ddos-mode=unlimited', 'max-halfopen-ike=50000'];
  const more = [
    'leftupdown=%disabled',
    ...(profile.v1 ? ['ikev2=never'] : ['ikev2=insist', 'mobike=no']),
    ...(pki ? ['rightrsasigkey=%cert', 'rightid=%fromcert'] : []),
  ];
  await writeFile(at('ipsec.conf'), roadConf(profile, setup, more));
  await writeFile(at('ipsec.secrets'), `: PSK "${SECRET}"\n`, { mode: 0o600 });
  const library: RunOptions = { env: { LD_LIBRARY_PATH: libraryPath } };
  const nss = ['-d', `sql:${at('nss')}`];
  await must([file('libreswan', '/usr/bin/certutil'), '-N', ...nss, '--empty-password'], library);
  if (pki !== undefined) await fillNss(pki, at('gw.p12'), nss, library);
  const command = ['/usr/libexec/ipsec/pluto', '--nofork', '--no-dnssec', '--logfile', at('pluto.log')];
  const paths = { config: 'ipsec.conf', secretsfile: 'ipsec.secrets', rundir: '', nssdir: 'nss', ipsecdir: 'ipsec.d' };
  for (const [option, name] of Object.entries(paths)) command.push(`--${option}`, at(name));
  const pluto = host.start(athome('libreswan', command, SHIM), { copy: at('out') });
  const whack = (...args: string[]) =>
    run([file('libreswan', '/usr/libexec/ipsec/whack'), '--rundir', directory, ...args], library);
  await eventually('libreswan listens', async () => !pluto.alive() || (await whack('--listen')).status === 0);
  const addconn = [file('libreswan', '/usr/libexec/ipsec/addconn'), '--ctlsocket', at('pluto.ctl')];
  await eventually(`libreswan loads its conn (${pluto.output()})`, async () => {
    if (/loaded [1-9]/.test((await whack('--status')).stdout)) return true;
    await run([...addconn, '--config', at('ipsec.conf'), '--autoall'], library);
    return false;
  });
  return {
    pid: pluto.pid,
    log: () => (existsSync(at('pluto.log')) ? readFile(at('pluto.log'), 'utf8') : Promise.resolve(pluto.output())),
    stop: () => pluto.stop('SIGKILL'),
  };
}

async function fillNss(pki: string, p12: string, nss: readonly string[], library: RunOptions): Promise<void> {
  // What NSS 3.87 reads.
  const old = ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];
  const into = ['-name', 'gw', '-passout', 'pass:', ...old, '-out', p12];
  await must(['openssl', 'pkcs12', '-export', '-inkey', join(pki, 'gw.key'), '-in', join(pki, 'gw.pem'), ...into]);
  const root = ['-A', '-n', 'root', '-t', 'CT,,', '-i', join(pki, 'root.pem')];
  await must([file('libreswan', '/usr/bin/certutil'), ...root, ...nss], library);
  await must([file('libreswan', '/usr/bin/pk12util'), '-i', p12, ...nss, '-W', ''], library);
}
