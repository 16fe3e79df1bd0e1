import { OTHER } from '../cardinality.ts';
import { drop } from '../observe.ts';
import { type AggregatedStats, aggregatedStatsOf } from './aggregated-stats.ts';
import type { Core } from './core.ts';
import { distributionOf, lastMs, type Range } from './distribution.ts';
import { type Calls, callsOf, ErrorRate } from './error-rate.ts';
import { PointBuffer } from './point-buffer.ts';
import { Run } from './run.ts';
import { Series } from './series.ts';
import { SeriesTable } from './series-table.ts';
import { isCountable } from './sketch.ts';
import { type Tags, type TagsGiven, tagsOf } from './tags.ts';
import { LONGEST_WINDOW_MS } from './windows.ts';

/** What a point measures: milliseconds, tokens per second, errors, milliseconds. */
export const METRIC_TYPE = {
  LATENCY: 'latency',
  TOKEN_THROUGHPUT: 'token_throughput',
  ERROR_RATE: 'error_rate',
  JOB_DURATION: 'job_duration',
} as const;

/** One of the values of `METRIC_TYPE`. */
export type PointType = (typeof METRIC_TYPE)[keyof typeof METRIC_TYPE];

/** One recorded number. */
export interface MetricPoint {
  readonly type: PointType;
  readonly value: number;
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly tags: Tags;
}

/** Which points, over how long. */
export interface PointQuery {
  readonly type: PointType;
  /** Points that have all of these; without them, all points of the type. */
  readonly tags?: TagsGiven;
  /** At most one hour. */
  readonly windowMs: number;
}

/** The statistics of one group of points in one window. */
export interface GroupStats extends AggregatedStats {
  readonly type: PointType;
  readonly tags: Tags;
  readonly windowMs: number;
}

/** Tells a job from others; it groups no points. */
const JOB_ID = 'jobId';

/** Points by type and tags: the buffer of a flush, and the windows of each group. */
export class Points {
  readonly buffer: PointBuffer;
  readonly #core: Core;
  readonly #run = new Run();
  readonly #groups = new Map<PointType, SeriesTable>();
  readonly #errorRates = new Map<Series, ErrorRate>();
  /** The same error rates by the latencies of their groups: calls that succeed end an alarm. */
  readonly #ratesOfCalls = new Map<Series, ErrorRate>();

  constructor(core: Core, maxBufferSize: number) {
    this.#core = core;
    this.buffer = new PointBuffer(maxBufferSize, core.timeline);
    this.#createGroups();
  }

  #createGroups(): void {
    const { maxOperations, maxMetricsPerOperation } = this.#core.options;
    for (const type of Object.values(METRIC_TYPE)) {
      const create = (tags: Tags): Series => new Series(tags, 1, maxMetricsPerOperation);
      this.#groups.set(type, new SeriesTable(create, maxOperations, JOB_ID));
    }
  }

  /** Keeps a point and gives its tags as far as they group points; a value that is not possible is counted and makes none. */
  add(
    type: PointType,
    value: number,
    timestamp: number,
    tags: TagsGiven | undefined,
    jobId?: string,
  ): Tags | undefined {
    if (!isCountable(value)) {
      drop('invalid_value');
      return undefined;
    }
    const time = this.#core.timeline.at(timestamp);
    const series = this.#table(type).find(tags);
    this.#run.time = time;
    this.#run.durationMs = value;
    series.add(this.#run, undefined);
    this.buffer.add(type, time, value, series.tags, jobId);
    if (type === METRIC_TYPE.ERROR_RATE) this.#errorRate(series).ended(true, time, timestamp);
    else if (type === METRIC_TYPE.LATENCY) this.#ratesOfCalls.get(series)?.ended(false, time, timestamp);
    // Those of a group that stands for all later ones say nothing of this point, which OpenTelemetry gets as it is.
    return series.tags[OTHER] === OTHER ? tagsOf(tags, JOB_ID) : series.tags;
  }

  /** Undefined where there were no such points. */
  stats({ type, tags, windowMs }: PointQuery): AggregatedStats | undefined {
    const table = this.#table(type);
    if (!(windowMs > 0 && windowMs <= LONGEST_WINDOW_MS)) {
      throw new RangeError(`gaugeway: "windowMs" must be milliseconds above 0 and up to an hour, not ${windowMs}`);
    }
    return this.#statsOf(table.matching(tags), windowMs);
  }

  /** The statistics of every group in each of the windows, one at a time: there may be thousands. */
  *all(windowsMs: readonly number[]): Iterable<GroupStats> {
    for (const [type, groups] of this.#groups) {
      for (const series of [...groups.all]) {
        for (const windowMs of windowsMs) {
          const stats = this.#statsOf([series], windowMs);
          if (stats !== undefined) yield { type, tags: series.tags, windowMs, ...stats };
        }
      }
    }
  }

  clear(): void {
    this.buffer.clear();
    this.#errorRates.clear();
    this.#ratesOfCalls.clear();
    this.#createGroups();
  }

  #statsOf(series: readonly Series[], windowMs: number): AggregatedStats | undefined {
    const found = distributionOf(series, lastMs(this.#core.timeline.now(), windowMs));
    return found.count === 0 ? undefined : aggregatedStatsOf(found);
  }

  #table(type: PointType): SeriesTable {
    const table = this.#groups.get(type);
    if (table === undefined) throw new TypeError(`gaugeway: "${type}" is no type of points; use one of METRIC_TYPE`);
    return table;
  }

  #errorRate(series: Series): ErrorRate {
    let rate = this.#errorRates.get(series);
    if (rate === undefined) {
      const tags = Object.entries(series.tags).map(([key, value]) => `${key}=${value}`);
      const errors = this.#table(METRIC_TYPE.ERROR_RATE).follow(series.tags);
      const latencies = this.#table(METRIC_TYPE.LATENCY).follow(series.tags);
      rate = new ErrorRate([METRIC_TYPE.ERROR_RATE, ...tags].join(' '), this.#core.errorRateRules, (range) =>
        callsOfPoints(errors(), latencies(), range),
      );
      this.#errorRates.set(series, rate);
      this.#ratesOfCalls.set(this.#table(METRIC_TYPE.LATENCY).find(series.tags), rate);
    }
    return rate;
  }
}

/** A failed call may have a latency or not: there are at least as many calls as errors. */
function callsOfPoints(ofErrors: readonly Series[], ofLatencies: readonly Series[], range: Range): Calls {
  const errors = callsOf(ofErrors, range).calls;
  const { calls } = callsOf(ofLatencies, range);
  return { calls: Math.max(calls, errors), errors, series: ofErrors.length + ofLatencies.length };
}
