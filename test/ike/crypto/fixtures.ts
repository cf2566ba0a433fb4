import { readFileSync } from 'node:fs';

/** Rows of test/fixtures/crypto; their shapes are told by that folder's README. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/crypto/${name}.json`, import.meta.url), 'utf8')) as T;
}

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
