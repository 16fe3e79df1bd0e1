import { PerformanceMonitor } from './performance-monitor.ts';

/** One per process: what a bundled copy of this package records is shown by another. */
const KEY = Symbol.for('gaugeway.default-monitor.1');
const shared = globalThis as { [KEY]?: PerformanceMonitor };

/** The monitor that is used where none is given; made when it is first asked for. */
export function defaultMonitor(): PerformanceMonitor {
  shared[KEY] ??= new PerformanceMonitor();
  return shared[KEY];
}
