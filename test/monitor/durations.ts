import type { PerformanceMonitor } from '../../src/monitor/index.ts';

/** Options under which nothing is slow: what is told are anomalies. */
export const QUIET = { slowOperationThreshold: 1e9 };

/** The same duration, so many times. */
export const times = (count: number, ms: number): number[] => Array(count).fill(ms);

/** Records these durations one after the other, at one moment. */
export function record(monitor: PerformanceMonitor, durations: readonly number[], name = 'load'): void {
  for (const ms of durations) monitor.record(name, ms);
}
