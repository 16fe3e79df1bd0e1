import type { Run } from './run.ts';

/** Counts of a sketch; those that no longer change are kept as narrow as they fit. */
export type Counts = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** Buckets per power of two: 64 keep the relative error of a value below 0.8 %. */
const BITS = 6;
const PER_OCTAVE = 1 << BITS;

/** Smaller values count as nothing: in milliseconds this is a picosecond. */
const SMALLEST = 2 ** -30;
/** Larger ones are impossible: 285,000 years. */
export const LARGEST = Number.MAX_SAFE_INTEGER;

/** True for what can be counted: a number from 0 to `LARGEST`. What code without types hands in may be anything. */
export function isCountable(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LARGEST;
}

const MAX_UINT32 = 2 ** 32 - 1;

const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
float64[0] = 1;
const HIGH = words[1] === 0 ? 0 : 1;

/** The upper bits of a double are its exponent and the start of its mantissa: a logarithm that costs nothing. */
function bits(value: number): number {
  float64[0] = value;
  return (words[HIGH] as number) >>> (20 - BITS);
}

const ORIGIN = bits(SMALLEST) - 1;

function indexOf(value: number): number {
  return value < SMALLEST ? 0 : bits(value) - ORIGIN;
}

/** How many buckets there are. */
export const BUCKETS = indexOf(LARGEST) + 1;

/** Tells the bucket of each value. */
export function bucketsOf(values: Float64Array, buckets: Uint16Array): void {
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const bucket = ((halves[2 * i + HIGH] as number) >>> (20 - BITS)) - ORIGIN;
    buckets[i] = bucket > 0 ? bucket : 0;
  }
}

function lowerBound(index: number): number {
  words[HIGH] = (index + ORIGIN) << (20 - BITS);
  words[1 - HIGH] = 0;
  return float64[0] as number;
}

/** The value that is nearest to all of its bucket, relatively. */
function representativeOf(index: number): number {
  if (index === 0) return 0;
  const lower = lowerBound(index);
  const upper = lowerBound(index + 1);
  return (2 * lower * upper) / (lower + upper);
}

/** How many values fell where, on a logarithmic scale: percentiles within 1 % from a few hundred numbers. */
export class Sketch {
  #counts: Counts;
  #first: number;

  constructor(counts: Counts = new Uint32Array(0), first = 0) {
    this.#counts = counts;
    this.#first = first;
  }

  add({ durationMs: value }: Pick<Run, 'durationMs'>): void {
    const index = indexOf(value);
    const at = index - this.#first;
    if (at < 0 || at >= this.#counts.length) this.#include(index, index);
    (this.#counts[index - this.#first] as number)++;
  }

  /** Adds the counts of another sketch; `times` each. */
  merge(other: Sketch, times = 1): void {
    const length = other.#counts.length;
    if (length === 0) return;
    this.#include(other.#first, other.#first + length - 1);
    const shift = other.#first - this.#first;
    for (let i = 0; i < length; i++) {
      const count = (this.#counts[i + shift] as number) + (other.#counts[i] as number) * times;
      // Years of values that are all alike.
      if (count > MAX_UINT32) this.#counts = Float64Array.from(this.#counts);
      this.#counts[i + shift] = count;
    }
  }

  /** Adds its counts, `times` each, to those of all buckets. */
  addTo(all: Float64Array, times: number): void {
    const counts = this.#counts;
    const first = this.#first;
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] as number;
      if (count > 0) all[first + i] = (all[first + i] as number) + count * times;
    }
  }

  /** The lowest and one above the highest bucket that it has room for. */
  get from(): number {
    return this.#first;
  }

  get to(): number {
    return this.#first + this.#counts.length;
  }

  clear(): void {
    this.#counts.fill(0);
  }

  /** A copy of what is counted, in as few bytes as it takes. */
  compacted(): Sketch {
    const counts = this.#counts;
    let from = 0;
    let to = counts.length;
    while (from < to && counts[from] === 0) from++;
    while (to > from && counts[to - 1] === 0) to--;
    let most = 0;
    for (let i = from; i < to; i++) most = Math.max(most, counts[i] as number);
    const Narrowest =
      most < 2 ** 8 ? Uint8Array : most < 2 ** 16 ? Uint16Array : most < 2 ** 32 ? Uint32Array : Float64Array;
    return new Sketch(Narrowest.from(counts.subarray(from, to)), this.#first + from);
  }

  #include(from: number, to: number): void {
    const { length } = this.#counts;
    if (from >= this.#first && to < this.#first + length) return;
    const first = Math.min(from, length === 0 ? from : this.#first) & ~(PER_OCTAVE - 1);
    const last = Math.max(to, length === 0 ? to : this.#first + length - 1) | (PER_OCTAVE - 1);
    const Same = this.#counts.constructor as new (length: number) => Counts;
    const grown = new Same(last - first + 1);
    grown.set(this.#counts, length === 0 ? 0 : this.#first - first);
    this.#counts = grown;
    this.#first = first;
  }
}

/** Adds up sketches to read percentiles from; made once and used again, so that reading allocates nothing. */
export class SketchSum {
  readonly #counts = new Float64Array(BUCKETS + PER_OCTAVE);
  #from = BUCKETS;
  #to = 0;
  #total = 0;

  /** Adds `count` values that are distributed as those of a sketch. */
  add(sketch: Sketch, ofSketch: number, count: number): void {
    sketch.addTo(this.#counts, count / ofSketch);
    this.#from = Math.min(this.#from, sketch.from);
    this.#to = Math.max(this.#to, sketch.to);
    this.#total += count;
  }

  /** The values that some shares of all, ascending, do not exceed, and starts anew. */
  take(shares: readonly number[]): number[] {
    let index = this.#from - 1;
    let seen = 0;
    const found = shares.map((share) => {
      // What was added in parts may be a hair below its total.
      const wanted = share * this.#total * (1 - 1e-12);
      while (seen < wanted && index < this.#to - 1) seen += this.#counts[++index] as number;
      return representativeOf(Math.max(index, this.#from));
    });
    this.#counts.fill(0, this.#from, this.#to);
    this.#from = BUCKETS;
    this.#to = 0;
    this.#total = 0;
    return found;
  }
}
