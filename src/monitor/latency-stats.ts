import type { Distribution } from './distribution.ts';

/** Statistics of durations, in milliseconds. */
export interface LatencyStats {
  readonly count: number;
  readonly meanMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** The population's standard deviation. */
  readonly stddevMs: number;
}

export function latencyStatsOf({ count, mean, min, max, stddev, percentile }: Distribution): LatencyStats {
  return {
    count,
    meanMs: mean,
    minMs: min,
    maxMs: max,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    stddevMs: stddev,
  };
}
