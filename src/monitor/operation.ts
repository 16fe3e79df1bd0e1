import { OTHER } from '../cardinality.ts';
import type { Anomalies } from './anomalies.ts';
import { Baseline } from './baseline.ts';
import { callsOf, ErrorRate, type ErrorRateRules } from './error-rate.ts';
import type { Metadata } from './metadata.ts';
import type { Series } from './series.ts';
import { SeriesTable } from './series-table.ts';
import type { Tags, TagsGiven } from './tags.ts';
import type { Outcome } from './tally.ts';

const MAX_ERROR_TYPES = 20;

/** One operation of a monitor: how much of it is measured, its series by tags, and what it is judged by. */
export class Operation {
  readonly name: string;
  /** Share of its runs that are measured. */
  readonly rate: number;
  readonly series: SeriesTable;
  /** Monotonic milliseconds of its first run. */
  firstAt = Number.POSITIVE_INFINITY;
  readonly #baseline: Baseline;
  readonly #errorRate: ErrorRate;
  readonly #anomalies: Anomalies;
  /** Errors by `error.type`, since the beginning. */
  readonly errors = new Map<string, number>();

  constructor(
    name: string,
    rate: number,
    rules: ErrorRateRules,
    create: (tags: Tags, weight: number) => Series,
    maxSeries: number,
  ) {
    this.name = name;
    this.rate = rate;
    this.series = new SeriesTable((tags) => create(tags, 1 / rate), maxSeries);
    this.#anomalies = rules.anomalies;
    this.#baseline = new Baseline(rules.limits);
    this.#errorRate = new ErrorRate(name, rules, (range) => callsOf(this.series.matching(), range));
  }

  /** Keeps a run and judges it. */
  add(
    time: number,
    timestamp: number,
    durationMs: number,
    outcome: Outcome,
    errorType: string | undefined,
    tags: TagsGiven | undefined,
    metadata: Metadata | undefined,
  ): void {
    if (time < this.firstAt) this.firstAt = time;
    this.series.find(tags).add(time, durationMs, outcome, metadata);
    if (outcome !== 'success' || this.#errorRate.alarm.isOn) this.#judgeOutcome(time, timestamp, outcome, errorType);
    if (!this.#baseline.passes(durationMs)) this.#judgeDuration(durationMs, timestamp);
  }

  #judgeOutcome(time: number, timestamp: number, outcome: Outcome, errorType: string | undefined): void {
    if (outcome === 'error') this.#countError(errorType ?? OTHER);
    this.#errorRate.ended(outcome === 'error', time, timestamp);
  }

  #judgeDuration(durationMs: number, timestamp: number): void {
    const { threshold } = this.#baseline;
    const verdict = this.#baseline.judge(durationMs);
    if (verdict !== 'suspect' && verdict !== 'recovered') return;
    this.#anomalies.report({
      metricName: this.name,
      value: durationMs,
      threshold,
      anomalyType: 'high_latency',
      timestamp,
      severity: verdict === 'recovered' ? 'info' : durationMs > 2 * threshold ? 'critical' : 'warning',
    });
  }

  #countError(errorType: string): void {
    const type = this.errors.has(errorType) || this.errors.size < MAX_ERROR_TYPES ? errorType : OTHER;
    this.errors.set(type, (this.errors.get(type) ?? 0) + 1 / this.rate);
  }
}
