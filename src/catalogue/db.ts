import { DATABASE } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

/** Queries that the application told, or ran through `queries.run`. */
export const db = {
  dbOperationDuration: {
    name: 'db.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of an operation of a database client.',
    attributes: ['db.system.name', 'db.operation.name', 'db.collection.name', 'db.namespace', 'error.type'],
    buckets: DATABASE,
    shared: true,
  },
  dbSlowQueries: {
    name: 'gaugeway.db.slow_queries',
    kind: 'counter',
    unit: '{query}',
    description: 'Queries that took longer than the threshold of `dbQueryMs`.',
    attributes: ['db.operation.name', 'db.collection.name'],
    integer: true,
  },
} as const satisfies Record<string, InstrumentSpec>;
