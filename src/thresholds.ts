import { amount, fraction } from './parsers.ts';
import { readVariable, setting } from './variables.ts';

/** What counts as slow or as failing too often; the same for metrics, logs and `getPerformanceStats()`. */
export interface Thresholds {
  readonly apiLatencyMs: number;
  readonly dbQueryMs: number;
  /** A share from 0 to 1. */
  readonly httpErrorRate: number;
}

/** The thresholds' part of the options. */
export const thresholdSettings = {
  apiLatencyMs: setting(
    'Requests that take longer are counted in `gaugeway.http.slow_requests`, in milliseconds.',
    ['GAUGEWAY_API_LATENCY_MS', 'PERF_API_LATENCY_MS'],
    amount,
    100,
  ),
  dbQueryMs: setting(
    'Queries that take longer are counted in `gaugeway.db.slow_queries`, in milliseconds.',
    ['GAUGEWAY_DB_QUERY_MS', 'PERF_DB_QUERY_MS'],
    amount,
    50,
  ),
  httpErrorRate: setting(
    'Share of failed requests in five minutes above which the monitor complains.',
    ['GAUGEWAY_HTTP_ERROR_RATE', 'PERF_ERROR_RATE'],
    fraction,
    0.001,
  ),
} as const;

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
    apiLatencyMs: read(thresholdSettings.apiLatencyMs),
    dbQueryMs: read(thresholdSettings.dbQueryMs),
    httpErrorRate: read(thresholdSettings.httpErrorRate),
  };
}
