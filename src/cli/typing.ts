/** Having somebody type: at the terminal that we run in, or line by line from what stdin is instead. */
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { ReadStream, WriteStream } from 'node:tty';

export interface TypingOptions {
  /** Show what is typed. */
  readonly shows?: boolean;
  /** Aborted when nobody waits for it any more. */
  readonly over?: AbortSignal;
}

/** At the terminal, unless stdin is another thing: then its next line. */
export async function typed(question: string, options: TypingOptions): Promise<string | undefined> {
  if (process.stdin.isTTY) return await typedAtTerminal(question, options);
  const { over } = options;
  // A pipe that stays open must not keep us.
  const pipe = process.stdin as Partial<Socket>;
  piped ??= linesOf(process.stdin);
  pipe.ref?.();
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      over?.addEventListener('abort', () => resolve(undefined), { once: true });
      piped?.().then(resolve, reject);
    });
  } finally {
    pipe.unref?.();
  }
}

let piped: (() => Promise<string | undefined>) | undefined;

/** Undefined if there is no terminal, somebody has had enough, or it is over. */
export async function typedAtTerminal(
  question: string,
  { shows = false, over }: TypingOptions = {},
): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  const [input, output] = [new ReadStream(fd), new WriteStream(fd)];
  const leave = () => input.destroy();
  over?.addEventListener('abort', leave, { once: true });
  try {
    output.write(question);
    input.setRawMode(true);
    return await typedLine(input, shows ? (text) => void output.write(text) : undefined);
  } catch (e) {
    if (over?.aborted) return undefined;
    throw e;
  } finally {
    over?.removeEventListener('abort', leave);
    if (!input.destroyed) input.setRawMode(false);
    output.write('\n');
    input.destroy();
    output.destroy();
    try {
      closeSync(fd);
    } catch {
      // The streams have closed it.
    }
  }
}

const [BACKSPACE, DELETE, INTERRUPT, END, KILL] = ['\b', '\x7f', '\x03', '\x04', '\x15'];
const ERASE = '\b \b';

/** What the keys amount to up to the end of the line; undefined on an interrupt. `show` gets what a terminal is to write. */
export async function typedLine(
  keys: AsyncIterable<Uint8Array | string>,
  show: (text: string) => void = () => {},
): Promise<string | undefined> {
  let line = '';
  for await (const chunk of keys)
    for (const key of Buffer.from(chunk as string).toString('utf8')) {
      if (key === '\r' || key === '\n' || key === END) return line;
      if (key === INTERRUPT) return undefined;
      if (key === KILL) {
        show(ERASE.repeat([...line].length));
        line = '';
      } else if (key === BACKSPACE || key === DELETE) {
        if (line !== '') show(ERASE);
        line = [...line].slice(0, -1).join('');
      } else if (key >= ' ') {
        line += key;
        show(key);
      }
    }
  return line;
}

/** The lines of a stream, one whenever it is asked for; undefined once there are no more. */
export function linesOf(stream: AsyncIterable<Uint8Array | string>): () => Promise<string | undefined> {
  const chunks = stream[Symbol.asyncIterator]();
  let held = '';
  return async () => {
    for (;;) {
      const end = held.indexOf('\n');
      if (end >= 0) {
        const line = held.slice(0, end).replace(/\r$/, '');
        held = held.slice(end + 1);
        return line;
      }
      if (held.length > MAX_LINE) return undefined;
      const { done, value } = await chunks.next();
      if (done) {
        const last = held;
        held = '';
        return last === '' ? undefined : last;
      }
      held += Buffer.from(value as string).toString('utf8');
    }
  };
}

/** Characters: nobody types more. */
const MAX_LINE = 4096;
