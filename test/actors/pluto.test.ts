import { expect, test } from 'vitest';
import { leasesLine } from '../../src/actors/pluto.ts';
import { Address } from '../../src/net/address.ts';

test('the log says at the start how many leases there were, and whether any are lost', () => {
  const lease = { address: Address.parse('10.0.0.1')!, identity: '@paul', heldUntil: 0 };
  const path = '/run/pluto/leases';
  expect(leasesLine({ leases: [], isWhole: true }, path)).toBe('leases: read 0 from /run/pluto/leases');
  expect(leasesLine({ leases: [lease], isWhole: true }, path)).toBe('leases: read 1 from /run/pluto/leases');
  expect(leasesLine({ leases: [lease], isWhole: false }, path)).toBe(
    'leases: read 1 from /run/pluto/leases, which is not all there were',
  );
});
