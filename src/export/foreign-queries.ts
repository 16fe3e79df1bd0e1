import type { Attributes, Histogram, Meter } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';
import { catalogue } from '../catalogue/index.ts';
import { guarded, publish } from '../observe.ts';

const OURS = 'gaugeway';

/**
 * Tells monitors, and the counter of slow queries, of the queries that other instrumentations (of pg, mysql2, mongodb, ...)
 * record in our provider: each one, whatever the sampling of traces. Their own points stay the only ones.
 */
export function observeForeignQueries(provider: MeterProvider): void {
  const getMeter = provider.getMeter.bind(provider);
  const watched = new WeakSet<Meter>();
  provider.getMeter = (name, version, options) => {
    const meter = getMeter(name, version, options);
    if (name !== OURS && !watched.has(meter)) watch(meter);
    watched.add(meter);
    return meter;
  };
}

function watch(meter: Meter): void {
  const createHistogram = meter.createHistogram.bind(meter);
  meter.createHistogram = (name, options) => {
    const histogram = createHistogram(name, options);
    if (name === catalogue.dbOperationDuration.name) watchRecords(histogram);
    return histogram;
  };
}

function watchRecords(histogram: Histogram): void {
  const record = histogram.record.bind(histogram);
  histogram.record = (seconds, attributes, context) => {
    record(seconds, attributes, context);
    guarded('a query of another instrumentation', () => tell(seconds * 1000, attributes ?? {}));
  };
}

function tell(durationMs: number, attributes: Attributes): void {
  if (!Number.isFinite(durationMs) || durationMs < 0) return;
  const text = (key: string): string | undefined => {
    const value = attributes[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  publish(
    Object.freeze({
      kind: 'db_query',
      system: text('db.system.name') ?? 'other_sql',
      operation: text('db.operation.name'),
      collection: text('db.collection.name'),
      namespace: text('db.namespace'),
      startTime: Date.now() - durationMs,
      durationMs,
      errorType: text('error.type'),
      recordedElsewhere: true,
    }),
  );
}
