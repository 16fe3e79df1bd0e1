import { Turns } from '../turns.ts';
import { type Bottlenecks, bottlenecksOf } from './bottlenecks.ts';
import type { Core, RecordDetails } from './core.ts';
import { measurementsOf, type RecordedMeasurement } from './measurements.ts';
import { type OperationTiming, timingOf } from './operation-stats.ts';
import { TimedOperation } from './timed.ts';
import { Timer } from './timer.ts';
import { track } from './track.ts';
import { type OperationTrend, trendOf } from './trend.ts';

/** The operations of a monitor whose names begin with a prefix; the monitor itself is the scope of all of them. */
export class MonitorScope {
  /** What the faces of one monitor share. */
  readonly core: Core;
  readonly #prefix: string;

  constructor(core: Core, prefix: string) {
    this.core = core;
    this.#prefix = prefix;
  }

  /** A part of the monitor: operations recorded on it are called `<name>.<operation>`. Scopes nest. */
  scope(name: string): MonitorScope {
    return new MonitorScope(this.core, `${this.#nameOf(name)}.`);
  }

  /** Records one run of an operation that the caller measured, in milliseconds. */
  record(operation: string, durationMs: number, details?: RecordDetails): void {
    this.core.record(this.#nameOf(operation), durationMs, details);
  }

  /** Runs `work` as one operation: its result, its error and its timing are the application's own. */
  trackOperation<T>(operation: string, work: () => T, metadata?: object): T {
    return track(this.core, this.#nameOf(operation), work, metadata);
  }

  /** Starts a timer; one without a name records nothing. */
  startTimer(operation?: string): Timer {
    const name = operation === undefined ? undefined : this.#nameOf(operation);
    return new Timer(this.core.options.clock, name, ({ value, tags, timestamp }) => {
      if (name !== undefined) this.core.record(name, value, { tags, timestamp });
    });
  }

  /** Runs `work` as one operation, as `trackOperation` does; without it, times a block: `using timed = monitor.monitor(name)`. */
  monitor<T>(operation: string, work: () => T): T;
  monitor(operation: string): TimedOperation;
  monitor<T>(operation: string, work?: () => T): T | TimedOperation {
    if (work !== undefined) return this.trackOperation(operation, work);
    return new TimedOperation(this.core, this.#nameOf(operation));
  }

  /**
   * Statistics of one operation, undefined while it is unknown; without a name those of all, by name. Of a thousand that
   * ran since they were last asked for they take some 15 ms: where that matters, see `getStatsInTurns()`.
   */
  getStats(): Map<string, OperationTiming>;
  getStats(operation: string): OperationTiming | undefined;
  getStats(operation?: string): OperationTiming | Map<string, OperationTiming> | undefined {
    if (operation === undefined) return new Map(this.#own().map((own) => [own.name, timingOf(own)]));
    const known = this.core.operations.get(this.#nameOf(operation));
    return known === undefined ? undefined : timingOf(known);
  }

  /** As `getStats()` of all, a few milliseconds in each turn of the event loop: each is as of when it was read. */
  async getStatsInTurns(): Promise<Map<string, OperationTiming>> {
    const turns = new Turns();
    const timings = new Map<string, OperationTiming>();
    for (const own of this.#own()) {
      timings.set(own.name, timingOf(own));
      if (turns.isOver()) await turns.next();
    }
    return timings;
  }

  /** The last five minutes of an operation against the hour before; undefined where one of them has no runs. */
  getTrend(operation: string): OperationTrend | undefined {
    const known = this.core.operations.get(this.#nameOf(operation));
    return known === undefined ? undefined : trendOf(known, this.core.timeline.now());
  }

  /** The `n` operations that take the most time in all, those with the highest P95, and the most frequent errors. */
  getBottlenecks(n = 10): Bottlenecks {
    return bottlenecksOf(this.#own(), n);
  }

  /**
   * The measurements that are kept of every operation, from the oldest to the newest. All of them are copied at once: of
   * a million that takes some 100 ms, and `exportMetricsInTurns()` does not hold the event loop up.
   */
  exportMetrics(): Map<string, RecordedMeasurement[]> {
    return new Map(this.#own().map((own) => [own.name, measurementsOf(own, this.core.timeline)]));
  }

  /** As `exportMetrics()`, one operation after the other and a few milliseconds in each turn of the event loop. */
  async *exportMetricsInTurns(): AsyncGenerator<[operation: string, measurements: RecordedMeasurement[]]> {
    const turns = new Turns();
    for (const own of this.#own()) {
      yield [own.name, measurementsOf(own, this.core.timeline)];
      if (turns.isOver()) await turns.next();
    }
  }

  /** Without a name, which code without types may forget, it is counted with all others that have none. */
  #nameOf(operation: string): string {
    return typeof operation === 'string' ? this.#prefix + operation : '';
  }

  #own() {
    return this.core.operations.all().filter(({ name }) => name.startsWith(this.#prefix));
  }
}
