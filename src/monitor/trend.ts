import { type Distribution, distributionOf, lastMs } from './distribution.ts';
import type { Operation } from './operation.ts';

/** A number of the last five minutes against the hour before. */
export interface Change {
  readonly recent: number;
  readonly before: number;
  /** Recent to before; undefined where there was nothing before. */
  readonly ratio: number | undefined;
  /** `steady` within a tenth. */
  readonly direction: 'up' | 'down' | 'steady';
}

/** How an operation of the last five minutes compares with the hour before. */
export interface OperationTrend {
  readonly operation: string;
  /** Milliseconds. */
  readonly p50: Change;
  readonly p95: Change;
  /** 0 to 1. */
  readonly errorRate: Change;
  /** Runs per second. */
  readonly throughput: Change;
  /** The runs that this is drawn from. */
  readonly recentCount: number;
  readonly beforeCount: number;
}

const RECENT_MS = 300_000;
const BEFORE_MS = 3_600_000;
const STEADY = 0.1;

/** Undefined where one of the two has no runs. */
export function trendOf(operation: Operation, now: number): OperationTrend | undefined {
  const series = operation.series.all;
  const to = now - RECENT_MS;
  const recent = distributionOf(series, lastMs(now, RECENT_MS));
  const before = distributionOf(series, { now, from: to - BEFORE_MS, to });
  if (recent.count === 0 || before.count === 0) return undefined;
  // An operation that is younger than the hour had less time to run.
  const beforeMs = Math.min(BEFORE_MS, Math.max(1, to - operation.firstAt));
  const compare = (read: (distribution: Distribution) => number): Change => changeOf(read(recent), read(before));
  return {
    operation: operation.name,
    p50: compare(({ p50 }) => p50),
    p95: compare(({ p95 }) => p95),
    errorRate: compare(({ errors, count }) => errors / count),
    throughput: changeOf(recent.count / (RECENT_MS / 1000), before.count / (beforeMs / 1000)),
    recentCount: recent.count,
    beforeCount: before.count,
  };
}

function changeOf(recent: number, before: number): Change {
  const direction = recent > before * (1 + STEADY) ? 'up' : recent < before * (1 - STEADY) ? 'down' : 'steady';
  return { recent, before, ratio: before === 0 ? undefined : recent / before, direction };
}
