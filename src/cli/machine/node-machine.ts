/** The real machine. */
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readlinkSync, readSync, type Stats, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { FileFault } from '../../conf/file-system.ts';
import { nodeFileSystem } from '../../conf/node-file-system.ts';
import { type FileStat, type Machine, type Ran, RUN_LIMITS } from './machine.ts';

export const nodeMachine: Machine = {
  ...nodeFileSystem,
  stat: (path) => attempt(() => statOf(statSync(path))),
  link: (path) => attempt(() => readlinkSync(path)),
  tail: (path, octets) => attempt(() => ({ text: tailOf(path, octets) })),
  run,
  addresses: () =>
    Object.entries(networkInterfaces()).flatMap(([name, all]) =>
      (all ?? []).map(({ address }) => ({ interface: name, address: address.split('%')[0] })),
    ),
  uid: process.getuid?.() ?? 0,
  now: () => Date.now(),
  nodeVersion: process.versions.node,
  node: process.execPath,
};

/** Sbin first: an ordinary user's path has none. */
const PATH = ['/usr/sbin', '/sbin', '/usr/local/sbin', process.env.PATH ?? '/usr/bin:/bin'].join(':');

async function run(command: string, ...argv: string[]): Promise<Ran> {
  return await new Promise((resolve) => {
    const child = spawn(command, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH, LC_ALL: 'C', SYSTEMD_COLORS: '0', PAGER: 'cat' },
    });
    const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let octets = 0;
    let isCut = false;
    const cut = () => {
      isCut = true;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(cut, RUN_LIMITS.timeoutMs);
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        const room = RUN_LIMITS.octets - octets;
        octets += chunk.length;
        said[stream].push(chunk.subarray(0, Math.max(0, room)));
        if (octets > RUN_LIMITS.octets) cut();
      });
    }
    child.once('error', (e) => {
      clearTimeout(timer);
      resolve(faultOf(e));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString();
      resolve({ exit: code ?? 1, stdout: text(said.stdout), stderr: text(said.stderr), isCut });
    });
  });
}

function statOf(stat: Stats): FileStat {
  const kind = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSocket()
        ? 'socket'
        : stat.isCharacterDevice()
          ? 'device'
          : 'other';
  return { kind, mode: stat.mode & 0o7777, uid: stat.uid };
}

function tailOf(path: string, octets: number): string {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - octets);
    const bytes = Buffer.alloc(Math.min(size, octets));
    const got = readSync(fd, bytes, 0, bytes.length, from);
    const text = bytes.subarray(0, got).toString();
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    closeSync(fd);
  }
}

function attempt<T>(read: () => T): T | FileFault {
  try {
    return read();
  } catch (e) {
    return faultOf(e);
  }
}

function faultOf(e: unknown): FileFault {
  return { errno: (e as NodeJS.ErrnoException).code ?? 'EIO' };
}
