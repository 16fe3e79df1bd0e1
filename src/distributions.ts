import type { Attributes } from '@opentelemetry/api';
import type { InstrumentSpec } from './catalogue/index.ts';
import type { Distribution } from './observations.ts';
import { drop } from './observe.ts';

/** One set of attributes with everything that was added to it since `startTime`, Unix milliseconds. */
export interface DistributionSeries {
  readonly attributes: Attributes;
  readonly startTime: number;
  readonly counts: number[];
  sum: number;
  min: number;
  max: number;
}

/** As the SDK's own limit; the last series takes what is beyond. */
const MAX_SERIES = 2000;
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

/**
 * Histograms that grow by whole distributions. The metrics API takes one value at a time, for a microsecond each: too
 * much for every chunk of every stream.
 */
export class Distributions {
  readonly #instruments = new Map<InstrumentSpec, Map<string, DistributionSeries>>();

  add(spec: InstrumentSpec, attributes: Attributes, added: Distribution): void {
    if (!Number.isFinite(added.sum) || added.min < 0) return drop('invalid_value');
    const series = this.#series(spec, attributes);
    for (const [bucket, count] of added.counts.entries()) series.counts[bucket] = (series.counts[bucket] ?? 0) + count;
    series.sum += added.sum;
    series.min = Math.min(series.min, added.min);
    series.max = Math.max(series.max, added.max);
  }

  /** Every instrument that something was added to. */
  instruments(): Iterable<[InstrumentSpec, Iterable<DistributionSeries>]> {
    return [...this.#instruments].map(([spec, series]) => [spec, series.values()]);
  }

  #series(spec: InstrumentSpec, given: Attributes): DistributionSeries {
    let all = this.#instruments.get(spec);
    if (all === undefined) {
      all = new Map();
      this.#instruments.set(spec, all);
    }
    let key = JSON.stringify(spec.attributes.map((name) => given[name]));
    let attributes = given;
    if (!all.has(key) && all.size >= MAX_SERIES - 1) {
      key = 'overflow';
      attributes = OVERFLOW;
    }
    let series = all.get(key);
    if (series === undefined) {
      const min = Number.POSITIVE_INFINITY;
      series = { attributes, startTime: Date.now(), counts: [], sum: 0, min, max: 0 };
      all.set(key, series);
    }
    return series;
  }
}
