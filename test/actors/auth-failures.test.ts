/** Who is not believed is counted by why, at both ends, under labels that nobody else can make up. */
import { expect, test } from 'vitest';
import { DISTRUST } from '../../src/ike/distrust.ts';
import { conn, type House, PSK, town } from './town.ts';

const counted = ({ world }: House) =>
  DISTRUST.flatMap((kind) => {
    const count = world.stats.authFailures.of(kind);
    return count > 0 ? [`${kind} ${count}`] : [];
  });

test.each([
  ['nobody is lost on the way', {}, {}, []],
  ['whom nobody knows', { leftid: '@mallory' }, {}, ['unknown-identity 1']],
  ['with another secret', {}, { secrets: ': PSK "sardine"\n' }, ['wrong-secret 1']],
  ['for whom there is no secret', {}, { secrets: '@east @mary : PSK "swordfish"\n' }, ['no-secret 1']],
  ['by another way than ours', {}, { conf: conn('w-e', { authby: 'ecdsa', rightrsasigkey: undefined }) }, ['method 1']],
])('%s', (_, changes, east, expected) => {
  const conf = conn('w-e', { keyingtries: '1', ...changes });
  const both = town({ west: { conf, secrets: ': PSK "swordfish"\n' }, east: { secrets: PSK, ...east } });
  both.west.whack({ kind: 'initiate', name: 'w-e' });
  expect(counted(both.east)).toEqual(expected);
  expect(counted(both.west)).toEqual(expected.length > 0 ? ['peer 1'] : []);
});

test('names that a peer makes up make no series', () => {
  const { west, east } = town({ west: { conf: conn('w-e', { leftid: '@mallory', keyingtries: '1' }) } });
  const series = () =>
    east.world.stats.registry.layout().flatMap(({ metric, series: all }) => (metric === 'authFailures' ? all : []));
  const before = series().length;
  west.whack({ kind: 'initiate', name: 'w-e' });
  expect([before, series().length]).toEqual([DISTRUST.length, DISTRUST.length]);
});
