import {
  AggregationTemporality,
  type AggregationTemporalitySelector,
  InstrumentType,
} from '@opentelemetry/sdk-metrics';

/**
 * An observed gauge that is not reported any more must not be exported any more. The SDK does so for deltas only: else it
 * repeats the last value for ever. What is exported of a gauge has no temporality.
 */
export function forgettingGauges(select?: AggregationTemporalitySelector): AggregationTemporalitySelector {
  return (type) =>
    type === InstrumentType.OBSERVABLE_GAUGE
      ? AggregationTemporality.DELTA
      : (select?.(type) ?? AggregationTemporality.CUMULATIVE);
}
