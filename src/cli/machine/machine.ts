/**
 * The machine as `ipsec verify`, `look` and `barf` see it: files and commands, the daemon's answers being those of
 * whack. A port, so that a test brings a machine of its own.
 */
import type { FileFault, FileSystem, OctetFiles } from '../../conf/file-system.ts';
import { installation } from '../../control/installation.ts';

export interface Machine extends FileSystem, OctetFiles {
  stat(path: string): FileStat | FileFault;
  /** Where a symbolic link points. */
  link(path: string): string | FileFault;
  /** The last `octets` of a file, from the first whole line on. */
  tail(path: string, octets: number): { readonly text: string } | FileFault;
  /** A command by its name or path; never a shell. */
  run(command: string, ...argv: string[]): Promise<Ran>;
  /** Addresses of this machine's interfaces. */
  addresses(): readonly { readonly interface: string; readonly address: string }[];
  readonly uid: number;
  /** Milliseconds since 1970. */
  now(): number;
  /** `20.19.0`. */
  readonly nodeVersion: string;
  /** The program itself, to run another of it. */
  readonly node: string;
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'socket' | 'device' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
}

/** `isCut`: it printed more, or took longer, than it may; what there was is kept. */
export type Ran =
  | { readonly exit: number; readonly stdout: string; readonly stderr: string; readonly isCut: boolean }
  | FileFault;

/** What a command may take and say. */
export const RUN_LIMITS = { timeoutMs: 5000, octets: 4 << 20 } as const;

/** What is in a file, without blanks around it; undefined if there is none, or none that may be read. */
export function textOf(machine: FileSystem, path: string): string | undefined {
  const file = machine.read(path);
  return 'errno' in file ? undefined : file.text.trim();
}

/** What a command printed, if it ended well. */
export function printed(ran: Ran): string | undefined {
  return 'errno' in ran || ran.exit !== 0 ? undefined : ran.stdout;
}

/** What pluto says; a process of its own, so that a daemon that never answers costs no more than any command. */
export async function whack(machine: Machine, ctlsocket: string, option: string): Promise<Ran> {
  return await machine.run(machine.node, `${installation()}bin/whack`, option, '--ctlsocket', ctlsocket);
}
