import type { Attributes } from '@opentelemetry/api';
import { boundariesOf } from './boundaries.ts';
import type { InstrumentSpec } from './catalogue/index.ts';
import type { Distribution } from './observations.ts';
import { drop } from './observe.ts';

/** One set of attributes of a counter, with everything that was added to it since `startTime`, Unix milliseconds. */
export interface SumSeries {
  readonly attributes: Attributes;
  readonly startTime: number;
  sum: number;
}

/** The same of a histogram. */
export interface HistogramSeries extends SumSeries {
  readonly boundaries: readonly number[];
  readonly counts: number[];
  min: number;
  max: number;
}

/** As the SDK's own limit; the last series takes what is beyond. */
const MAX_SERIES = 2000;
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

/**
 * Counters and histograms that are kept here instead of in the SDK, whose readers get them from a producer: the SDK
 * looks for the series anew for each value, for a microsecond each, and takes no whole distributions, as the chunks of
 * a stream give.
 */
export class SeriesStore {
  /** Instruments that are recorded here value by value, because every reader is known to read from here. */
  readonly direct = new Set<InstrumentSpec>();
  readonly #sums = new Map<InstrumentSpec, Map<string, SumSeries>>();
  readonly #histograms = new Map<InstrumentSpec, Map<string, HistogramSeries>>();

  /** One series of a histogram, to which many values are added at once. */
  bindMany(spec: InstrumentSpec, attributes: Attributes): { add(added: Distribution): void } {
    const series = this.#histogram(spec, attributes);
    const { counts } = series;
    return {
      add(added) {
        if (!Number.isFinite(added.sum) || added.min < 0) return drop('invalid_value');
        for (let bucket = 0; bucket < added.counts.length; bucket++) {
          counts[bucket] = (counts[bucket] ?? 0) + (added.counts[bucket] as number);
        }
        series.sum += added.sum;
        series.min = Math.min(series.min, added.min);
        series.max = Math.max(series.max, added.max);
      },
    };
  }

  /** One series of a counter or a histogram, to be recorded value by value. */
  bind(spec: InstrumentSpec, attributes: Attributes): { record(value: number): void } {
    if (spec.kind === 'counter') {
      const series = find(this.#sums, spec, attributes, () => ({ sum: 0 }));
      return {
        record(value) {
          if (!isPossible(value)) return drop('invalid_value');
          series.sum += value;
        },
      };
    }
    const series = this.#histogram(spec, attributes);
    const { boundaries, counts } = series;
    return {
      record(value) {
        if (!isPossible(value)) return drop('invalid_value');
        let bucket = 0;
        while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket++;
        counts[bucket] = (counts[bucket] as number) + 1;
        series.sum += value;
        if (value < series.min) series.min = value;
        if (value > series.max) series.max = value;
      },
    };
  }

  /** Every counter that something was added to. */
  counters(): Iterable<[InstrumentSpec, Iterable<SumSeries>]> {
    return [...this.#sums].map(([spec, series]) => [spec, series.values()]);
  }

  /** Every histogram that something was added to. */
  histograms(): Iterable<[InstrumentSpec, Iterable<HistogramSeries>]> {
    return [...this.#histograms].map(([spec, series]) => [spec, series.values()]);
  }

  #histogram(spec: InstrumentSpec, attributes: Attributes): HistogramSeries {
    return find(this.#histograms, spec, attributes, () => {
      const boundaries = boundariesOf(spec);
      const counts = new Array<number>(boundaries.length + 1).fill(0);
      return { boundaries, counts, sum: 0, min: Number.POSITIVE_INFINITY, max: 0 };
    });
  }
}

function find<Series extends SumSeries>(
  instruments: Map<InstrumentSpec, Map<string, Series>>,
  spec: InstrumentSpec,
  given: Attributes,
  create: () => Omit<Series, 'attributes' | 'startTime'>,
): Series {
  let all = instruments.get(spec);
  if (all === undefined) {
    all = new Map();
    instruments.set(spec, all);
  }
  let key = JSON.stringify(Object.entries(given).sort());
  let attributes = given;
  if (!all.has(key) && all.size >= MAX_SERIES - 1) {
    key = 'overflow';
    attributes = OVERFLOW;
  }
  let series = all.get(key);
  if (series === undefined) {
    series = { attributes, startTime: Date.now(), ...create() } as Series;
    all.set(key, series);
  }
  return series;
}

/** What a counter or a histogram can take: one NaN would turn it into NaN for ever. */
export function isPossible(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
