import { createRequire } from 'node:module';
import { warn } from './diagnostics.ts';

// Loaded by `require`, which is synchronous: with a static import a disabled process would pay for all of it, and with
// a top-level await `node --require gaugeway/register` would not work.
if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() !== 'true') {
  try {
    const { setup } = createRequire(import.meta.url)('./setup.js') as typeof import('./setup.ts');
    setup();
  } catch (error) {
    warn(`nothing is measured, setting up failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
