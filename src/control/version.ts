import { readFileSync } from 'node:fs';
import { installation } from './installation.ts';

/** As `package.json` has it. */
export function versionLine(): string {
  const { version } = JSON.parse(readFileSync(`${installation()}package.json`, 'utf8')) as { readonly version: string };
  return `Pluto ${version}`;
}
