/** The one place that knows what this is called. */
import { readFileSync } from 'node:fs';

/** As `package.json` has it; beside the sources or two levels above the compiled files. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === 'pluto' && found.version) return found.version;
    } catch {
      // Not there: the other place.
    }
  }
  return 'unknown';
}

export const versionLine = (): string => `Pluto ${version()}`;
