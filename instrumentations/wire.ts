import { defineInstrumentation } from '../src/instrumentation.ts';
import type { ModelEndpoint } from '../src/options.ts';
import { Endpoints } from './wire/endpoints.ts';
import { watchUndici } from './wire/undici.ts';

/** Model calls, read from the HTTP wire: every SDK and version that sends through `fetch` or undici. */
export const wireInstrumentation = defineInstrumentation<{ readonly modelEndpoints?: readonly ModelEndpoint[] }>({
  library: 'wire',
  hook: (_, { modelEndpoints = [] }) => watchUndici(new Endpoints(modelEndpoints)),
});
