import { amount } from '../parsers.ts';
import { type Recommendation, recommendationsOf } from './advice.ts';
import type { PerformanceAnomaly } from './anomalies.ts';
import { Core } from './core.ts';
import type { LongRunningJob } from './long-running.ts';
import type { MemoryMetrics } from './memory.ts';
import { type PerformanceMonitorOptions, resolveMonitorOptions } from './options.ts';
import { MonitorScope } from './scope.ts';
import type { SlowOperation } from './slow-operations.ts';
import type { MetricStore } from './store.ts';
import type { ThroughputStats } from './throughput.ts';

/** The options of a monitor, or the monitor whose numbers and options a new one shares. */
export type PerformanceMonitorSource<Storage extends MetricStore | undefined = MetricStore | undefined> =
  | (PerformanceMonitorOptions & { readonly storage?: Storage })
  | { readonly monitor: PerformanceMonitor<Storage> };

/** Measures named operations of this process and keeps their statistics in memory. */
export class PerformanceMonitor<
  Storage extends MetricStore | undefined = MetricStore | undefined,
> extends MonitorScope {
  readonly #ownsCore: boolean;

  constructor(options: PerformanceMonitorSource<Storage> = {}) {
    const shared = coreOf(options);
    super(shared ?? new Core(resolveMonitorOptions(options as PerformanceMonitorOptions)), '');
    this.#ownsCore = shared === undefined;
  }

  /** The storage that it was given. */
  get storage(): Storage {
    return this.core.options.storage as Storage;
  }

  /** Milliseconds above which an operation is slow. */
  get slowThresholdMs(): number {
    return this.core.slowThresholdMs;
  }

  set slowThresholdMs(threshold: number) {
    if (!amount.accepts(threshold)) throw new TypeError('gaugeway: "slowThresholdMs" must be a number above 0');
    this.core.slowThresholdMs = threshold;
  }

  /** The latest slow operations, at most 100. */
  getSlowOperations(): SlowOperation[] {
    return [...this.core.slow.latest];
  }

  /** The latest long jobs, at most 100; one that still ran is there again when it ended. */
  getLongRunningJobs(): LongRunningJob[] {
    return [...this.core.longRunning.latest];
  }

  /** The anomalies of the last hour, of one operation or all, from the oldest to the newest. */
  detectAnomalies(name?: string): PerformanceAnomaly[] {
    this.core.watch.look();
    return this.core.anomalies.list(name);
  }

  /** Requests, tokens and bytes per second over the last 1 to 3600 seconds; undefined without data. */
  getThroughputStats(windowSeconds: number): ThroughputStats | undefined {
    return this.core.throughput.stats(windowSeconds, this.core.timeline.now());
  }

  /** What could be done better, and the numbers that show it. */
  getRecommendations(): Recommendation[] {
    return recommendationsOf(this.core);
  }

  /** Memory of this process in megabytes; undefined on a runtime that does not tell. */
  getMemoryMetrics(): MemoryMetrics | undefined {
    return this.core.memory.read(this.core.options.clock.unix());
  }

  /** Forgets everything that was recorded. */
  clear(): void {
    this.core.clear();
  }

  /** Ends it: nothing of the process comes in any more. What was recorded can still be read; a second call does nothing. */
  stop(): void {
    if (this.#ownsCore) this.core.stop();
  }
}

/** Undefined where no monitor is shared. */
function coreOf(options: PerformanceMonitorSource): Core | undefined {
  const { monitor } = (options ?? {}) as { readonly monitor?: unknown };
  if (monitor === undefined) return undefined;
  if (monitor instanceof PerformanceMonitor && isOnly(options)) return monitor.core;
  throw new TypeError('gaugeway: "monitor" must be a PerformanceMonitor, and has all other options already');
}

function isOnly(options: object): boolean {
  return Object.values(options).filter((value) => value !== undefined).length === 1;
}
