import { expect, test } from 'vitest';
import { metricsPage } from './page.ts';

test('docs/metrics.md has every metric; if not: vitest -u', async () => {
  await expect(metricsPage()).toMatchFileSnapshot('../../docs/metrics.md');
});
