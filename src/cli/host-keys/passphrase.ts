/** Asking for a passphrase: from a file, or at the terminal, where it does not show. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import { errnoOf } from './write-files.ts';

/** The first line of a file. */
export function passphraseIn(path: string): string | Wrong {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0];
  } catch (e) {
    return { wrong: `cannot read ${path}: ${errnoOf(e)}` };
  }
}

/** What is typed at the terminal that we run in; undefined if there is none, or somebody has had enough. */
export async function askPassphrase(question: string): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  const [input, output] = [new ReadStream(fd), new WriteStream(fd)];
  try {
    output.write(question);
    input.setRawMode(true);
    return await typedLine(input);
  } finally {
    input.setRawMode(false);
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

/** What the keys amount to up to the end of the line; undefined on an interrupt. */
export async function typedLine(keys: AsyncIterable<Uint8Array | string>): Promise<string | undefined> {
  let line = '';
  for await (const chunk of keys)
    for (const key of Buffer.from(chunk as string).toString('utf8')) {
      if (key === '\r' || key === '\n' || key === END) return line;
      if (key === INTERRUPT) return undefined;
      if (key === KILL) line = '';
      else if (key === BACKSPACE || key === DELETE) line = line.slice(0, -1);
      else line += key;
    }
  return line;
}
