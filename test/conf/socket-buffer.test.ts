import { expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { memoryFiles } from './memory-files.ts';

const load = (octets: string) =>
  loadConfig('/c', memoryFiles({ '/c': `config setup\n\tike-socket-bufsize=${octets}\n` }));

test.each([0, 65_535, 33_554_432, 1_073_741_823])('ike-socket-bufsize=%i', (octets) => {
  const { setup, problems } = load(`${octets}`);
  expect([setup.ikeSocketBufsize, problems]).toEqual([octets, []]);
});

test.each(['1073741824', '-1', '32M'])('ike-socket-bufsize=%s is said to be wrong, and not taken', (octets) => {
  const { setup, problems } = load(octets);
  expect([setup.ikeSocketBufsize, problems.length]).toEqual([0, 1]);
});
