import { PerformanceMonitor } from './performance-monitor.ts';

/** One per process: what a bundled copy of this package records is shown by another. */
const KEY = Symbol.for('gaugeway.default-monitor.1');
const shared = globalThis as { [KEY]?: PerformanceMonitor | undefined };

/** The monitor that is used where none is given; made when it is first asked for. */
export function defaultMonitor(): PerformanceMonitor {
  shared[KEY] ??= new PerformanceMonitor();
  return shared[KEY];
}

/**
 * Makes this the monitor that is used where none is given, as by `performanceMiddleware`, `trackDbQuery` and
 * `@TrackPerformance`: the way to give them a logger. The one before it is not stopped; undefined makes a new one.
 */
export function useDefaultMonitor(monitor: PerformanceMonitor | undefined): void {
  if (monitor !== undefined && typeof monitor?.core !== 'object') {
    throw new TypeError('gaugeway: useDefaultMonitor takes a PerformanceMonitor, or undefined for a new one');
  }
  shared[KEY] = monitor;
}
