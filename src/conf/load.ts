/** From a file to a configuration. */
import type { Conn } from './conn.ts';
import type { FileSystem } from './file-system.ts';
import type { Problem } from './problem.ts';
import type { Setup } from './setup.ts';

export interface Config {
  readonly setup: Setup;
  /** Complete conns in the order of the file; those without `left=` or `right=` are there only for `also=`. */
  readonly conns: readonly Conn[];
  /** Why each section that is not in `conns` is not, by its name. */
  readonly refused: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** All or nothing: with an error among the problems there are no conns, and `setup` is the default one. */
export declare function loadConfig(path: string, fs: FileSystem): Config;
