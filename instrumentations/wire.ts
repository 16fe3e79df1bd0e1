import { defineInstrumentation } from '../src/instrumentation.ts';
import type { ModelEndpoint } from '../src/options.ts';
import { Endpoints } from './wire/endpoints.ts';
import { Exchanges } from './wire/exchanges.ts';
import { watchNodeHttp } from './wire/node-http.ts';
import { watchUndici } from './wire/undici.ts';

/** Model calls, read from the HTTP wire: every SDK and version that sends through `fetch`, undici or `node:http`. */
export const wireInstrumentation = defineInstrumentation<{ readonly modelEndpoints?: readonly ModelEndpoint[] }>({
  library: 'wire',
  hook(_, { modelEndpoints = [] }) {
    const exchanges = new Exchanges(new Endpoints(modelEndpoints));
    const stops = [watchUndici(exchanges), watchNodeHttp(exchanges)];
    return () => {
      for (const stop of stops) stop();
      exchanges.close();
    };
  },
});
