import { type HrTime, ValueType } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type HistogramMetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { DistributionSeries, Distributions } from '../distributions.ts';
import { VERSION } from '../version.ts';

type Histogram = HistogramMetricData['dataPoints'][number]['value'];

/** What a delta leaves out: all that was told before. */
interface Told {
  readonly endTime: number;
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Hands distributions to one metric reader; each reader has a producer of its own, as deltas are counted per reader. */
export function createDistributionProducer(
  distributions: Distributions,
  aggregationTemporality: AggregationTemporality = AggregationTemporality.CUMULATIVE,
): MetricProducer {
  const told = new WeakMap<DistributionSeries, Told>();
  const isDelta = aggregationTemporality === AggregationTemporality.DELTA;

  const point = (series: DistributionSeries, now: number): DataPoint<Histogram> | undefined => {
    const before = isDelta ? told.get(series) : undefined;
    const counts = series.counts.map((count, bucket) => count - (before?.counts[bucket] ?? 0));
    const count = counts.reduce((total, each) => total + each, 0);
    if (count === 0) return undefined;
    if (isDelta) told.set(series, { endTime: now, counts: [...series.counts], sum: series.sum });
    const buckets = { boundaries: [...series.boundaries], counts };
    const sum = series.sum - (before?.sum ?? 0);
    return {
      attributes: series.attributes,
      startTime: time(before?.endTime ?? series.startTime),
      endTime: time(now),
      // The extremes of an interval are not kept.
      value: isDelta ? { buckets, sum, count } : { buckets, sum, count, min: series.min, max: series.max },
    };
  };

  return {
    async collect(): Promise<CollectionResult> {
      const now = Date.now();
      const metrics: HistogramMetricData[] = [];
      for (const [spec, all] of distributions.instruments()) {
        const dataPoints = [...all].map((series) => point(series, now)).filter((each) => each !== undefined);
        if (dataPoints.length === 0) continue;
        const { name, description, unit } = spec;
        metrics.push({
          descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
          aggregationTemporality,
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints,
        });
      }
      const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: 'gaugeway', version: VERSION }, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

function time(milliseconds: number): HrTime {
  return millisToHrTime(milliseconds);
}
