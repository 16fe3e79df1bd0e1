import type { Instruments } from '../instruments.ts';
import type { CacheLookup, DbQuery } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordDbQuery(to: Instruments, attributes: BoundedAttributes, query: DbQuery): void {
  const base = {
    'db.operation.name': attributes.bound('db.operation.name', query.operation),
    'db.collection.name': attributes.bound('db.collection.name', query.collection),
  };
  // Recorded as 0 too: a series that is born with its first slow query hides it from a rate.
  to.with('dbSlowQueries', base).record(query.durationMs > thresholds().dbQueryMs ? 1 : 0);
  if (query.recordedElsewhere) return;
  to.with('dbOperationDuration', {
    ...base,
    'db.system.name': attributes.bound('db.system.name', query.system),
    'db.namespace': attributes.bound('db.namespace', query.namespace),
    'error.type': attributes.errorType(query.errorType),
  }).record(query.durationMs / 1000);
}

export function recordCacheLookup(to: Instruments, attributes: BoundedAttributes, lookup: CacheLookup): void {
  to.with('modelCache', { ...attributes.model(lookup), 'gaugeway.cache.result': lookup.result }).record(1);
}
