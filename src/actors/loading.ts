/** Many connections at a time: from whack's `load`, and from the file for `reload`. */
import type { Answer } from '../control/answer.ts';
import type { RequestOf } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import type { Connections } from './connections.ts';
import type { World } from './world.ts';

export interface LoadingOptions {
  readonly world: World;
  readonly connections: Connections;
}

export class Loading {
  readonly #options: LoadingOptions;

  constructor(options: LoadingOptions) {
    this.#options = options;
  }

  load(_: RequestOf<'load'>, answer: Answer): void {
    this.#missing(answer);
  }

  reload(_: RequestOf<'reload'>, answer: Answer): void {
    this.#missing(answer);
  }

  #missing(answer: Answer): void {
    const { registry } = this.#options.world;
    answer.line(RC.FATAL, `not built yet; ${registry.size} connections are as they were`);
    answer.end();
  }
}
