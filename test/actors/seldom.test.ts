import { expect, test } from 'vitest';
import { Seldom } from '../../src/actors/seldom.ts';
import { Address } from '../../src/net/address.ts';
import { Endpoint } from '../../src/net/endpoint.ts';
import { town } from './town.ts';

test('a hundred lines in a minute, that there were more, and afterwards how many', () => {
  let now = 0;
  const lines: string[] = [];
  const seldom = new Seldom(
    () => now,
    (_, text) => lines.push(text),
  );
  for (let i = 0; i < 1_000; i++) seldom.say('info', `line ${i}`);
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toContain('the rest is left out');
  now = 60_000;
  seldom.say('info', 'another minute');
  expect(lines.slice(101)).toEqual(['900 lines about packets from strangers were left out', 'another minute']);
});

test('lines for debugging are not counted: who asks for them gets them', () => {
  const lines: string[] = [];
  const seldom = new Seldom(
    () => 0,
    (level) => lines.push(level),
  );
  for (let i = 0; i < 200; i++) for (const level of ['debug', 'warn'] as const) seldom.tell(level, `line ${i}`);
  expect(lines.filter((level) => level === 'debug')).toHaveLength(200);
  expect(lines.filter((level) => level === 'warn')).toHaveLength(101);
});

test('a flood of first messages that no connection is for does not fill the log', () => {
  const { west, east, wire, clock } = town();
  wire.loses = (datagram) => {
    for (let i = 0; i < 1_000; i++)
      east.receive({ ...datagram, peer: new Endpoint(Address.parse('198.51.100.1')!, 1024 + i) });
    return true;
  };
  const before = east.log.length;
  west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
  clock.settle();
  expect(east.log.length - before).toBe(101);
  expect(east.log.at(-2)).toContain('no connection has been authorized');
});
