/** libreswan's pluto under the shim, driven by its whack. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type Finished, must, type RunOptions, run } from '../../support/process.ts';
import type { Peer, Place } from '../peer.ts';
import { pki } from '../pki.ts';
import { isSigned, type Proof } from '../proof.ts';
import { ipsecConf, ipsecSecrets } from '../tunnel.ts';
import { shimLog, startAtHome, underShim } from './launch.ts';
import { file, libraryPath } from './prefix.ts';
import { installedSas } from './shim-log.ts';

/** The root, trusted; our key and certificate with its issuers, under its own name. */
async function fillNss(nss: string, me: Proof, peer: Proof, library: RunOptions): Promise<void> {
  if (![me, peer].some(isSigned)) return;
  const made = await pki();
  const at = ['-d', `sql:${nss}`];
  const root = ['-A', '-n', 'root', '-t', 'CT,,', '-i', made.certificate('root')];
  await must([file('libreswan', '/usr/bin/certutil'), ...root, ...at], library);
  if (!isSigned(me)) return;
  await must([file('libreswan', '/usr/bin/pk12util'), '-i', made.file(`${me.name}.p12`), ...at, '-W', ''], library);
}

export async function startLibreswan({ host, directory, tunnel, ends }: Place): Promise<Peer> {
  const at = (name: string): string => join(directory, name);
  await mkdir(at('nss'), { recursive: true });
  await mkdir(at('ipsec.d/policies'), { recursive: true });
  // No kernel SA exists, so the stock updown script could only fail; 4.10 does IKEv1 by default no more.
  await writeFile(
    at('ipsec.conf'),
    await ipsecConf({ ...tunnel, setup: [] }, ends, [
      'leftupdown=%disabled',
      'ikev2=insist',
      'mobike=no',
      'dpdaction=clear',
      'sendca=all',
      ...(tunnel.libreswan ?? []),
    ]),
  );
  await writeFile(at('ipsec.secrets'), ipsecSecrets(ends, tunnel));
  const library = { env: { LD_LIBRARY_PATH: libraryPath } };
  await must([file('libreswan', '/usr/bin/certutil'), '-N', '-d', `sql:${at('nss')}`, '--empty-password'], library);
  await fillNss(at('nss'), ends.me.proof, ends.peer.proof, library);
  const command = ['/usr/libexec/ipsec/pluto', '--nofork', '--no-dnssec', '--logfile', at('pluto.log')];
  const paths = { config: 'ipsec.conf', secretsfile: 'ipsec.secrets', rundir: '', nssdir: 'nss', ipsecdir: 'ipsec.d' };
  for (const [option, name] of Object.entries(paths)) command.push(`--${option}`, at(name));
  const pluto = startAtHome('libreswan', host, directory, command, underShim(directory, tunnel.clockAhead));

  // whack stays as long as pluto tries again: 15 s are enough for one attempt.
  const whack = (...args: string[]): Promise<Finished> =>
    run([file('libreswan', '/usr/libexec/ipsec/whack'), '--rundir', directory, ...args], {
      ...library,
      within: 15_000,
    });
  const ask = async (...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await whack(...args);
    if (status !== 0) throw new Error(`whack ${args.join(' ')}: status ${status}\n${stdout}${stderr}`);
  };
  /** Serial numbers of the states that a line of `--showstates` matching `pattern` names. */
  const states = async (pattern: RegExp): Promise<string[]> =>
    (await whack('--showstates')).stdout
      .split('\n')
      .flatMap((line) => (pattern.test(line) ? (/#(\d+)/.exec(line)?.slice(1) ?? []) : []));
  const isLoaded = async (): Promise<boolean> =>
    !pluto.alive() || /Total IPsec connections: loaded [1-9]/.test((await whack('--status')).stdout);
  // It has its conns loaded by addconn, in an empty environment: where its libraries are private that cannot start.
  await eventually('libreswan answers', async () => !pluto.alive() || (await whack('--status')).status === 0);
  const addconn = [file('libreswan', '/usr/libexec/ipsec/addconn'), '--ctlsocket', at('pluto.ctl')];
  if (!(await isLoaded())) await run([...addconn, '--config', at('ipsec.conf'), '--autoall'], library);
  await eventually(`libreswan loads its conn (${pluto.output()})`, isLoaded);

  return {
    name: 'libreswan',
    up: () => ask('--initiate', '--name', 'net'),
    isUp: async () => (await whack('--trafficstatus')).stdout.includes('"net"'),
    rekeyChild: () => ask('--rekey-ipsec', '--name', 'net'),
    rekeyIke: () => ask('--rekey-ike', '--name', 'net'),
    deleteChild: async () => {
      for (const serial of await states(/ESTABLISHED_CHILD_SA/)) await ask('--deletestate', serial);
    },
    deleteIke: () => ask('--terminate', '--name', 'net'),
    installed: () => installedSas(shimLog(directory)),
    log: () => (existsSync(at('pluto.log')) ? readFile(at('pluto.log'), 'utf8') : Promise.resolve(pluto.output())),
    stop: async () => void (await pluto.stop('SIGTERM')),
    kill: async () => void (await pluto.stop('SIGKILL')),
  };
}
