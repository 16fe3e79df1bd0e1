import { settings } from './options.ts';
import { readVariable } from './variables.ts';

/** What counts as slow or as failing too often; the same for metrics, logs and `getPerformanceStats()`. */
export interface Thresholds {
  readonly apiLatencyMs: number;
  readonly dbQueryMs: number;
  /** A share from 0 to 1. */
  readonly httpErrorRate: number;
}

/** Of the process, not of a copy of this package: a bundle that has inlined it counts by the options of `setup()`. */
const KEY = Symbol.for('gaugeway.thresholds.1');
const shared = globalThis as { [KEY]?: Thresholds | undefined };

/** The thresholds of `setup()`, else those of the variables, else the defaults. */
export function thresholds(): Thresholds {
  shared[KEY] ??= readThresholds();
  return shared[KEY];
}

/** These count from now on; undefined goes back to the variables. */
export function useThresholds(chosen: Thresholds | undefined): void {
  shared[KEY] = chosen;
}

function readThresholds(): Thresholds {
  // There is no environment everywhere. A wrong variable is told by setup(), which checks all of them.
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const read = <T>(setting: Parameters<typeof readVariable<T>>[0]): T =>
    readVariable(setting, process?.env ?? {}, () => undefined);
  return {
    apiLatencyMs: read(settings.apiLatencyMs),
    dbQueryMs: read(settings.dbQueryMs),
    httpErrorRate: read(settings.httpErrorRate),
  };
}
