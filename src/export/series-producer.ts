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
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import { catchUp } from '../backlog.ts';
import type { InstrumentSpec } from '../catalogue/index.ts';
import type { HistogramSeries, SeriesStore, SumSeries } from '../series-store.ts';
import { VERSION } from '../version.ts';

type Histogram = HistogramMetricData['dataPoints'][number]['value'];

/** What a delta leaves out: all that was told before. */
interface Told {
  readonly endTime: number;
  readonly sum: number;
  readonly counts: readonly number[];
}

/** Hands the kept series to one metric reader; each reader has a producer of its own, as deltas are counted per reader. */
export function createSeriesProducer(
  store: SeriesStore,
  aggregationTemporality: AggregationTemporality = AggregationTemporality.CUMULATIVE,
): MetricProducer {
  const told = new WeakMap<SumSeries, Told>();
  const isDelta = aggregationTemporality === AggregationTemporality.DELTA;

  /** What to leave out of a series, having noted that it is told now. */
  const tell = (series: SumSeries & { readonly counts?: readonly number[] }, now: number): Told | undefined => {
    if (!isDelta) return undefined;
    const before = told.get(series);
    told.set(series, { endTime: now, sum: series.sum, counts: [...(series.counts ?? [])] });
    return before;
  };

  const sumPoint = (series: SumSeries, now: number): DataPoint<number> | undefined => {
    const before = tell(series, now);
    const value = series.sum - (before?.sum ?? 0);
    if (before !== undefined && value === 0) return undefined;
    return { attributes: series.attributes, ...between(before?.endTime ?? series.startTime, now), value };
  };

  const histogramPoint = (series: HistogramSeries, now: number): DataPoint<Histogram> | undefined => {
    const before = tell(series, now);
    const counts = series.counts.map((count, bucket) => count - (before?.counts[bucket] ?? 0));
    const count = counts.reduce((total, each) => total + each, 0);
    if (count === 0) return undefined;
    const buckets = { boundaries: [...series.boundaries], counts };
    const sum = series.sum - (before?.sum ?? 0);
    return {
      attributes: series.attributes,
      ...between(before?.endTime ?? series.startTime, now),
      // The extremes of an interval are not kept.
      value: isDelta ? { buckets, sum, count } : { buckets, sum, count, min: series.min, max: series.max },
    };
  };

  return {
    async collect(): Promise<CollectionResult> {
      catchUp();
      const now = Date.now();
      const metrics: (SumMetricData | HistogramMetricData)[] = [];
      for (const [spec, all] of store.counters()) {
        const dataPoints = present([...all].map((series) => sumPoint(series, now)));
        if (dataPoints.length === 0) continue;
        const descriptor = describe(spec, spec.integer === true ? ValueType.INT : ValueType.DOUBLE);
        const dataPointType = DataPointType.SUM;
        metrics.push({ descriptor, aggregationTemporality, dataPointType, isMonotonic: true, dataPoints });
      }
      for (const [spec, all] of store.histograms()) {
        const dataPoints = present([...all].map((series) => histogramPoint(series, now)));
        if (dataPoints.length === 0) continue;
        const descriptor = describe(spec, ValueType.DOUBLE);
        metrics.push({ descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints });
      }
      const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: 'gaugeway', version: VERSION }, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

function describe({ name, description, unit }: InstrumentSpec, valueType: ValueType) {
  return { name, description, unit, valueType };
}

function between(start: number, end: number): { readonly startTime: HrTime; readonly endTime: HrTime } {
  return { startTime: millisToHrTime(start), endTime: millisToHrTime(end) };
}

function present<T>(points: readonly (T | undefined)[]): T[] {
  return points.filter((point) => point !== undefined);
}
