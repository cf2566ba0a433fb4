/** Children of several protocols in whole daemons: what their data planes are told, all of it or nothing. */
import { describe, expect, test } from 'vitest';
import { conn, type HouseOptions, town } from './town.ts';

const V1 = { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048' };
const SHAPES: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ['ESP', { esp: 'aes128-sha1' }, ['esp']],
  ['AH', { phase2: 'ah', ah: 'sha2_256' }, ['ah']],
  ['ESP+IPComp', { esp: 'aes128-sha1', compress: 'yes' }, ['esp', 'ipcomp']],
  ['AH+IPComp', { phase2: 'ah', ah: 'sha1', compress: 'yes' }, ['ah', 'ipcomp']],
  ['AH+ESP', { phase2: 'esp+ah', esp: 'aes128-sha1', ah: 'sha1' }, ['ah', 'esp']],
  ['AH+ESP+IPComp', { phase2: 'esp+ah', esp: 'aes128-sha1', ah: 'sha1', compress: 'yes' }, ['ah', 'esp', 'ipcomp']],
];

const v1Town = (changes: Readonly<Record<string, string>>) => {
  const house: Partial<HouseOptions> = { ikev1Policy: 'accept' };
  return town({ both: conn('w-e', { ...V1, ...changes }), west: house, east: house });
};
const protocols = (sas: readonly { readonly protocol: string }[]) => sas.map((s) => s.protocol).toSorted();

describe.each(SHAPES)('%s', (_name, changes, layers) => {
  test('comes, is rekeyed, and goes', () => {
    const { west, east, clock } = v1Town(changes);
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    for (const { plane } of [west, east]) {
      expect(protocols(plane.inbound())).toEqual(layers);
      expect(protocols(plane.outbound())).toEqual(layers);
      expect([...plane.reserved]).toEqual([]);
      const tunnels = [...plane.sas.values()].filter(({ mode }) => mode === 'tunnel');
      expect(tunnels.map(({ protocol }) => protocol)).toEqual([tunnels[0].protocol, tunnels[0].protocol]);
      const [policy] = [...plane.policies.values()];
      expect(policy.tunnel?.layers?.toSorted() ?? [policy.tunnel?.protocol]).toEqual(layers);
      if (layers.length > 1) expect(policy.tunnel?.layers?.[0]).toBe(tunnels[0].protocol);
    }
    const before = new Set(west.plane.sas.keys());
    const rekeyed = west.whack({ kind: 'rekey-child', name: 'w-e' });
    clock.advance(1_000);
    expect(rekeyed.exit).toBe(0);
    expect(protocols([...west.plane.sas].filter(([key]) => !before.has(key)).map(([, s]) => s))).toEqual(
      [...layers, ...layers].toSorted(),
    );
    expect(west.whack({ kind: 'terminate', name: 'w-e' }).exit).toBe(0);
    clock.advance(60_000);
    for (const { plane, crashes } of [west, east]) {
      expect([plane.sas.size, plane.policies.size, plane.reserved.size]).toEqual([0, 0, 0]);
      expect(plane.mistakes).toEqual([]);
      expect(crashes).toEqual([]);
    }
  });

  test('a data plane that takes but a part of it has nothing in the end', () => {
    for (let at = 0; at < 2 * layers.length; at++) {
      const { west, east, clock } = v1Town({ ...changes, keyingtries: '1' });
      let asked = 0;
      west.plane.refuses = (what) => (what === 'sa' && asked++ === at ? 'no room' : undefined);
      west.whack({ kind: 'initiate', name: 'w-e', asynchronous: true });
      clock.advance(1_000);
      expect(asked).toBeGreaterThan(at);
      west.whack({ kind: 'terminate', name: 'w-e' });
      clock.advance(60_000);
      for (const { plane, crashes } of [west, east]) {
        expect([plane.sas.size, plane.policies.size]).toEqual([0, 0]);
        expect(crashes).toEqual([]);
      }
    }
  });
});

describe('a trap of compress=yes', () => {
  const layers = (plane: ReturnType<typeof v1Town>['west']['plane']) =>
    [
      ...new Set([...plane.policies.values()].map(({ tunnel }) => tunnel?.layers?.join('+') ?? tunnel?.protocol)),
    ].join();

  test.each([
    ['before the tunnel', true],
    ['beside it', false],
  ])('laid %s: what was agreed on is in force while there is a tunnel, and the trap after it', (_when, isBefore) => {
    const house: Partial<HouseOptions> = { ikev1Policy: 'accept' };
    const plain = { ...V1, esp: 'aes128-sha1' };
    const { west, clock } = town({
      west: { ...house, conf: conn('w-e', { ...plain, compress: 'yes' }) },
      east: { ...house, conf: conn('w-e', plain) },
    });
    if (isBefore) west.whack({ kind: 'route', name: 'w-e' });
    expect(west.whack({ kind: 'initiate', name: 'w-e' }).exit).toBe(0);
    if (!isBefore) west.whack({ kind: 'route', name: 'w-e' });
    expect(layers(west.plane)).toBe('esp');
    west.whack({ kind: 'terminate', name: 'w-e' });
    clock.advance(60_000);
    expect(layers(west.plane)).toBe('ipcomp+esp');
    west.whack({ kind: 'unroute', name: 'w-e' });
    expect(west.plane.policies.size).toBe(0);
    expect(west.plane.mistakes).toEqual([]);
  });
});
