import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { harmless, prefix } from '../../src/actors/lines.ts';
import { masked } from '../../src/actors/masked.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { conn, PSK, town } from './town.ts';

const peer = Address.parse('192.0.2.7')!;

describe('a line begins with what it is about', () => {
  test.each([
    [{}, ''],
    [{ peer }, ''],
    [{ policy: { name: 'w-e' } }, '"w-e": '],
    [{ policy: { name: 'w-e' }, peer, serial: 2 }, '"w-e" #2: '],
    [{ policy: { name: 'road', instance: 3 }, peer }, '"road"[3] 192.0.2.7: '],
    [{ policy: { name: 'road', instance: 3 }, peer, serial: 4 }, '"road"[3] 192.0.2.7 #4: '],
    [{ policy: { name: 'road', instance: 3 }, serial: 4 }, '"road"[3] #4: '],
  ])('%j', (about, text) => {
    expect(prefix(about)).toBe(text);
  });
});

describe('no control character reaches a log', () => {
  test.each([
    ['a line\nand another', 'a line\\x0aand another'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['\r\t\0\u007f\u009b', '\\x0d\\x09\\x00\\x7f\\x9b'],
    ['turned \u202earound', 'turned \\u202earound'],
    ['line\u2028separator', 'line\\u2028separator'],
    ['Zürich, 東京 stay', 'Zürich, 東京 stay'],
  ])('%j', (text, safe) => {
    expect(harmless(text)).toBe(safe);
  });

  test('whatever text it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\u2028\u2029]/u.test(harmless(text))));
  });

  test('a peer’s identity, in the log and on whack’s terminal', () => {
    const evil = 'x"\n\u001b]0;owned\u0007: established IKE SA';
    const { west, east } = town({
      west: { conf: conn() },
      east: { conf: conn('w-e', { rightid: '@other' }), secrets: PSK },
    });
    const { policy } = west.world.registry.named('w-e')!;
    Object.defineProperty(policy!.localId, 'data', { value: new TextEncoder().encode(evil) });
    expect(`${policy!.localId}`).toBe(`${new Id(2, new TextEncoder().encode(evil))}`);
    const up = west.whack({ kind: 'initiate', name: 'w-e' });
    const lines = [...west.log, ...east.log, ...up.lines.map((l) => l.text)];
    expect(lines.filter((line) => line.includes('owned')).length).toBeGreaterThan(0);
    expect(lines.filter((line) => /\p{Cc}/u.test(line))).toEqual([]);
  });
});

describe('logip=no', () => {
  test.each([
    ['packet from 192.0.2.7:500', 'packet from <ip-address>:500'],
    ['[2001:db8::7]:UDP/500', '[<ip-address>]:UDP/500'],
    ['10.0.1.0/24 === ::/0', '<ip-address>/24 === <ip-address>/0'],
    ['at ::ffff:192.0.2.7.', 'at <ip-address>.'],
    ['"road"[3] 192.0.2.7 #4: x', '"road"[3] <ip-address> #4: x'],
    ['version 5.2, 300.1.1.1, 12:34:56, #2: no', 'version 5.2, 300.1.1.1, 12:34:56, #2: no'],
  ])('%s', (text, shown) => {
    expect(masked(text)).toBe(shown);
  });

  test('no address of either family is left', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, (text) => {
        const known = Address.parse(text);
        return !known || masked(`from [${known}]:500 (${text})`) === 'from [<ip-address>]:500 (<ip-address>)';
      }),
    );
  });
});
