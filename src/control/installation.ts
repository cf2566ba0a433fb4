/** Where we are installed. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The directory of `package.json`: two levels above the sources, three above the compiled files. */
export function installation(): string {
  const found = ['../../', '../../../']
    .map((up) => fileURLToPath(new URL(up, import.meta.url)))
    .find((dir) => existsSync(`${dir}package.json`));
  if (found === undefined) throw new Error(`no package.json above ${import.meta.url}`);
  return found;
}
