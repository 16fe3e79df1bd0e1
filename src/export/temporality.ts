import {
  AggregationTemporality,
  type AggregationTemporalitySelector,
  InstrumentType,
} from '@opentelemetry/sdk-metrics';
import type { ResolvedOptions } from '../options.ts';

type Temporality = ResolvedOptions['metricsTemporality'];

/** What is told as a change since the last export, by preference (OTLP metrics exporter, "additional configuration"). */
const DELTAS: Readonly<Record<Temporality, readonly InstrumentType[]>> = {
  cumulative: [],
  delta: [InstrumentType.COUNTER, InstrumentType.OBSERVABLE_COUNTER, InstrumentType.HISTOGRAM],
  lowmemory: [InstrumentType.COUNTER, InstrumentType.HISTOGRAM],
};

/**
 * Selects by preference. An observed gauge that is not reported any more must not be exported any more, which the SDK
 * does for deltas only: else it repeats the last value for ever. What is exported of a gauge has no temporality.
 */
export function temporalityOf(preference: Temporality = 'cumulative'): AggregationTemporalitySelector {
  const deltas = new Set([...DELTAS[preference], InstrumentType.OBSERVABLE_GAUGE]);
  return (type) => (deltas.has(type) ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE);
}
