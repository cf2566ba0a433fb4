import { readFileSync } from 'node:fs';
import { installation } from './installation.ts';

/** As `package.json` has it. */
export function version(): string {
  return (JSON.parse(readFileSync(`${installation()}package.json`, 'utf8')) as { readonly version: string }).version;
}

export const versionLine = (): string => `Pluto ${version()}`;
