import { expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { orient } from '../../src/conf/orient.ts';
import { Address } from '../../src/net/address.ts';
import { memoryFiles } from './memory-files.ts';

const PATH = '/etc/ipsec.conf';
const OURS = [Address.parse('192.0.2.1')!, Address.parse('2001:db8::1')!];

test.each([
  ['192.0.2.1', '192.0.2.2', 'left'],
  ['192.0.2.2', '192.0.2.1', 'right'],
  ['2001:db8::1', '2001:db8::2', 'left'],
  ['%any', '192.0.2.1', 'right'],
  ['%defaultroute', '192.0.2.2', 'left'],
  ['192.0.2.2', '%defaultroute', 'right'],
  ['%defaultroute', '192.0.2.1', 'right'],
  ['%eth0', '192.0.2.2', 'left'],
  ['%eth7', '192.0.2.2', undefined],
  ['192.0.2.3', '192.0.2.2', undefined],
  ['%any', '192.0.2.2', undefined],
  ['%defaultroute', '%defaultroute', undefined],
  ['192.0.2.1', '%eth0', undefined],
])('left=%s right=%s: we are %s', (left, right, side) => {
  const text = `conn w\n\tleft=${left}\n\tright=${right}\n\tauthby=secret\n`;
  const { conns } = loadConfig(PATH, memoryFiles({ [PATH]: text }));
  expect(orient(conns[0], OURS, new Set(['eth0']))).toBe(side);
});
