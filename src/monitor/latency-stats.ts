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

export function latencyStatsOf({ count, mean, min, max, stddev, p50, p90, p95, p99 }: Distribution): LatencyStats {
  return {
    count,
    meanMs: mean,
    minMs: min,
    maxMs: max,
    p50Ms: p50,
    p90Ms: p90,
    p95Ms: p95,
    p99Ms: p99,
    stddevMs: stddev,
  };
}
