import { describe, expect, test } from 'vitest';
import { conn } from '../actors/town.ts';
import { simulated } from './two-files.ts';

const sides = ({ report }: ReturnType<typeof simulated>) =>
  report.pairs.map(
    ({ a, b }) =>
      `${a.conn} ${a.side} ${a.address} ${a.addressFrom}, ${b.conn} ${b.side} ${b.address} ${b.addressFrom}`,
  );

describe('which end a host is', () => {
  test('one file for both: left is A, and that is said', () => {
    const made = simulated();
    expect(sides(made)).toEqual(['w-e left 192.0.2.1 file, w-e right 192.0.2.2 file']);
    expect(made.report.pairs[0].notes).toEqual([
      'A is taken for the left end; it would do the other way round too (--address-a)',
    ]);
  });

  test('the other way round, if A is told so', () => {
    expect(sides(simulated({ addresses: { a: '192.0.2.2' } }))).toEqual([
      'w-e right 192.0.2.2 file, w-e left 192.0.2.1 file',
    ]);
  });

  test('each has itself on the left', () => {
    const b = { left: '192.0.2.2', leftid: '@east', right: '192.0.2.1', rightid: '@west' };
    const mirrored = { ...b, leftsubnet: '10.0.2.0/24', rightsubnet: '10.0.1.0/24' };
    const made = simulated({ b: mirrored });
    expect(sides(made)).toEqual(['w-e left 192.0.2.1 file, w-e left 192.0.2.2 file']);
    expect(made.report.exit).toBe(0);
  });

  test('%defaultroute is where the other file expects it', () => {
    const made = simulated({ a: { left: '%defaultroute' } });
    expect(sides(made)).toEqual(['w-e left 192.0.2.1 peer, w-e right 192.0.2.2 file']);
    expect(made.report.exit).toBe(0);
  });

  test('an interface by name, with an address from the command line', () => {
    const made = simulated({ a: { left: '%eth7' }, b: { left: '%any' }, addresses: { a: '198.51.100.77' } });
    expect(sides(made)).toEqual(['w-e left 198.51.100.77 option, w-e right 192.0.2.2 file']);
    expect(made.report.exit).toBe(0);
  });

  test('a road warrior and a template: anywhere will do, and only one of them can initiate', () => {
    const made = simulated({ a: { left: '%defaultroute' }, b: { left: '%any' } }, { initiator: 'both' });
    expect(sides(made)).toEqual(['w-e left 198.51.100.1 invented, w-e right 192.0.2.2 file']);
    expect(made.report.pairs[0].notes).toEqual([
      'nobody says where A is: it is put at 198.51.100.1; --address-a to say',
    ]);
    expect(made.report.pairs[0].runs.map((run) => run.outcome)).toEqual(['up', 'skipped']);
    expect(made.report.pairs[0].runs[1].why[0].lines).toEqual([
      'B cannot initiate: its connection does not say where the peer is',
    ]);
    expect(made.report.exit).toBe(0);
  });

  test('two templates wait for ever', () => {
    const made = simulated(
      { a: { left: '%defaultroute', right: '%any' }, b: { left: '%any', right: '%defaultroute' } },
      { initiator: 'both' },
    );
    expect(made.report.pairs[0].runs.map((run) => run.outcome)).toEqual(['skipped', 'skipped']);
    expect([made.report.verdict, made.report.exit]).toEqual(['fails', 1]);
  });
});

describe('a NAT', () => {
  test('before A: it floats to port 4500, ESP is encapsulated, and B cannot begin', () => {
    const made = simulated({ a: { left: '10.9.9.9' }, b: { left: '198.51.100.77' } }, { initiator: 'both', nat: 'A' });
    const [first, second] = made.report.pairs[0].runs;
    expect(first.outcome).toBe('up');
    expect(first.agreed?.child.encapsulated).toBe(true);
    expect(first.rekeys.every(({ ok }) => ok)).toBe(true);
    expect(second.outcome).toBe('skipped');
    expect(second.why[0]).toEqual({
      about: 'nat',
      lines: ['B cannot initiate: A is behind a NAT, which lets nobody in'],
    });
    expect(made.report.exit).toBe(0);
  });

  test('before B', () => {
    const made = simulated({ a: { right: '%any' } }, { initiator: 'B', nat: 'B' });
    expect(made.run.outcome).toBe('up');
    expect(made.run.agreed?.child.encapsulated).toBe(true);
  });

  test('with encapsulation=no lets no ESP through', () => {
    const made = simulated({ a: { left: '10.9.9.9', encapsulation: 'no' }, b: { left: '%any' } }, { nat: 'A' });
    expect(made.run.warnings).toContain(
      'there is a NAT between and ESP is not encapsulated (encapsulation=no): it will be dropped',
    );
  });
});

describe('which connections face each other', () => {
  test('of other names: the one whose ends are the same', () => {
    const b = conn('elsewhere', { left: '203.0.113.1' }) + conn('from-west');
    const made = simulated({ b });
    expect(sides(made)).toEqual(['w-e left 192.0.2.1 file, from-west right 192.0.2.2 file']);
    expect(made.report.pairs[0].notes).toContain('conn from-west of B is the one that faces conn w-e of A');
  });

  test('of several between the same hosts: the one whose traffic mirrors', () => {
    const b = conn('first', { leftsubnet: '10.0.9.0/24' }) + conn('second');
    expect(sides(simulated({ b }))[0]).toContain('second');
  });

  test('all that do, or the one that is named', () => {
    const both = conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24' });
    const all = simulated({ a: both, b: both });
    expect(all.report.pairs.map((pair) => pair.a.conn)).toEqual(['w-e', 'w-e-2']);
    expect(all.report.exit).toBe(0);
    const one = simulated({ a: both, b: both }, { conn: 'w-e-2' });
    expect(one.report.pairs.map((pair) => pair.a.conn)).toEqual(['w-e-2']);
  });

  test('leftsubnets= makes several, which --conn names together', () => {
    const both = { leftsubnet: undefined, leftsubnets: '10.0.1.0/24,10.0.3.0/24' };
    const made = simulated({ a: both, b: both }, { conn: 'w-e' });
    expect(made.report.pairs).toHaveLength(2);
    expect(made.report.exit).toBe(0);
  });

  test('one that fails among them is enough', () => {
    const both = conn() + conn('w-e-2', { leftsubnet: '10.0.3.0/24' });
    const made = simulated({ a: both, b: both.replace('10.0.3.0/24', '10.0.4.0/24') });
    expect(made.report.pairs.map((pair) => pair.runs[0].outcome)).toEqual(['up', 'failed']);
    expect(made.report.exit).toBe(1);
  });
});

describe('what cannot be told ends with 2 and what to pass', () => {
  const errors = (...args: Parameters<typeof simulated>) => {
    const { report } = simulated(...args);
    expect([report.verdict, report.exit, report.pairs]).toEqual(['unknown', 2, []]);
    return report.errors;
  };

  test('ends that do not meet', () => {
    expect(errors({ b: { left: '192.0.2.11', right: '192.0.2.22' } })).toEqual([
      'no connection of A faces one of B: the addresses of their ends do not meet',
      'A: conn w-e: left=192.0.2.1 right=192.0.2.2',
      'B: conn w-e: left=192.0.2.11 right=192.0.2.22',
      'name them with --conn and --conn-b, or say where the hosts are with --address-a and --address-b; behind a NAT: --nat a or --nat b',
    ]);
  });

  test('names that are not there', () => {
    expect(errors({}, { conn: 'nobody' })).toEqual(['A: /a/west.conf has no connection or alias named "nobody"']);
    expect(errors({}, { connB: 'nobody' })).toEqual([
      'B: /b/east.conf has no connection or alias named "nobody" (--conn-b)',
    ]);
  });

  test('features that are not built yet, by the keyword that asks for them', () => {
    expect(errors({ a: { leftid: 'west.example.net' } })).toEqual([
      'A: /a/west.conf:1: conn w-e: leftid=west.example.net: no name is looked up for an identity; leftid=@west.example.net is the name itself, so there is nothing to simulate',
    ]);
  });

  test('of B, also beside connections that could be', () => {
    const b =
      conn('w-e', { leftid: 'west.example.net' }) + conn('other', { left: '203.0.113.1', right: '203.0.113.2' });
    expect(errors({ b })).toEqual([
      'B: /b/east.conf:1: conn w-e: leftid=west.example.net: no name is looked up for an identity; leftid=@west.example.net is the name itself, so there is nothing to simulate',
    ]);
  });

  test('files with errors, or none', () => {
    expect(errors({ a: { leftsubnet: '10.0.1.0/40' } })[0]).toMatch(/^\/a\/west\.conf:\d+: \[conn w-e\] leftsubnet=: /);
    expect(errors({}, { a: { conf: '/a/nowhere.conf' } })).toEqual(['cannot read /a/nowhere.conf: ENOENT']);
    expect(errors({}, { a: { conf: '/a/west.conf', secrets: '/a/nowhere' } })).toEqual([
      'cannot read /a/nowhere: ENOENT',
    ]);
    expect(errors({ addresses: { a: 'here' } })).toEqual(['--address-a: expected an IPv4 or IPv6 address']);
  });

  test('more connections than anybody wants to read of', () => {
    const many = Array.from({ length: 40 }, (_, i) => conn(`c${i}`, { leftsubnet: `10.3.${i}.0/24` })).join('');
    expect(errors({ a: many, b: many })).toEqual([
      '40 connections face each other (c0, c1, c2...): name one with --conn',
    ]);
  });
});

test('one of ten thousand connections', () => {
  const others = Array.from({ length: 10_000 }, (_, i) =>
    conn(`c${i}`, { right: `198.18.${i >> 8}.${i & 255}`, auto: 'ignore' }),
  ).join('');
  const made = simulated({ a: others + conn() }, { conn: 'w-e' });
  expect(made.report.exit).toBe(0);
  expect(made.report.pairs).toHaveLength(1);
});
