import { expect, it } from 'vitest';
import { configurationPage, metricsPage } from '../../monitoring/pages.ts';

it('docs/metrics.md is what the catalogue says; `npm run render` refreshes it', async () => {
  await expect(metricsPage()).toMatchFileSnapshot('../../docs/metrics.md');
});

it('docs/configuration.md is what the options say; `npm run render` refreshes it', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../docs/configuration.md');
});
