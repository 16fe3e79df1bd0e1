import type { Run } from './run.ts';
import { Sketch } from './sketch.ts';

/** How a piece of work ended; `unknown` where nobody said so. */
export type Outcome = 'success' | 'error' | 'unknown';

/** What is known of many values without keeping one of them; two of them add up to one. */
export class Tally {
  count = 0;
  errors = 0;
  unknown = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  mean = 0;
  #sum = 0;
  /** Sum of the squared distances from the mean: unlike a sum of squares it loses no digits. */
  #squares = 0;
  readonly sketch: Sketch;

  constructor(sketch: Sketch = new Sketch()) {
    this.sketch = sketch;
  }

  /** The population's. */
  get stddev(): number {
    return this.count === 0 ? 0 : Math.sqrt(this.#squares / this.count);
  }

  add(run: Pick<Run, 'durationMs' | 'outcome'>): void {
    const { durationMs: value, outcome } = run;
    this.count++;
    if (outcome !== 'success') {
      if (outcome === 'error') this.errors++;
      else this.unknown++;
    }
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.#sum += value;
    const mean = this.#sum / this.count;
    this.#squares += (value - this.mean) * (value - mean);
    this.mean = mean;
    this.sketch.add(run);
  }

  /** Adds what another one knows, each value counted `times`. */
  merge(other: Tally, times = 1): void {
    if (other.count === 0) return;
    const added = other.count * times;
    const count = this.count + added;
    const distance = other.mean - this.mean;
    this.#squares += other.#squares * times + (distance * distance * this.count * added) / count;
    this.#sum += other.#sum * times;
    this.mean = this.#sum / count;
    this.count = count;
    this.errors += other.errors * times;
    this.unknown += other.unknown * times;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.sketch.merge(other.sketch, times);
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
    copy.#sum = this.#sum;
    copy.#squares = this.#squares;
    return copy;
  }

  clear(): void {
    this.count = 0;
    this.errors = 0;
    this.unknown = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.mean = 0;
    this.#sum = 0;
    this.#squares = 0;
    this.sketch.clear();
  }
}
