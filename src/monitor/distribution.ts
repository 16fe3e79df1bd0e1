import type { Series } from './series.ts';
import { Sketch } from './sketch.ts';
import { Tally } from './tally.ts';
import { coveredMs } from './windows.ts';

/** From when to when, on the monotonic clock. */
export interface Range {
  readonly now: number;
  readonly from: number;
  readonly to: number;
}

/** Everything since the beginning. */
export const ALWAYS: Range = { now: 0, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** The last milliseconds, until now. */
export function lastMs(now: number, milliseconds: number): Range {
  return { now, from: now - milliseconds, to: Number.POSITIVE_INFINITY };
}

/** What is known of the values of some series in some window. */
export interface Distribution {
  readonly count: number;
  readonly errors: number;
  readonly unknown: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The population's standard deviation. */
  readonly stddev: number;
  /** The time that it covers: as asked, or whole slots of it. */
  readonly milliseconds: number;
  /** Nearest rank: the smallest value that at least the share `p` (0 to 1) of all values does not exceed. */
  percentile(p: number): number;
}

/** Adds up series: exactly while all of them still hold every value of the window, else percentiles are within 1 %. */
export function distributionOf(series: readonly Series[], range: Range): Distribution {
  const weight = series[0]?.weight ?? 1;
  const isExact = series.every((one) => one.weight === weight && one.ring.reachesBackTo(range.from));
  return isExact ? exactly(series, range, weight) : approximately(series, range);
}

function exactly(series: readonly Series[], range: Range, weight: number): Distribution {
  const values: number[] = [];
  const tally = new Tally();
  for (const { ring } of series) {
    ring.forEach((value, outcome, time) => {
      if (time < range.from || time > range.to) return;
      values.push(value);
      tally.add({ durationMs: value, outcome });
    });
  }
  const sorted = Float64Array.from(values).sort();
  return describe(
    tally,
    weight,
    Math.min(range.to, range.now) - range.from,
    (p) => sorted[rankOf(p, sorted.length) - 1] ?? 0,
  );
}

function approximately(series: readonly Series[], range: Range): Distribution {
  const tally = new Tally(new Sketch(new Float64Array(0)));
  for (const one of series) one.forEachTally(range, (part) => tally.merge(part, one.weight));
  const { sketch, count, min, max } = tally;
  return describe(tally, 1, coveredMs(range), (p) => {
    const rank = rankOf(p, count);
    // The ends are known exactly.
    if (rank >= count) return max;
    return Math.min(max, Math.max(min, sketch.valueAt(rank)));
  });
}

function describe(tally: Tally, weight: number, milliseconds: number, percentile: (p: number) => number): Distribution {
  const { count, errors, unknown, min, max, mean, stddev } = tally;
  const isEmpty = count === 0;
  return {
    count: count * weight,
    errors: errors * weight,
    unknown: unknown * weight,
    min: isEmpty ? 0 : min,
    max: isEmpty ? 0 : max,
    mean,
    stddev,
    milliseconds,
    percentile: (p) => (isEmpty ? 0 : percentile(p)),
  };
}

/** From 1 to `count`. The product may be a hair above a whole number, as 0.07 × 100 is. */
function rankOf(p: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil(p * count - count * 1e-12)));
}
