/** Connections of ipsec.conf as what may be sent to pluto: settings settled, values still text. */
import { resolve } from 'node:path';
import { nodeFileSystem } from '../conf/node-file-system.ts';
import { formatProblem, hasErrors, type Problem } from '../conf/problem.ts';
import { scanning } from '../conf/scan.ts';
import { type ConnSection, readSections, type Settings } from '../conf/sections.ts';
import type { ConnText } from '../control/protocol.ts';

export interface ConfigConns {
  readonly setup: Settings;
  readonly conns: ReadonlyMap<string, ConnSection>;
  /** One line each; with an error among them there are no conns. */
  readonly problems: readonly string[];
  readonly hasErrors: boolean;
}

/** Reads keywords and values; what the values amount to is the daemon's to say, which checks again anyway. */
export function readConns(path: string): ConfigConns {
  const problems: Problem[] = [];
  const add = (problem: Problem) => void problems.push(problem);
  const sections = readSections(scanning(path, nodeFileSystem, add), add);
  const isWrong = hasErrors(problems);
  const conns = new Map(isWrong ? [] : sections.conns.map((section) => [section.name, section]));
  return { setup: sections.setup, conns, problems: problems.map(formatProblem), hasErrors: isWrong };
}

/** The file by its whole name: pluto, which may stand in another directory, compares it when it reloads. */
export function connTextOf({ name, file, line, settings }: ConnSection): ConnText {
  const keywords = Object.fromEntries([...settings.values()].map(({ key, raw }) => [key, raw]));
  return { name, file: resolve(file), line, keywords };
}

/** A section without both ends is there for others to take over, not to be loaded. */
export function isComplete({ settings }: ConnSection): boolean {
  return settings.has('left') && settings.has('right');
}

/** `auto=`, with its old spellings settled. */
export function autoOf({ settings }: ConnSection): string {
  return `${settings.get('auto')?.value ?? 'ignore'}`;
}
