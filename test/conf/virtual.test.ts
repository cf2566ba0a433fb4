import { expect, test } from 'vitest';
import { parseVirtual } from '../../src/conf/build-text.ts';
import type { VirtualSubnet } from '../../src/conf/conn.ts';
import { virtualSelectors } from '../../src/conf/virtual.ts';
import { Subnet } from '../../src/net/subnet.ts';

const ranges = (words: string, priv: readonly string[] = [], protoport?: { protocol: number; port: number }) =>
  virtualSelectors(
    parseVirtual(words.split(',')) as VirtualSubnet,
    priv.map((text) => ({ subnet: Subnet.parse(text.replace('!', ''))!, excluded: text.startsWith('!') })),
    protoport && { ...protoport, wildcard: false },
  ).map(String);

test.each<[string, readonly string[], readonly string[]]>([
  ['vnet:%v4:10.1.0.0/16,%v6:fd00::/8', [], ['10.1.0.0/16', 'fd00::/8']],
  ['vnet:%all', [], ['0.0.0.0/0', '::/0']],
  ['vhost:%no', ['10.0.0.0/8'], []],
  ['vhost:%no,%priv', [], []],
  ['vnet:%priv', ['10.0.0.0/8', '192.168.0.0/16'], ['10.0.0.0/8', '192.168.0.0/16']],
  ['vnet:%priv', ['10.0.0.0/8', '!10.0.0.0/9'], ['10.128.0.0/9']],
  ['vnet:%priv', ['10.0.0.0/8', '!10.1.0.0/16'], ['10.0.0.0/16', '10.2.0.0-10.255.255.255']],
  [
    'vnet:%priv',
    ['10.0.0.0/8', '!10.1.0.0/16', '!10.3.0.0/16'],
    ['10.0.0.0/16', '10.2.0.0/16', '10.4.0.0-10.255.255.255'],
  ],
  ['vnet:%priv', ['10.1.0.0/16', '!10.0.0.0/8'], []],
  ['vnet:%priv', ['10.1.0.0/16', '!fd00::/8', '!11.0.0.0/8'], ['10.1.0.0/16']],
  ['vnet:%v4:10.1.0.0/16', ['!10.1.0.0/16'], ['10.1.0.0/16']],
])('%s, and private nets %s: %s', (words, priv, expected) => {
  expect(ranges(words, priv)).toEqual(expected);
});

test('protoport= is for them too', () => {
  expect(ranges('vnet:%v4:10.1.0.0/16', [], { protocol: 6, port: 80 })).toEqual(['10.1.0.0/16/TCP/80']);
});
