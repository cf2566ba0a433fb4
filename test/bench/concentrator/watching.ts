/** How late our daemon's main thread is, as `load-watch.ts` sees it from within. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/process.ts';
import type { Gateway } from '../gateways/gateway.ts';
import type { Tuning } from '../gateways/place.ts';
import type { Seen } from '../load-watch.ts';

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const watch = new URL(`../load-watch${extension}`, import.meta.url).href;

/** For a daemon that will be asked; `file` is its own. */
export const watched = (file: string): Tuning => ({
  env: { NODE_OPTIONS: `--import=${watch}`, LOAD_WATCH: file },
});

export const watchFile = (directory: string, name: string): string => join(directory, `${name}.seen`);

/** Since the last time, or since it began. */
export async function seen({ pid }: Gateway, file: string): Promise<Seen> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const text = await eventually(
    'it says what it has seen',
    () => readFile(file, 'utf8').catch(() => undefined),
    30_000,
  );
  return JSON.parse(text) as Seen;
}
