/** libreswan's pluto under the shim, driven by its whack. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, type Finished, must, type RunOptions, run } from '../../support/process.ts';
import type { Peer, Place } from '../peer.ts';
import { pki } from '../pki.ts';
import { isSigned, type Proof, type ProofPair } from '../proof.ts';
import { ipsecConf, ipsecSecrets } from '../tunnel.ts';
import { agreedInLog } from '../v1/agreed.ts';
import { proofPairs } from '../v1/conn.ts';
import { v1Conf, v1Secrets, writePasswords } from '../v1/ipsec-conf.ts';
import { shimLog, startAtHome, underShim } from './launch.ts';
import { file, libraryPath } from './prefix.ts';
import { installedSas } from './shim-log.ts';

interface Files {
  readonly conf: string;
  readonly secrets: string;
  readonly proofs: readonly ProofPair[];
}

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

/** No kernel SA exists, so the stock updown script could only fail. */
const SILENT = 'leftupdown=%disabled';

/** Its files, and how the ends of all its conns prove themselves. */
async function filesFor({ directory, side, tunnel, ends }: Place): Promise<Files> {
  if (tunnel.v1) {
    await writePasswords(tunnel.v1, join(directory, 'ipsec.d/passwd'));
    return {
      conf: await v1Conf(tunnel.v1, { side, ends }, 'libreswan', [SILENT, 'sendca=all'], tunnel.setup),
      secrets: v1Secrets(tunnel.v1, side),
      proofs: proofPairs(tunnel.v1, side),
    };
  }
  // 4.10 does IKEv1 by default no more.
  const more = [SILENT, 'ikev2=insist', 'mobike=no', 'dpdaction=clear', 'sendca=all', ...(tunnel.libreswan ?? [])];
  return {
    conf: await ipsecConf({ ...tunnel, setup: [] }, ends, more),
    secrets: ipsecSecrets(ends, tunnel),
    proofs: [{ me: ends.me.proof, peer: ends.peer.proof }],
  };
}

export async function startLibreswan(place: Place): Promise<Peer> {
  const { host, directory, tunnel } = place;
  const at = (name: string): string => join(directory, name);
  await mkdir(at('nss'), { recursive: true });
  await mkdir(at('ipsec.d/policies'), { recursive: true });
  const { conf, secrets, proofs } = await filesFor(place);
  await writeFile(at('ipsec.conf'), conf);
  await writeFile(at('ipsec.secrets'), secrets);
  const library = { env: { LD_LIBRARY_PATH: libraryPath } };
  await must([file('libreswan', '/usr/bin/certutil'), '-N', '-d', `sql:${at('nss')}`, '--empty-password'], library);
  for (const { me, peer } of proofs) await fillNss(at('nss'), me, peer, library);
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
  /** Serial numbers of the conn's states that a line of `--showstates` matching `pattern` names. */
  const states = async (conn: string, pattern: RegExp): Promise<string[]> =>
    (await whack('--showstates')).stdout
      .split('\n')
      .filter((line) => line.includes(`"${conn}"`) && pattern.test(line))
      .flatMap((line) => /#(\d+)/.exec(line)?.slice(1) ?? []);
  const log = (): Promise<string> =>
    existsSync(at('pluto.log')) ? readFile(at('pluto.log'), 'utf8') : Promise.resolve(pluto.output());
  const isLoaded = async (): Promise<boolean> =>
    !pluto.alive() || /Total IPsec connections: loaded [1-9]/.test((await whack('--status')).stdout);
  // It has its conns loaded by addconn, in an empty environment: where its libraries are private that cannot start.
  await eventually('libreswan answers', async () => !pluto.alive() || (await whack('--status')).status === 0);
  const addconn = [file('libreswan', '/usr/libexec/ipsec/addconn'), '--ctlsocket', at('pluto.ctl')];
  if (!(await isLoaded())) await run([...addconn, '--config', at('ipsec.conf'), '--autoall'], library);
  await eventually(`libreswan loads its conn (${pluto.output()})`, isLoaded);

  return {
    name: 'libreswan',
    up: (conn = 'net') => ask('--initiate', '--name', conn),
    isUp: async (conn = 'net') => (await whack('--trafficstatus')).stdout.includes(`"${conn}"`),
    // With IKEv1 neither option does anything: told to initiate what is up, it makes a new child; an ISAKMP SA goes by time.
    rekeyChild: (conn = 'net') => ask(tunnel.v1 ? '--initiate' : '--rekey-ipsec', '--name', conn),
    rekeyIke: async (conn = 'net') => (tunnel.v1 ? undefined : ask('--rekey-ike', '--name', conn)),
    deleteChild: async (conn = 'net') => {
      const child = tunnel.v1 ? /STATE_QUICK_[IR]2/ : /ESTABLISHED_CHILD_SA/;
      for (const serial of await states(conn, child)) await ask('--deletestate', serial);
    },
    deleteIke: (conn = 'net') => ask('--terminate', '--name', conn),
    agreed: async (conn) => agreedInLog(await log(), conn),
    installed: () => installedSas(shimLog(directory)),
    log,
    stop: async () => void (await pluto.stop('SIGTERM')),
    kill: async () => void (await pluto.stop('SIGKILL')),
  };
}
