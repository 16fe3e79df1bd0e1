import type { Attributes } from '@opentelemetry/api';
import { attributeKeysOf } from './attribute-keys.ts';
import { boundariesOf } from './boundaries.ts';
import type { InstrumentSpec } from './catalogue/index.ts';
import type { Distribution } from './observations.ts';
import { drop } from './observe.ts';

/** One set of attributes with everything that was added to it since `startTime`, Unix milliseconds. */
export interface DistributionSeries {
  readonly attributes: Attributes;
  readonly startTime: number;
  readonly boundaries: readonly number[];
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
  /** Instruments that are recorded here value by value too, because every reader is known to read from here. */
  readonly direct = new Set<InstrumentSpec>();
  readonly #monitorTags: readonly string[];

  /** @param monitorTags keys of tags of monitors that are attributes too */
  constructor(monitorTags: readonly string[] = []) {
    this.#monitorTags = monitorTags;
  }

  add(spec: InstrumentSpec, attributes: Attributes, added: Distribution): void {
    if (!Number.isFinite(added.sum) || added.min < 0) return drop('invalid_value');
    const series = this.#series(spec, attributes);
    for (const [bucket, count] of added.counts.entries()) series.counts[bucket] = (series.counts[bucket] ?? 0) + count;
    series.sum += added.sum;
    series.min = Math.min(series.min, added.min);
    series.max = Math.max(series.max, added.max);
  }

  /** One series, to be recorded value by value: the SDK would find it anew for each of them. */
  bind(spec: InstrumentSpec, attributes: Attributes): { record(value: number): void } {
    const series = this.#series(spec, attributes);
    const { boundaries, counts } = series;
    return {
      record(value) {
        if (!Number.isFinite(value) || value < 0) return drop('invalid_value');
        let bucket = 0;
        while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket++;
        counts[bucket] = (counts[bucket] as number) + 1;
        series.sum += value;
        if (value < series.min) series.min = value;
        if (value > series.max) series.max = value;
      },
    };
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
    let key = JSON.stringify(attributeKeysOf(spec, this.#monitorTags).map((name) => given[name]));
    let attributes = given;
    if (!all.has(key) && all.size >= MAX_SERIES - 1) {
      key = 'overflow';
      attributes = OVERFLOW;
    }
    let series = all.get(key);
    if (series === undefined) {
      const min = Number.POSITIVE_INFINITY;
      const boundaries = boundariesOf(spec);
      const counts = new Array<number>(boundaries.length + 1).fill(0);
      series = { attributes, startTime: Date.now(), boundaries, counts, sum: 0, min, max: 0 };
      all.set(key, series);
    }
    return series;
  }
}
