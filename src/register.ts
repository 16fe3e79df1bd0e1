import { createRequire } from 'node:module';
import { withQuickResolution } from './quick-resolution.ts';

// Loaded by `require`, which is synchronous: with static imports a disabled process would pay for all of it, and with a
// top-level await `node --require gaugeway/register` would not work.
if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() !== 'true') {
  const load = createRequire(import.meta.url);
  try {
    withQuickResolution(() => {
      const { setup } = load('./setup.js') as typeof import('./setup.ts');
      setup();
    });
  } catch (error) {
    const { warn } = load('./diagnostics.js') as typeof import('./diagnostics.ts');
    warn(`nothing is measured, setting up failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
