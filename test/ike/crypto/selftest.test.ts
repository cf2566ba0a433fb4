import { expect, test } from 'vitest';
import { ENCRS, GROUPS, PRFS } from '../../../src/ike/crypto/algorithms.ts';
import { selfTests } from '../../../src/ike/crypto/selftest.ts';

test('every algorithm that IKE uses is tried, and works here', () => {
  const results = [...selfTests()];
  expect(results.filter((r) => r.fault !== undefined)).toEqual([]);
  const names = results.map((r) => r.name);
  for (const { name } of PRFS) expect(names).toContain(`PRF ${name}`);
  for (const { name } of GROUPS.filter((g) => g.id !== 0)) expect(names).toContain(`DH ${name}`);
  for (const { name } of ENCRS.filter((a) => a.ike))
    expect(names.some((n) => n.startsWith(`ENCR ${name}_`))).toBe(true);
});
