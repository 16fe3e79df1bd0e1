import { Core } from './core.ts';
import { type PerformanceMonitorOptions, resolveMonitorOptions } from './options.ts';
import { MonitorScope } from './scope.ts';
import type { SlowOperation } from './slow-operations.ts';

/** Measures named operations of this process and keeps their statistics in memory. */
export class PerformanceMonitor extends MonitorScope {
  constructor(options?: PerformanceMonitorOptions) {
    super(new Core(resolveMonitorOptions(options)), '');
  }

  /** Milliseconds above which an operation is slow. */
  get slowThresholdMs(): number {
    return this.core.slowThresholdMs;
  }

  set slowThresholdMs(threshold: number) {
    if (!(threshold > 0)) throw new TypeError('gaugeway: "slowThresholdMs" must be a number above 0');
    this.core.slowThresholdMs = threshold;
  }

  /** The latest slow operations, at most 100. */
  getSlowOperations(): SlowOperation[] {
    return [...this.core.slow.latest];
  }

  /** Forgets everything that was recorded. */
  clear(): void {
    this.core.clear();
  }

  /** Ends it: nothing of the process comes in any more. What was recorded can still be read; a second call does nothing. */
  stop(): void {
    this.core.stop();
  }
}
