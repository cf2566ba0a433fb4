/** What many conns say alike is looked at once: nothing of one may stand in another that says otherwise. */
import { expect, test } from 'vitest';
import { readConfig } from '../../src/conf/load.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/ipsec.conf';
const load = (...conns: readonly string[]) => {
  const text = conns.map((words, i) => `conn c${i}\n${words.replace(/\S+/g, '\t$&\n')}`).join('');
  return readConfig(PATH, memoryFiles({ [PATH]: text }));
};

test('conns that differ in a keyword, in their family or in having a pool have each their own', () => {
  const [plain, pfs, six, pool, again] = load(
    'left=192.0.2.1 right=192.0.2.2',
    'left=192.0.2.1 right=192.0.2.3 pfs=no',
    'left=2001:db8::1 right=2001:db8::2',
    'left=192.0.2.1 right=192.0.2.4 rightaddresspool=10.9.0.1-10.9.0.9',
    'left=192.0.2.1 right=192.0.2.5',
  ).conns;
  expect([plain, pfs, pool, again].map((conn) => conn.pfs)).toEqual([true, false, true, true]);
  expect([plain, pool, again].map((conn) => conn.narrowing)).toEqual([false, true, false]);
  expect([plain, six, again].map((conn) => conn.hostFamily)).toEqual([4, 6, 4]);
  expect(again.ike).toBe(plain.ike);
});

test('what is odd about one is said of each that says it', () => {
  const odd = 'left=192.0.2.1 right=192.0.2.2 ikelifetime=48h';
  const { conns, problems } = load(odd, odd);
  expect(conns.map((conn) => conn.ikeLifetimeMs)).toEqual([24 * 3600_000, 24 * 3600_000]);
  expect(problems.map(({ section, text }) => `${section}: ${text}`)).toEqual([
    'conn c0: ikelifetime=48h is longer than 24h; 24h it is',
    'conn c1: ikelifetime=48h is longer than 24h; 24h it is',
  ]);
});

test('what is wrong with one refuses each that says it', () => {
  const wrong = 'left=192.0.2.1 right=192.0.2.2 ike=rot13';
  expect([...load(wrong, wrong, 'left=192.0.2.1 right=192.0.2.2').refused.keys()]).toEqual(['c0', 'c1']);
});
