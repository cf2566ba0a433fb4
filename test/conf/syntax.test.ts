import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  parseAddress,
  parseCidr,
  parseProtoport,
  parseRange,
  parseSelector,
  parseSubnet,
} from '../../src/conf/address-text.ts';
import { parseEncoded } from '../../src/conf/encoded-bytes.ts';
import { isFault, parseDuration } from '../../src/conf/values.ts';
import { Selector } from '../../src/net/selector.ts';

interface Tables {
  addresses: { in: string; str: string | null }[];
  subnets: { afi: string; in: string; str: string | null; zeroed: boolean }[];
  cidrs: { in: string; str: string | null }[];
  ranges: { in: string; str: string | null }[];
  selectors: { in: string; str: string | null }[];
  protoports: { in: string; ok: boolean; protocol: number; port: number; wildcard: boolean }[];
  durations: { in: string; unit: 'us' | 'ms' | 's' | 'm' | 'h' | 'd' | 'w'; micros: number | null }[];
  encodings: { in: string; hex: string | null }[];
}

/** libreswan's own tables (the file names their origin): every spelling it reads, every one it refuses. */
const tables = JSON.parse(readFileSync(new URL('../fixtures/conf/syntax.json', import.meta.url), 'utf8')) as Tables;

describe('libreswan reads it so', () => {
  test.each(tables.addresses)('address $in is $str', (row) => {
    expect(parseAddress(row.in)?.toString() ?? null).toBe(row.str);
  });

  test.each(tables.subnets)('subnet $in is $str', (row) => {
    const parsed = parseSubnet(row.in, row.afi === 'ipv6' ? 6 : 4);
    expect(parsed?.subnet.toString() ?? null).toBe(row.str);
    expect(parsed?.hasHostBits ?? false).toBe(row.zeroed);
  });

  test.each(tables.cidrs)('address in its network $in is $str', (row) => {
    const cidr = parseCidr(row.in);
    expect(cidr ? `${cidr.address}/${cidr.prefix}` : null).toBe(row.str);
  });

  test.each(tables.ranges)('range $in is $str', (row) => {
    const range = parseRange(row.in);
    expect(range ? new Selector(range.start, range.end).toString() : null).toBe(row.str);
  });

  test.each(tables.selectors)('selector $in is $str', (row) => {
    expect(parseSelector(row.in)?.toString() ?? null).toBe(row.str);
  });

  test.each(tables.protoports)('protoport $in', ({ in: text, ok, ...expected }) => {
    expect(parseProtoport(text)).toEqual(ok ? expected : undefined);
  });

  test.each(tables.durations)('time $in in $unit is $micros', (row) => {
    const micros = parseDuration(row.in, row.unit);
    expect(isFault(micros) ? null : micros).toBe(row.micros);
  });

  test.each(tables.encodings)('octets $in are $hex', (row) => {
    const bytes = parseEncoded(Buffer.from(row.in));
    expect(bytes ? Buffer.from(bytes).toString('hex') : null).toBe(row.hex);
  });
});

describe('beyond the tables', () => {
  test('a range with protocol and port', () => {
    expect(parseSelector('10.0.0.5-10.0.0.9/tcp/80')?.toString()).toBe('10.0.0.5-10.0.0.9/TCP/80');
  });

  test.each(['10.0.0.0/8/tcp/65536', '10.0.0.0/8/0/80', '10.0.0.0/8/tcp/80/1', '10.0.0.0/33', '10.0.0.0/-1', '::/129'])(
    'selector %s is refused',
    (text) => expect(parseSelector(text)).toBeUndefined(),
  );

  test('IPv4 inside IPv6 is refused, as libreswan does', () => {
    expect(parseAddress('::ffff:192.0.2.1')).toBeUndefined();
  });
});
