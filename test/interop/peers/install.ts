/**
 * Fills the peers' cache (prefix.ts): `node dist/test/interop/peers/install.js`. Quick when it is full. Needs
 * apt-get and a C compiler; root only to refresh apt's lists. Exit status 1, with the reason in `why`, when it
 * cannot: then the interop tests are skipped.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, run } from '../../support/process.ts';
import { cache, file, libraryPath, shim, type Unpacked, version, whyFile } from './prefix.ts';

const packages: Readonly<Record<Unpacked, readonly string[]>> = {
  strongswan: [
    'strongswan-libcharon',
    'strongswan-swanctl',
    'strongswan-charon',
    'libstrongswan',
    'libstrongswan-standard-plugins',
    'libstrongswan-extra-plugins',
    'libcharon-extra-plugins',
    'libcharon-extauth-plugins',
  ],
  libreswan: ['libreswan', 'libnss3-tools'],
  freeradius: ['freeradius', 'freeradius-utils', 'freeradius-common', 'freeradius-config', 'libfreeradius3'],
  unbound: ['unbound', 'ldnsutils'],
  eapoltest: ['eapoltest'],
  vpnc: ['vpnc'],
  'ike-scan': ['ike-scan'],
};
/** What runs, and so what must find its libraries. strongSwan's plugins are found in the folder. */
const programs = [
  file('strongswan', 'usr/lib/ipsec/charon'),
  file('strongswan', 'usr/sbin/swanctl'),
  file('libreswan', 'usr/libexec/ipsec/pluto'),
  file('libreswan', 'usr/libexec/ipsec/whack'),
  file('libreswan', 'usr/libexec/ipsec/addconn'),
  file('libreswan', 'usr/bin/certutil'),
  file('freeradius', 'usr/sbin/freeradius'),
  file('freeradius', 'usr/bin/radclient'),
  file('unbound', 'usr/sbin/unbound'),
  file('unbound', 'usr/bin/ldns-signzone'),
  file('eapoltest', 'usr/bin/eapol_test'),
  file('vpnc', 'usr/sbin/vpnc'),
  file('ike-scan', 'usr/bin/ike-scan'),
];
/** As prefix.ts puts them on every peer's path; the rest of the plugins may lack a library. */
const plugins = [
  'openssl',
  'curve25519',
  'chapoly',
  'vici',
  'kernel-netlink',
  'kernel-libipsec',
  'gcm',
  'gmp',
  'updown',
];

async function install(): Promise<void> {
  mkdirSync(cache, { recursive: true });
  for (const peer of ['strongswan', 'libreswan'] as const) if (!isWhole(peer)) await unpackPeer(peer);
  await buildShim();
  for (const other of ['freeradius', 'unbound', 'eapoltest', 'vpnc', 'ike-scan'] as const)
    if (!isWhole(other)) await unpackPeer(other);
}

/** A cache of before may lack a package that is wanted now. */
const isWhole = (peer: Unpacked): boolean =>
  version(peer) !== undefined && existsSync(namesOf(peer)) && readFileSync(namesOf(peer), 'utf8') === list(peer);
const namesOf = (peer: Unpacked): string => file(peer, '.packages');
const list = (peer: Unpacked): string => packages[peer].join('\n');

async function unpackPeer(peer: Unpacked): Promise<void> {
  process.stderr.write(`==> unpacking ${peer} for the interop tests in ${cache}\n`);
  rmSync(file(peer, ''), { recursive: true, force: true });
  const found = await unpack(peer);
  const mine = [
    ...programs,
    ...plugins.map((name) => file('strongswan', `usr/lib/ipsec/plugins/libstrongswan-${name}.so`)),
  ];
  const missing = await missingLibraries(mine.filter((path) => path.startsWith(join(cache, peer)) && existsSync(path)));
  if (missing.length > 0) throw new Error(`${peer} lacks ${missing.join(', ')}`);
  writeFileSync(namesOf(peer), list(peer));
  writeFileSync(file(peer, '.version'), `${found}\n`);
}

/**
 * Downloads the peer's packages, and what they need that is not installed, and unpacks both; gives the version of
 * the first. apt decides what is needed as if it installed them, in a cache of ours and without its locks.
 */
async function unpack(peer: Unpacked): Promise<string> {
  const names = packages[peer];
  const scratch = mkdtempSync(join(cache, 'download-'));
  try {
    mkdirSync(join(scratch, 'partial'));
    const settings = [`Dir::Cache::archives=${scratch}`, 'APT::Sandbox::User=root', 'Debug::NoLocking=1'];
    const download = [
      ...['apt-get', '-q', '-y', ...settings.flatMap((setting) => ['-o', setting])],
      ...['--no-install-recommends', '--reinstall', '--download-only', 'install', ...names],
    ];
    const quiet = { cwd: scratch, env: { DEBIAN_FRONTEND: 'noninteractive' }, within: 300_000 };
    let got = await run(download, quiet);
    if (got.status !== 0 && process.getuid?.() === 0) {
      await run(['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', 'update'], quiet);
      got = await run(download, quiet);
    }
    if (got.status !== 0) throw new Error(lastLine(got.stderr) ?? `apt-get: status ${got.status}`);
    const archives = readdirSync(scratch).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) {
      const into = names.some((name) => archive.startsWith(`${name}_`)) ? join(cache, peer) : join(cache, 'lib');
      mkdirSync(into, { recursive: true });
      await must(['dpkg-deb', '-x', archive, into], { cwd: scratch });
    }
    const first = archives.find((name) => name.startsWith(`${names[0]}_`)) ?? '';
    return decodeURIComponent(first.split('_')[1] ?? 'unknown');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function missingLibraries(paths: readonly string[]): Promise<string[]> {
  const listing = await run(['ldd', ...paths], { env: { LD_LIBRARY_PATH: libraryPath } });
  return [...new Set([...listing.stdout.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]))];
}

async function buildShim(): Promise<void> {
  const source = sourceOfShim();
  if (existsSync(shim) && statSync(shim).mtimeMs >= statSync(source).mtimeMs) return;
  const fresh = `${shim}.${process.pid}`;
  await must(['cc', '-O2', '-Wall', '-shared', '-fPIC', '-o', fresh, source, '-lpthread', '-ldl']);
  renameSync(fresh, shim);
}

/** The C file stays in the source tree, also when this runs from dist. */
function sourceOfShim(): string {
  const here = fileURLToPath(new URL('./xfrm-shim.c', import.meta.url));
  return existsSync(here) ? here : here.replace('/dist/test/', '/test/');
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1);
}

try {
  await install();
  rmSync(whyFile, { force: true });
} catch (error) {
  const why = (error instanceof Error ? error.message : String(error)).trim();
  process.stderr.write(`the peers for the interop tests cannot be had: ${why}\n`);
  writeFileSync(whyFile, `${lastLine(why) ?? ''}\n`);
  process.exitCode = 1;
}
