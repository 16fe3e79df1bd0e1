import { select } from './selection.ts';
import type { Series } from './series.ts';
import { SketchSum } from './sketch.ts';
import type { Tally } from './tally.ts';

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

/** What is known of the values of some series in some window; nothing but zeros where there are none. */
export interface Distribution {
  readonly count: number;
  readonly errors: number;
  readonly unknown: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The population's standard deviation. */
  readonly stddev: number;
  /** Nearest rank: the smallest value that at least this share of all values does not exceed. */
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

const NOTHING: Distribution = {
  count: 0,
  errors: 0,
  unknown: 0,
  min: 0,
  max: 0,
  mean: 0,
  stddev: 0,
  p50: 0,
  p90: 0,
  p95: 0,
  p99: 0,
};
const SHARES = [0.5, 0.9, 0.95, 0.99] as const;
/** More values than a millisecond reads: those of an operation with hundreds of sets of tags are within 1 % too. */
const MAX_EXACT = 100_000;

/** Adds up series: exactly while all of them still hold every value of the window, else percentiles are within 1 %. */
export function distributionOf(series: readonly Series[], range: Range): Distribution {
  const weight = series[0]?.weight ?? 1;
  let kept = 0;
  for (const one of series) {
    kept += one.ring.size;
    if (kept > MAX_EXACT || one.weight !== weight || !one.ring.reachesBackTo(range.from)) {
      return approximately(series, range);
    }
  }
  return kept === 0 ? NOTHING : exactly(series, range, weight, kept);
}

let values = new Float64Array(0);

function exactly(series: readonly Series[], range: Range, weight: number, atMost: number): Distribution {
  if (values.length < atMost) values = new Float64Array(atMost);
  const seen = { count: 0, errors: 0, unknown: 0 };
  for (const { ring } of series) ring.copyBetween(range.from, range.to, values, seen);
  const { count } = seen;
  if (count === 0) return NOTHING;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((values[i] as number) - mean) ** 2;
  // The product may be a hair above a whole number, as 0.07 × 100 is.
  const ranks = SHARES.map((share) => Math.min(count, Math.max(1, Math.ceil(share * count - count * 1e-12))));
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = select(values.subarray(0, count), ranks);
  return {
    count: count * weight,
    errors: seen.errors * weight,
    unknown: seen.unknown * weight,
    min,
    max,
    mean,
    stddev: Math.sqrt(squares / count),
    p50,
    p90,
    p95,
    p99,
  };
}

let sketches: SketchSum | undefined;

function approximately(series: readonly Series[], range: Range): Distribution {
  sketches ??= new SketchSum();
  const total = new Total(sketches);
  for (const { weight, windows } of series) {
    windows.forEachBetween(range, (tally, count) => total.add(tally, count, weight));
  }
  const { count, errors, unknown, min, max, mean, stddev } = total;
  if (count === 0) return NOTHING;
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = sketches.take(SHARES).map((value, at) => {
    // The ends are known exactly.
    const isLast = Math.ceil((SHARES[at] as number) * count - count * 1e-12) >= count;
    return isLast ? max : Math.min(max, Math.max(min, value));
  });
  return { count, errors, unknown, min, max, mean, stddev, p50, p90, p95, p99 };
}

/** Tallies, each as far as it is in a window and as often as its series stands for. */
class Total {
  count = 0;
  errors = 0;
  unknown = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #squares = 0;
  readonly #sketches: SketchSum;

  constructor(sketches: SketchSum) {
    this.#sketches = sketches;
  }

  get mean(): number {
    return this.#sum / this.count;
  }

  /** The population's. */
  get stddev(): number {
    return Math.sqrt(this.#squares / this.count);
  }

  add(tally: Tally, countBetween: number, weight: number): void {
    const share = countBetween / tally.count;
    const added = countBetween * weight;
    const distance = this.count === 0 ? 0 : tally.mean - this.mean;
    const apart = (distance * distance * this.count * added) / (this.count + added);
    this.#squares += tally.squares * share * weight + apart;
    this.#sum += tally.sum * share * weight;
    this.count += added;
    const errors = Math.round(tally.errors * share);
    this.errors += errors * weight;
    this.unknown += Math.min(Math.round(tally.unknown * share), countBetween - errors) * weight;
    if (tally.min < this.min) this.min = tally.min;
    if (tally.max > this.max) this.max = tally.max;
    this.#sketches.add(tally.sketch, tally.count, added);
  }
}
