import type { Instruments } from '../instruments.ts';
import type { CacheLookup, DbQuery } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordDbQuery(to: Instruments, { none }: BoundedAttributes, query: DbQuery): void {
  const base = none.given('db.operation.name', query.operation).given('db.collection.name', query.collection);
  // Recorded as 0 too: a series that is born with its first slow query hides it from a rate.
  to.with('dbSlowQueries', base).record(query.durationMs > thresholds().dbQueryMs ? 1 : 0);
  if (query.recordedElsewhere) return;
  const ended = base
    .given('db.system.name', query.system)
    .given('db.namespace', query.namespace)
    .given('error.type', query.errorType);
  to.with('dbOperationDuration', ended).record(query.durationMs / 1000);
}

export function recordCacheLookup(to: Instruments, attributes: BoundedAttributes, lookup: CacheLookup): void {
  to.with('modelCache', attributes.model(lookup).with('gaugeway.cache.result', lookup.result)).record(1);
}
