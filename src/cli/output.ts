/** Printing that waits for a slow reader, and leaves quietly when there is none any more. */
import { once } from 'node:events';

export interface Output {
  /** Text for stdout; the promise is for a full pipe. */
  out(text: string): void | Promise<void>;
  /** One line for stderr. */
  err(line: string): void;
  /** Somebody is looking at stdout, through a window this wide. */
  readonly screen?: { readonly columns: number; readonly hasColour: boolean };
}

export const terminal: Output = {
  out: (text) => {
    if (text === '' || process.stdout.write(text)) return undefined;
    return once(process.stdout, 'drain').then(() => undefined);
  },
  err: (line) => void process.stderr.write(`${line}\n`),
  // NO_COLOR: no-color.org.
  ...(process.stdout.isTTY && {
    screen: { columns: process.stdout.columns || 80, hasColour: !process.env.NO_COLOR && process.env.TERM !== 'dumb' },
  }),
};

/** `ipsec status | head`: the reader has seen enough. */
export function leaveWhenUnread(): void {
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EPIPE') throw e;
    process.exit();
  });
}
