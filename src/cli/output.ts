/** Printing that waits for a slow reader, and leaves quietly when there is none any more. */
import { once } from 'node:events';

export interface Output {
  /** Text for stdout; the promise is for a full pipe. */
  out(text: string): void | Promise<void>;
  /** One line for stderr. */
  err(line: string): void;
}

export const terminal: Output = {
  out: (text) => {
    if (text === '' || process.stdout.write(text)) return undefined;
    return once(process.stdout, 'drain').then(() => undefined);
  },
  err: (line) => void process.stderr.write(`${line}\n`),
};

/** `ipsec status | head`: the reader has seen enough. */
export function leaveWhenUnread(): void {
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EPIPE') throw e;
    process.exit();
  });
}
