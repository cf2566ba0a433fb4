import { expect, test } from 'vitest';
import { Loading } from '../../src/actors/loading.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { Heard } from './heard.ts';
import { conn, connsIn, EAST, type House, town, WEST } from './town.ts';

const started = conn('w-e', { auto: 'start' });
const loadingOf = ({ world, connections }: House) => new Loading({ world, connections });
const many = (n: number, changes: (i: number) => Record<string, string> = () => ({})) =>
  Array.from({ length: n }, (_, i) => conn(`c${i}`, changes(i))).join('');

test('a conn with auto=start that is nobody’s here begins when its address has come', () => {
  const { west, clock } = town({ both: '' });
  const { interfaces } = west;
  west.interfaces = [];
  west.load(started);
  clock.settle();
  const unoriented = `"w-e": added unoriented IKEv2 connection (neither left=${WEST} nor right=${EAST} match an interface)`;
  expect(west.log.at(-1)).toBe(unoriented);
  west.connections.reorient();
  clock.advance(10);
  expect(west.log.at(-1)).toBe(unoriented);
  expect(west.log.filter((line) => line === unoriented)).toHaveLength(1);
  west.interfaces = interfaces;
  west.connections.reorient();
  clock.settle();
  expect(west.log).toContainEqual(expect.stringMatching(/^"w-e" #1: initiating IKEv2 connection/));
});

test('a conn whose ends are both ours says so', () => {
  const { west } = town({ both: '' });
  west.load(conn('w-e', { right: WEST, rightikeport: '4510' }));
  expect(west.log.at(-1)).toBe(
    `"w-e": added unoriented IKEv2 connection (both left=${WEST} and right=${WEST} match an interface)`,
  );
});

test.each([
  ['drop', 56, 'failed to add connection: ikev1-policy=drop allows no IKEv1 connections'],
  ['reject', 56, 'failed to add connection: ikev1-policy=reject allows no IKEv1 connections'],
  ['accept', 0, 'added IKEv1 connection'],
] as const)('with ikev1-policy=%s whack adding IKEv1 ends with %i', (ikev1Policy, exit, text) => {
  const { west } = town({ west: { ikev1Policy } });
  const keywords = { left: WEST, right: EAST, authby: 'secret', keyexchange: 'ikev1' };
  const text1 = { name: 'v1', file: 'whack', line: 0, keywords };
  const added = west.whack({ kind: 'add', conn: text1 });
  expect(added.exit).toBe(exit);
  expect(added.text).toContain(`"v1": ${text}`);
});

test('the file’s conns are loaded a few to a step, all but auto=ignore, and said once what has no effect yet', () => {
  const { west, clock } = town({ both: '' });
  const conns = connsIn(
    many(600, (i) => (i % 100 === 7 ? { leftid: 'w.example.net' } : i === 8 ? { auto: 'ignore' } : {})),
  );
  let isLoaded = false;
  loadingOf(west).start('/etc/ipsec.conf', conns, () => {
    isLoaded = true;
  });
  const sizes: number[] = [];
  const look = () => {
    sizes.push(west.world.registry.size);
    if (!isLoaded) clock.soon(look);
  };
  look();
  clock.settle();
  expect(isLoaded).toBe(true);
  expect([sizes[0], sizes.at(-1)]).toEqual([0, 599]);
  expect(Math.max(...sizes.slice(1).map((size, i) => size - sizes[i]))).toBeLessThan(300);
  expect(west.log.filter((line) => line.includes('but not negotiated'))).toEqual([
    '"c7": leftid=w.example.net: no name is looked up for an identity; leftid=@w.example.net is the name itself: the connection can be loaded but not negotiated (so are 5 more)',
  ]);
});

const trap = (name: string, changes: Record<string, string> = {}) => conn(name, { auto: 'ondemand', ...changes });
const config = '/etc/ipsec.conf';
const loadingFrom = ({ world, connections }: House, files: Record<string, string>) =>
  new Loading({ world, connections, fs: memoryFiles(files) });

test('load replaces what is there, begins it, and says only what went wrong and how many', () => {
  const { west, clock } = town({ both: conn('a') });
  const before = west.world.registry.named('a')?.serial;
  const heard = new Heard();
  const file = [trap('a'), trap('b', { right: '"x y z"' }), trap('c', { leftid: 'w.example.net' })];
  const unwanted = [trap('d', { auto: 'ignore', right: '"x y z"' }), 'conn half\n\tauto=add\n\tleft=192.0.2.1\n'];
  loadingFrom(west, { [config]: [...file, ...unwanted].join('') }).load({ kind: 'load', config }, heard);
  clock.settle();
  expect(west.world.registry.named('a')?.serial).not.toBe(before);
  expect([...west.world.registry.entries()].map((entry) => entry.conn.name)).toEqual(['a', 'c']);
  expect(heard.lines.map((l) => l.text)).toEqual([
    expect.stringContaining('[conn b] right=: expected an address'),
    expect.stringContaining('[conn c] warning: leftid='),
    '"b": failed to add connection',
    '"c": leftid=w.example.net: no name is looked up for an identity; leftid=@w.example.net is the name itself: the connection can be loaded but not negotiated',
    'loaded 2 connections',
  ]);
  expect(heard.exit).toBe(56);
  expect(west.plane.policies.size).toBeGreaterThan(0);
});

test.each([
  ['a keyword that nobody knows', 'conn b\n\tautby=secret\n', 'unknown keyword "autby"'],
  ['an also= of nothing', 'conn b\n\talso=gone\n', 'there is no conn "gone"'],
])('with %s in the file nothing is loaded', (_, wrong, said) => {
  const { west, clock } = town({ both: conn('a') });
  const before = west.world.registry.named('a')?.serial;
  const heard = new Heard();
  loadingFrom(west, { [config]: trap('a') + trap('c') + wrong }).load({ kind: 'load', config }, heard);
  clock.settle();
  expect([heard.exit, west.world.registry.size, west.world.registry.named('a')?.serial]).toEqual([56, 1, before]);
  expect(heard.lines.map((l) => l.text)).toEqual([
    expect.stringContaining(said),
    '/etc/ipsec.conf: nothing was loaded',
  ]);
});

test('a file of connections is loaded a few to a step', () => {
  const { west, clock } = town({ both: '' });
  const heard = new Heard();
  loadingFrom(west, { [config]: Array.from({ length: 900 }, (_, i) => trap(`c${i}`)).join('') }).load(
    { kind: 'load', config },
    heard,
  );
  const sizes: number[] = [];
  const look = () => {
    sizes.push(west.world.registry.size);
    if (heard.exit === undefined) clock.soon(look);
  };
  look();
  clock.settle();
  expect([heard.exit, sizes.at(-1)]).toEqual([0, 900]);
  expect(Math.max(...sizes.slice(1).map((size, i) => size - sizes[i]))).toBeLessThan(300);
});

test('reload knows what was loaded from the file: a connection that has gone from it is removed', () => {
  const { west, clock } = town({ both: '' });
  const files = { [config]: trap('a') + trap('b') };
  const loading = loadingFrom(west, files);
  loading.load({ kind: 'load', config }, new Heard());
  clock.settle();
  files[config] = trap('b');
  loading.reload({ kind: 'reload', config }, new Heard());
  clock.settle();
  expect([...west.world.registry.entries()].map((entry) => entry.conn.name)).toEqual(['b']);
});

test('one thing after the other: what is asked meanwhile waits, also behind one that crashes', () => {
  const { west, clock } = town({ both: '' });
  const other = '/etc/other.conf';
  const loading = loadingFrom(west, { [config]: trap('x'), [other]: trap('x', { auto: 'add' }) });
  loading.start(config, connsIn(many(300)), () => {
    throw new Error('a slip of ours');
  });
  const [first, second] = [new Heard(), new Heard()];
  loading.load({ kind: 'load', config }, first);
  loading.load({ kind: 'load', config: other }, second);
  expect(first.exit).toBeUndefined();
  clock.settle();
  expect(west.crashes).toEqual(['/connections/start: a slip of ours']);
  expect([first.exit, second.exit]).toEqual([0, 0]);
  expect(west.world.registry.named('x')?.conn.auto).toBe('add');
});
