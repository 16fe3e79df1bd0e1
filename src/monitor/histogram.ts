/** A histogram at one time. */
export interface HistogramSnapshot {
  readonly name: string;
  /** Upper boundaries, ascending. */
  readonly buckets: readonly number[];
  /** For each boundary how many values do not exceed it. */
  readonly counts: readonly number[];
  readonly sum: number;
  /** All values, those above the last boundary too. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** The upper boundary of the bucket that the share `p` (0 to 1) of all values does not exceed; 0 without values. */
  percentile(p: number): number;
}

/** Counts values by boundaries of the application's own. */
export class Histogram {
  readonly name: string;
  readonly buckets: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;
  /** What adding to the sum has lost: a million small values do not vanish beside a large one. */
  #lost = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(name: string, buckets: readonly number[]) {
    this.name = name;
    this.buckets = Object.freeze([...buckets]);
    this.#counts = this.buckets.map(() => 0);
  }

  observe(value: number): void {
    const at = this.buckets.findIndex((boundary) => value <= boundary);
    if (at >= 0) (this.#counts[at] as number)++;
    this.#count++;
    this.#add(value);
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  snapshot(): HistogramSnapshot {
    const { name, buckets } = this;
    const count = this.#count;
    let below = 0;
    const counts = this.#counts.map((own) => {
      below += own;
      return below;
    });
    const sum = this.#sum + this.#lost;
    return {
      name,
      buckets,
      counts,
      sum,
      count,
      min: count === 0 ? 0 : this.#min,
      max: count === 0 ? 0 : this.#max,
      mean: count === 0 ? 0 : sum / count,
      percentile(p) {
        if (count === 0) return 0;
        const rank = Math.max(1, Math.ceil(p * count - count * 1e-12));
        return buckets[counts.findIndex((seen) => seen >= rank)] ?? (buckets.at(-1) as number);
      },
    };
  }

  #add(value: number): void {
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }
}
