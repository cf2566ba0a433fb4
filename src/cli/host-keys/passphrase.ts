/** A passphrase from a file. */
import { readFileSync } from 'node:fs';
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
