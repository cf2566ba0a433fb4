/**
 * Many connections at a time: the file's at the start, whack's `load`, and `reload`. One after the other, each in
 * slices, so that a second reload sees what the first has done, and peers are answered in between.
 */
import { resolve } from 'node:path';
import type { Conn } from '../conf/conn.ts';
import type { FileSystem } from '../conf/file-system.ts';
import { DEFAULT_SETUP } from '../conf/load.ts';
import { nodeFileSystem } from '../conf/node-file-system.ts';
import type { Setup } from '../conf/setup.ts';
import type { Answer } from '../control/answer.ts';
import type { RequestOf } from '../control/protocol.ts';
import type { Connections } from './connections.ts';
import { loadingFile } from './load-file.ts';
import { Notes } from './notes.ts';
import { noting, reloading } from './reload.ts';
import { inSlices, type Work } from './slices.ts';
import type { World } from './world.ts';

export interface LoadingOptions {
  readonly world: World;
  readonly connections: Connections;
  /** `config setup` as it is in force. */
  readonly setup?: Setup;
  readonly fs?: FileSystem;
}

interface Job {
  readonly name: string;
  readonly work: Work;
  readonly answer?: Answer;
}

export class Loading {
  readonly #world: World;
  readonly #connections: Connections;
  readonly #setup: Setup;
  readonly #fs: FileSystem;
  readonly #files = new Map<string, Set<string>>();
  /** The first one is under way. */
  readonly #jobs: Job[] = [];

  constructor({ world, connections, setup = DEFAULT_SETUP, fs = nodeFileSystem }: LoadingOptions) {
    this.#world = world;
    this.#connections = connections;
    this.#setup = setup;
    this.#fs = fs;
  }

  /** The conns of `config`, as their `auto=` says; `loaded` when the last one is there. */
  start(config: string, conns: readonly Conn[], loaded: () => void = () => {}): void {
    this.#enqueue({ name: 'start', work: this.#starting(this.#filesOf(config), conns, loaded) });
  }

  load({ config }: RequestOf<'load'>, answer: Answer): void {
    const ports = { world: this.#world, connections: this.#connections, fs: noting(this.#fs, this.#filesOf(config)) };
    this.#enqueue({ name: 'load', work: loadingFile(ports, config, answer), answer });
  }

  reload(request: RequestOf<'reload'>, answer: Answer): void {
    const ports = {
      world: this.#world,
      connections: this.#connections,
      fs: this.#fs,
      setup: this.#setup,
      filesOf: (config: string) => this.#filesOf(config),
    };
    this.#enqueue({ name: 'reload', work: reloading(ports, request, answer), answer });
  }

  *#starting(files: Set<string>, conns: readonly Conn[], loaded: () => void): Work {
    const notes = new Notes();
    for (const conn of conns) {
      yield undefined;
      files.add(resolve(conn.file));
      if (conn.auto === 'ignore') continue;
      const added = this.#connections.add(conn);
      if ('why' in added) this.#world.log('warn', added.why);
      else {
        notes.entry(added.entry);
        this.#connections.begin(added.entry);
      }
    }
    for (const line of notes.lines()) this.#world.log('warn', line);
    loaded();
  }

  #filesOf(config: string): Set<string> {
    const path = resolve(config);
    const files = this.#files.get(path) ?? new Set();
    this.#files.set(path, files);
    return files;
  }

  #enqueue(job: Job): void {
    this.#jobs.push(job);
    if (this.#jobs.length === 1) this.#run(job);
  }

  #run({ name, work, answer }: Job): void {
    const over = () => {
      this.#jobs.shift();
      if (this.#jobs.length > 0) this.#run(this.#jobs[0]);
    };
    inSlices(this.#world, name, work, { over, ...(answer ? { answer } : {}) });
  }
}
