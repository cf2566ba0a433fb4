/**
 * `--optionsfrom FILE`, FreeS/WAN's: words of a file as if they stood on the command line. Words are parted by white
 * space; within '…' or "…" it is kept. A `#` at the beginning of a word makes the rest of the line a comment.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface Word {
  readonly text: string;
  /** `FILE:LINE`, for one that comes from a file. */
  readonly at?: string;
}

/** The text of a file, or why there is none. */
export type ReadFile = (path: string) => { readonly text: string } | { readonly fault: string };

/** A command line is long beyond this, and a file is none. */
const MAX_OCTETS = 1 << 20;

export function wordsOf(path: string, read: ReadFile): readonly Word[] | { readonly fault: string } {
  const file = read(path);
  if ('fault' in file) return { fault: `${path}: ${file.fault}` };
  const words: Word[] = [];
  for (const [index, line] of file.text.split('\n').entries()) {
    const at = `${path}:${index + 1}`;
    for (let rest = line.trimStart(); rest !== '' && !rest.startsWith('#'); ) {
      const taken = WORD.exec(rest)?.[0];
      if (taken === undefined) return { fault: `${at}: a quote is not closed` };
      words.push({ text: taken.replace(QUOTED, (_, single: string = '', double: string = '') => single + double), at });
      rest = rest.slice(taken.length).trimStart();
    }
  }
  return words;
}

/** Bare and quoted parts, as many as stand together; no word has a quote without an end. */
const WORD = /^(?:[^\s'"]|'[^']*'|"[^"]*")*(?=\s|$)/;
const QUOTED = /'([^']*)'|"([^"]*)"/g;

/** From the disk, or from a pipe. */
export const readOptions: ReadFile = (path) => {
  try {
    const file = openSync(path, 'r');
    try {
      const octets = Buffer.alloc(MAX_OCTETS + 1);
      let length = 0;
      for (let read = 1; read > 0 && length < octets.length; length += read)
        read = readSync(file, octets, length, octets.length - length, null);
      if (length > MAX_OCTETS) return { fault: `longer than ${MAX_OCTETS} octets` };
      return { text: octets.toString('utf8', 0, length) };
    } finally {
      closeSync(file);
    }
  } catch (e) {
    return { fault: (e as Error).message };
  }
};
