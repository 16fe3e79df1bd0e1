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

  /** The value of rank `rank`, from 1. */
  valueAt(rank: number): number {
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i] as number;
      if (seen >= rank) return representativeOf(i + this.#first);
    }
    return representativeOf(this.#counts.length - 1 + this.#first);
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
