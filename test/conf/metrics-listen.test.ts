import { expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { parseMetricsListen } from '../../src/conf/metrics-listen.ts';
import { memoryFiles } from './memory-files.ts';

test.each([
  ['9109', { host: '127.0.0.1', port: 9109, isOpen: false }],
  ['127.0.0.2:0', { host: '127.0.0.2', port: 0, isOpen: false }],
  ['[::1]:9109', { host: '::1', port: 9109, isOpen: false }],
  ['192.0.2.1:80', { host: '192.0.2.1', port: 80, isOpen: true }],
  ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535, isOpen: true }],
  ['[::]:1', { host: '::', port: 1, isOpen: true }],
])('%s', (text, listen) => expect(parseMetricsListen(text)).toEqual(listen));

test.each([
  '',
  'nowhere',
  '65536',
  ':9109',
  '::1:9109',
  'localhost:9109',
  '127.0.0.1',
  '127.0.0.1:',
  '1.2.3:4',
  '[::1]',
  '-1',
])('"%s" is no place', (text) => expect(parseMetricsListen(text)).toHaveProperty('fault'));

const load = (line: string) =>
  loadConfig('/etc/ipsec.conf', memoryFiles({ '/etc/ipsec.conf': `config setup\n  ${line}\n` }));

test('in the file: nowhere unless said, open only with a warning, wrong is an error', () => {
  expect(load('nhelpers=-1').setup).toMatchObject({ metricsListen: undefined, metricsConnections: 5000, nhelpers: -1 });
  expect(load('metrics-listen=9109').setup.metricsListen).toBe('9109');
  expect(load('metrics-listen=9109').problems).toEqual([]);
  expect(load('metrics-listen=%none').setup.metricsListen).toBeUndefined();
  expect(load('metrics-listen=0.0.0.0:9109').problems.map((p) => p.severity)).toEqual(['warning']);
  expect(load('metrics-listen=nowhere').problems.map((p) => [p.severity, p.text])).toEqual([
    ['error', 'metrics-listen=: expected ADDRESS:PORT, [ADDRESS]:PORT or PORT, got "nowhere"'],
  ]);
  expect(load('nhelpers=-2').problems.length).toBe(1);
});
