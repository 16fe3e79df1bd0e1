import { expect, it } from 'vitest';
import { renderMonitoring } from '../../monitoring/index.ts';

it.each(renderMonitoring().files)(
  '$path is what its sources say; `npm run render` refreshes it',
  async ({ path, text }) => {
    await expect(text).toMatchFileSnapshot(`../../${path}`);
  },
);
