import { readFileSync } from 'node:fs';

/** As `package.json` has it, which lies two or three folders up: sources and compiled files differ in depth. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // The other place.
    }
  }
  return 'unknown';
}
