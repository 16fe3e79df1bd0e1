import { OPERATION } from '../catalogue/buckets.ts';
import type { Distribution } from '../observations.ts';

/** Bounds of the gaps between chunks, in milliseconds. */
const BOUNDS = OPERATION.map((seconds) => seconds * 1000);

/** When the chunks of a stream arrived; memory does not grow with the stream. */
export class ChunkTimes {
  /** `performance.now()` of the first chunk. */
  first: number | undefined;
  #last = 0;
  #longest = -1;
  #shortest = Number.POSITIVE_INFINITY;
  #sum = 0;
  #counts: Uint32Array | undefined;

  /** A chunk arrived, at `performance.now()` time. Called for each chunk of each stream. */
  arrived(at: number): void {
    if (this.first === undefined) {
      this.first = at;
    } else {
      const gap = at - this.#last;
      if (gap > this.#longest) this.#longest = gap;
      if (gap < this.#shortest) this.#shortest = gap;
      this.#sum += gap;
      let bucket = 0;
      while (bucket < BOUNDS.length && gap > (BOUNDS[bucket] as number)) bucket++;
      this.#counts ??= new Uint32Array(BOUNDS.length + 1);
      (this.#counts[bucket] as number)++;
    }
    this.#last = at;
  }

  /** Adds the chunks of another stream of the same call. */
  add(other: ChunkTimes): void {
    if (other.first === undefined) return;
    // Of exchanges side by side the first to end need not be the first to answer.
    this.first = Math.min(this.first ?? other.first, other.first);
    this.#longest = Math.max(this.#longest, other.#longest);
    this.#shortest = Math.min(this.#shortest, other.#shortest);
    this.#sum += other.#sum;
    if (other.#counts === undefined) return;
    this.#counts ??= new Uint32Array(BOUNDS.length + 1);
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    }
  }

  /** The longest gap in milliseconds; undefined below two chunks. */
  get longestGap(): number | undefined {
    return this.#longest < 0 ? undefined : this.#longest;
  }

  /** All gaps, in seconds; undefined below two chunks. */
  get gaps(): Distribution | undefined {
    if (this.#counts === undefined) return undefined;
    return Object.freeze({
      counts: Object.freeze(Array.from(this.#counts)),
      sum: this.#sum / 1000,
      min: this.#shortest / 1000,
      max: this.#longest / 1000,
    });
  }
}
