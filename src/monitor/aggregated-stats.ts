import type { Distribution } from './distribution.ts';

/** Statistics of points, in the unit of the points. */
export interface AggregatedStats {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly avg: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export function aggregatedStatsOf({ count, min, max, mean, percentile }: Distribution): AggregatedStats {
  return { count, min, max, avg: mean, p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99) };
}
