import { APPLICATION } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

/** Named operations of the application. */
export const operations = {
  appOperationDuration: {
    name: 'gaugeway.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of a named operation.',
    attributes: ['gaugeway.operation.name', 'error.type'],
    buckets: APPLICATION,
    tagged: true,
  },
} as const satisfies Record<string, InstrumentSpec>;
