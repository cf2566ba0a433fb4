/** A machine that exists only here: files by path, commands by their line. */

import type { FileStat, Machine, Ran } from '../../../src/cli/machine/machine.ts';
import { globPart } from '../../../src/conf/glob.ts';

export interface FakeMachine {
  /** Text by path; a path that ends in `/` is a directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** What differs from a file of root's, mode 0600. */
  readonly stats?: Readonly<Record<string, Partial<FileStat>>>;
  readonly links?: Readonly<Record<string, string>>;
  /** What a command prints, or all that comes of it; `ip -s xfrm state` begins `ip -s xfrm`. */
  readonly commands?: Readonly<Record<string, string | Ran>>;
  readonly addresses?: readonly { readonly interface: string; readonly address: string }[];
  readonly uid?: number;
  readonly now?: number;
  readonly nodeVersion?: string;
}

export const failed = (exit: number, stderr = ''): Ran => ({ exit, stdout: '', stderr, isCut: false });

export function fakeMachine({ files = {}, stats = {}, links = {}, commands = {}, ...more }: FakeMachine): Machine {
  const missing = { errno: 'ENOENT' } as const;
  const paths = [...Object.keys(files), ...Object.keys(links), ...Object.keys(stats)];
  const statOf = (path: string): FileStat | undefined => {
    const isDirectory = paths.some((p) => p.startsWith(`${path}/`));
    if (!isDirectory && files[path] === undefined && !stats[path]) return undefined;
    return { kind: isDirectory ? 'directory' : 'file', mode: isDirectory ? 0o755 : 0o600, uid: 0, ...stats[path] };
  };
  return {
    read: (path) => (files[path] === undefined ? missing : { text: files[path], mode: statOf(path)?.mode ?? 0o600 }),
    readOctets: (path) =>
      files[path] === undefined
        ? missing
        : { octets: new TextEncoder().encode(files[path]), mode: statOf(path)?.mode ?? 0o600 },
    glob: (pattern) => {
      const parts = pattern.split('/');
      const depth = parts.length;
      const heads = new Set(paths.map((path) => path.split('/').slice(0, depth)).map((head) => head.join('/')));
      const matches = (path: string) =>
        path.split('/').length === depth &&
        path.split('/').every((part, i) => part === parts[i] || globPart(parts[i])?.(part) === true);
      return [...heads].filter(matches).sort();
    },
    stat: (path) => statOf(path) ?? missing,
    link: (path) => links[path] ?? missing,
    tail: (path, octets) => (files[path] === undefined ? missing : { text: files[path].slice(-octets) }),
    run: async (command, ...argv) => {
      const line = [command, ...argv].join(' ');
      const key = Object.keys(commands).find((begin) => line === begin || line.startsWith(`${begin} `));
      const ran = key === undefined ? undefined : commands[key];
      if (ran === undefined) return missing;
      return typeof ran === 'string' ? { exit: 0, stdout: ran, stderr: '', isCut: false } : ran;
    },
    addresses: () => more.addresses ?? [{ interface: 'eth0', address: '192.0.2.1' }],
    uid: more.uid ?? 0,
    now: () => more.now ?? Date.UTC(2026, 5, 1),
    nodeVersion: more.nodeVersion ?? '20.19.5',
    node: 'node',
  };
}
