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

export function aggregatedStatsOf({ count, min, max, mean, p50, p90, p99 }: Distribution): AggregatedStats {
  return { count, min, max, avg: mean, p50, p90, p99 };
}
