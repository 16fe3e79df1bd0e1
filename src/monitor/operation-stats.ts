import { ALWAYS, type Distribution, distributionOf } from './distribution.ts';
import type { Operation } from './operation.ts';

/** One operation since the monitor began, or since it was cleared; durations in milliseconds. */
export interface OperationTiming {
  readonly count: number;
  readonly successCount: number;
  readonly errorCount: number;
  readonly avgDuration: number;
  readonly minDuration: number;
  readonly maxDuration: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** The statistics of an operation over all of its tags. Aborted work is in `count` and neither success nor error. */
export function timingOf(operation: Operation): OperationTiming {
  let measured = 0;
  for (const { windows } of operation.series.all) measured += windows.count;
  if (operation.timing === undefined || operation.timed !== measured) {
    operation.timed = measured;
    operation.timing = toTiming(distributionOf(operation.series.all, ALWAYS));
  }
  return operation.timing;
}

function toTiming({ count, errors, unknown, mean, min, max, p50, p90, p95, p99 }: Distribution): OperationTiming {
  return Object.freeze({
    count,
    // With weights that are no whole numbers a difference of nothing may be a hair below it.
    successCount: Math.max(0, count - errors - unknown),
    errorCount: errors,
    avgDuration: mean,
    minDuration: min,
    maxDuration: max,
    p50,
    p90,
    p95,
    p99,
  });
}
