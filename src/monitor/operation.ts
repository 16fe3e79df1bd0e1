import { OTHER } from '../cardinality.ts';
import type { Anomalies } from './anomalies.ts';
import { Baseline } from './baseline.ts';
import { callsOf, ErrorRate, type ErrorRateRules } from './error-rate.ts';
import type { Metadata } from './metadata.ts';
import type { OperationTiming } from './operation-stats.ts';
import type { Run } from './run.ts';
import type { Series } from './series.ts';
import { SeriesTable } from './series-table.ts';
import type { Tags, TagsGiven } from './tags.ts';

const MAX_ERROR_TYPES = 20;

/** One operation of a monitor: how much of it is measured, its series by tags, and what it is judged by. */
export class Operation {
  readonly name: string;
  /** Share of its runs that are measured. */
  readonly rate: number;
  /** How many runs each measured one stands for. */
  readonly weight: number;
  readonly series: SeriesTable;
  /** Monotonic milliseconds of when it was first heard of. */
  readonly firstAt: number;
  readonly #baseline: Baseline;
  readonly #errorRate: ErrorRate;
  readonly #anomalies: Anomalies;
  /** Its statistics as they were last asked for, and of how many measured runs they are. */
  timing: OperationTiming | undefined;
  timed = 0;
  /** Errors by `error.type`, since the beginning. */
  readonly errors = new Map<string, number>();

  constructor(
    name: string,
    rate: number,
    rules: ErrorRateRules,
    create: (tags: Tags, weight: number) => Series,
    maxSeries: number,
    now: number,
  ) {
    this.firstAt = now;
    this.name = name;
    this.rate = rate;
    this.weight = 1 / rate;
    this.series = new SeriesTable((tags) => create(tags, this.weight), maxSeries);
    this.#anomalies = rules.anomalies;
    this.#baseline = new Baseline(rules.limits);
    this.#errorRate = new ErrorRate(name, rules, (range) => callsOf(this.series.all, range), this.weight);
  }

  /** Keeps a run and judges it. */
  add(run: Run, tags: TagsGiven | undefined, metadata: Metadata | undefined): void {
    this.series.find(tags).add(run, metadata);
    const passes = this.#baseline.passes(run);
    if (passes && run.outcome === 'success' && !this.#errorRate.alarm.isOn) return;
    this.#judge(run, passes);
  }

  #judge(run: Run, passes: boolean): void {
    const { durationMs, timestamp } = run;
    const { threshold } = this.#baseline;
    const verdict = passes ? 'usual' : this.#baseline.judge(run);
    if (run.outcome !== 'success' || this.#errorRate.alarm.isOn) this.#judgeOutcome(run);
    if (verdict === 'suspect' || verdict === 'recovered') this.#tell(verdict, durationMs, threshold, timestamp);
  }

  #judgeOutcome({ time, timestamp, outcome, errorType }: Run): void {
    if (outcome === 'error') this.#countError(errorType ?? OTHER);
    this.#errorRate.ended(outcome === 'error', time, timestamp);
  }

  #tell(verdict: 'suspect' | 'recovered', value: number, threshold: number, timestamp: number): void {
    this.#anomalies.report({
      metricName: this.name,
      value,
      threshold,
      anomalyType: 'high_latency',
      timestamp,
      severity: verdict === 'recovered' ? 'info' : value > 2 * threshold ? 'critical' : 'warning',
    });
  }

  #countError(errorType: string): void {
    const type = this.errors.has(errorType) || this.errors.size < MAX_ERROR_TYPES ? errorType : OTHER;
    this.errors.set(type, (this.errors.get(type) ?? 0) + this.weight);
  }
}
