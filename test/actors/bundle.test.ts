/** What the data plane is told of a child of several protocols. */
import { expect, test } from 'vitest';
import { bundled, companions, layersOf, layersWanted } from '../../src/actors/bundle.ts';
import { integByName } from '../../src/ike/crypto/algorithms.ts';
import type { ChildInstall } from '../../src/ike/effects.ts';
import type { SaSpec } from '../../src/kernel/port.ts';
import { Address } from '../../src/net/address.ts';
import { proposals } from '../ike/v1/pair.ts';
import { policyFor } from '../ike/v2/policies.ts';
import { sa } from '../kernel/scene.ts';

const sha1 = integByName('sha1')!;
const keys = { keyIn: new Uint8Array(20).fill(1), keyOut: new Uint8Array(20).fill(2) };
const ah = { spiIn: 0x3001, spiOut: 0x3002, ...keys };
const ipcomp = { cpiIn: 0x1001, cpiOut: 0x1002 };
const main: SaSpec = {
  ...sa('west', 'west', {}),
  encapsulation: { srcPort: 4500, dstPort: 4500 },
  soft: { bytes: 5 },
  hard: { bytes: 10 },
};
const install = (more: Partial<ChildInstall>): ChildInstall =>
  ({ suite: { protocol: 'esp', encrBits: 128, esn: false, ah: sha1 }, ...more }) as ChildInstall;

test('from the inside out: the inmost makes the tunnel, what is around it carries anything', () => {
  const specs = bundled(main, install({ ah, ipcomp }));
  expect(specs.map(({ protocol, mode, spi }) => [protocol, mode, spi])).toEqual([
    ['ipcomp', 'tunnel', main.direction === 'in' ? 0x1001 : 0x1002],
    ['esp', 'transport', main.spi],
    ['ah', 'transport', main.direction === 'in' ? 0x3001 : 0x3002],
  ]);
  expect(specs.map(({ selectors }) => selectors.length)).toEqual([main.selectors.length, 0, 0]);
  expect(specs.map(({ encapsulation }) => encapsulation !== undefined)).toEqual([false, true, false]);
  expect(specs.map(({ hard }) => hard)).toEqual([undefined, main.hard, undefined]);
  expect(specs[0].algorithms).toEqual({ compression: { name: 'deflate' } });
  expect(specs[2].algorithms).toMatchObject({ integrity: { name: sha1.kernel, icvBits: 96 } });
});

test('each direction has its own SPIs and keys', () => {
  for (const direction of ['in', 'out'] as const) {
    const specs = bundled({ ...main, direction }, install({ ah, ipcomp }));
    const isInbound = direction === 'in';
    expect(specs.map(({ spi }) => spi)).toEqual([isInbound ? 0x1001 : 0x1002, main.spi, isInbound ? 0x3001 : 0x3002]);
    const around = specs[2].algorithms;
    expect('integrity' in around && around.integrity?.key).toBe(isInbound ? keys.keyIn : keys.keyOut);
    const dst = Address.parse('192.0.2.1')!;
    expect(companions(install({ ah, ipcomp }), direction, dst)).toEqual([
      { protocol: 'ah', dst, spi: isInbound ? 0x3001 : 0x3002 },
      { protocol: 'ipcomp', dst, spi: isInbound ? 0x1001 : 0x1002 },
    ]);
  }
});

test('layers: what is agreed, and what a trap leads to', () => {
  const plain = { suite: { protocol: 'esp' } } as ChildInstall;
  expect(layersOf(plain)).toBeUndefined();
  expect(layersOf(install({ ipcomp }))).toEqual(['ipcomp', 'esp']);
  expect(layersOf(install({ ah }))).toEqual(['esp', 'ah']);
  expect(layersOf(install({ ah, ipcomp }))).toEqual(['ipcomp', 'esp', 'ah']);
  const { child } = policyFor('west');
  expect(layersWanted(child)).toBeUndefined();
  // Policies are told apart by it: one list for all.
  expect(layersWanted({ ...child, compress: true })).toBe(layersOf(install({ ipcomp })));
  expect(layersWanted({ ...child, proposals: proposals('ah', 'sha1'), compress: true })).toEqual(['ipcomp', 'ah']);
});
