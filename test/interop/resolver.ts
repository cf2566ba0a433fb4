/**
 * A validating resolver with zones of its own: Debian's unbound, and ldns to sign with. `pluto.example` and
 * `2.0.192.in-addr.arpa` are signed and anchored; `bogus.example` has been changed after it was signed; nobody has signed
 * `plain.example`.
 */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, type Running, start } from '../support/process.ts';
import { file, libraryPath } from './peers/prefix.ts';

export interface TestResolver {
  readonly port: number;
  readonly running: Running;
  close(): Promise<void>;
}

/** Lines of a zone file, without the SOA and the NS; `bogus` is what takes the place of `true` after signing. */
export interface Zone {
  readonly name: string;
  readonly records: string;
  readonly signed: 'yes' | 'no' | { readonly instead: readonly [was: string, is: string] };
}

const env = { LD_LIBRARY_PATH: libraryPath };
const program = (path: string): string => file('unbound', path);

/** `address`: where it is to listen, an address of this machine or of the namespace that `wrap` goes into. */
export async function startResolver(
  zones: readonly Zone[],
  address = '127.0.0.1',
  wrap: (command: readonly string[]) => readonly string[] = (command) => command,
): Promise<TestResolver> {
  const directory = await mkdtemp(join(tmpdir(), 'pluto-dns-'));
  await mkdir(join(directory, 'keys'));
  for (const zone of zones) await writeZone(directory, zone);
  const anchors = await readdir(join(directory, 'keys'));
  const port = await freePort();
  await writeFile(join(directory, 'unbound.conf'), config(directory, address, port, zones, anchors));
  const command = [program('usr/sbin/unbound'), '-d', '-c', join(directory, 'unbound.conf')];
  const running = start(wrap(command), { env, cwd: directory });
  await running.says(/start of service/);
  return {
    port,
    running,
    close: async () => {
      await running.stop('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function writeZone(directory: string, { name, records, signed }: Zone): Promise<void> {
  const path = join(directory, name);
  const head = `$ORIGIN ${name}.\n$TTL 60\n@ IN SOA ns root 1 3600 900 86400 60\n@ IN NS ns\nns IN A 192.0.2.53\n`;
  await writeFile(path, head + records);
  if (signed === 'no') return;
  const key = (
    await must([program('usr/bin/ldns-keygen'), '-a', 'ECDSAP256SHA256', '-k', name], { env, cwd: directory })
  ).trim();
  await must([program('usr/bin/ldns-signzone'), '-f', path, path, key], { env, cwd: directory });
  await writeFile(join(directory, 'keys', name), await readFile(join(directory, `${key}.key`)));
  if (signed === 'yes') return;
  const [was, is] = signed.instead;
  const text = await readFile(path, 'utf8');
  if (!text.includes(was)) throw new Error(`there is no ${was} in ${name}`);
  await writeFile(path, text.replaceAll(was, is));
}

function config(
  directory: string,
  address: string,
  port: number,
  zones: readonly Zone[],
  anchors: readonly string[],
): string {
  return [
    'server:',
    '  chroot: ""',
    '  username: ""',
    '  pidfile: ""',
    '  use-syslog: no',
    '  logfile: ""',
    '  verbosity: 1',
    '  num-threads: 1',
    '  do-daemonize: no',
    `  directory: ${directory}`,
    `  interface: ${address}@${port}`,
    '  access-control: 0.0.0.0/0 allow',
    '  module-config: "validator iterator"',
    '  val-log-level: 2',
    ...zones.flatMap(({ name }) => (name.endsWith('.arpa') ? [`  local-zone: ${name}. nodefault`] : [])),
    ...anchors.map((name) => `  trust-anchor-file: ${join(directory, 'keys', name)}`),
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap(({ name }) => [
      'auth-zone:',
      `  name: ${name}.`,
      `  zonefile: ${join(directory, name)}`,
      '  for-downstream: no',
      '  for-upstream: yes',
      '  fallback-enabled: no',
    ]),
    '',
  ].join('\n');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}
