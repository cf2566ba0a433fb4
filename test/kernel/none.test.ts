import { expect, test } from 'vitest';
import { openPlane } from '../../src/kernel/index.ts';
import { openNone } from '../../src/kernel/none.ts';
import { compliance, type Verdict } from './compliance.ts';

test('the plane that carries nothing keeps the same books as the others', async () => {
  const verdicts: Verdict[] = [];
  await compliance('none', openNone, {}, (verdict) => verdicts.push(verdict));
  expect(verdicts.filter((v) => !v.ok)).toEqual([]);
  expect(verdicts.length).toBeGreaterThan(10);
});

test('a plane asked for by name is that plane, and the log says so', () => {
  const opened = openPlane(
    'none',
    () => {},
    () => {},
  );
  expect(opened).toMatchObject({ plane: { name: 'none' }, story: 'data plane: none' });
});
