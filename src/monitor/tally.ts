import type { Range } from './distribution.ts';
import type { Run } from './run.ts';
import { Sketch } from './sketch.ts';

/** How a piece of work ended; `unknown` where nobody said so. */
export type Outcome = 'success' | 'error' | 'unknown';

/** Values that come evenly come at times that are no whole numbers. */
const ROUNDING = 1e-6;

/** What is known of many values without keeping one of them; two of them add up to one. */
export class Tally {
  count = 0;
  errors = 0;
  unknown = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  mean = 0;
  sum = 0;
  /** Sum of the squared distances from the mean: unlike a sum of squares it loses no digits. */
  squares = 0;
  /** When its first and its last value were recorded, on the monotonic clock. */
  first = 0;
  last = 0;
  readonly sketch: Sketch;

  constructor(sketch: Sketch = new Sketch()) {
    this.sketch = sketch;
  }

  add(run: Run): void {
    const { durationMs: value, outcome } = run;
    if (this.count++ === 0) this.first = run.time;
    this.last = run.time;
    if (outcome !== 'success') {
      if (outcome === 'error') this.errors++;
      else this.unknown++;
    }
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.sum += value;
    const mean = this.sum / this.count;
    this.squares += (value - this.mean) * (value - mean);
    this.mean = mean;
    this.sketch.add(run);
  }

  /** Adds what another one knows. */
  merge(other: Tally): void {
    if (other.count === 0) return;
    const count = this.count + other.count;
    const distance = other.mean - this.mean;
    this.squares += other.squares + (distance * distance * this.count * other.count) / count;
    this.sum += other.sum;
    this.mean = this.sum / count;
    this.first = this.count === 0 ? other.first : Math.min(this.first, other.first);
    this.last = Math.max(this.last, other.last);
    this.count = count;
    this.errors += other.errors;
    this.unknown += other.unknown;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.sketch.merge(other.sketch);
  }

  /**
   * How many of its values fell between two times. Of the first and the last one it is known, and those between them are
   * taken to have come evenly.
   */
  countBetween({ from, to }: Range): number {
    const { count, first, last } = this;
    if (first >= from && last <= to) return count;
    if (count === 0 || last < from || first > to) return 0;
    const apart = (last - first) / (count - 1);
    const firstInside = first >= from ? 0 : Math.ceil((from - first) / apart - ROUNDING);
    const lastInside = last <= to ? count - 1 : Math.floor((to - first) / apart + ROUNDING);
    return Math.max(0, lastInside - firstInside + 1);
  }

  /** A copy that will not change, in as few bytes as it takes. */
  compacted(): Tally {
    const copy = new Tally(this.sketch.compacted());
    copy.count = this.count;
    copy.errors = this.errors;
    copy.unknown = this.unknown;
    copy.min = this.min;
    copy.max = this.max;
    copy.mean = this.mean;
    copy.sum = this.sum;
    copy.squares = this.squares;
    copy.first = this.first;
    copy.last = this.last;
    return copy;
  }

  clear(): void {
    this.count = 0;
    this.errors = 0;
    this.unknown = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.mean = 0;
    this.sum = 0;
    this.squares = 0;
    this.sketch.clear();
  }
}
