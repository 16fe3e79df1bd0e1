import { BUCKETS, bucketsOf } from './sketch.ts';

/** Fewer values are sorted in no time. */
const FEW = 48;

let counts: Uint32Array | undefined;
let places = new Uint16Array(0);

/**
 * The values of some ranks, from 1 and ascending, as sorting would give them. Values are told apart by the buckets of a
 * sketch first, so only those that share a bucket with one of the ranks are sorted: a fifth of the time for a thousand.
 */
export function select(values: Float64Array, ranks: readonly number[]): number[] {
  if (values.length <= FEW) {
    values.sort();
    return ranks.map((rank) => values[rank - 1] as number);
  }
  counts ??= new Uint32Array(BUCKETS);
  if (places.length < values.length) places = new Uint16Array(values.length);
  bucketsOf(values, places);
  let lowest = BUCKETS;
  let highest = 0;
  for (let i = 0; i < values.length; i++) {
    const bucket = places[i] as number;
    counts[bucket] = (counts[bucket] as number) + 1;
    if (bucket < lowest) lowest = bucket;
    if (bucket > highest) highest = bucket;
  }
  const found: number[] = [];
  let bucket = lowest;
  let below = 0;
  let sorted: Float64Array | undefined;
  for (const rank of ranks) {
    while (below + (counts[bucket] as number) < rank) {
      below += counts[bucket++] as number;
      sorted = undefined;
    }
    sorted ??= valuesIn(bucket, counts[bucket] as number, values).sort();
    found.push(sorted[rank - below - 1] as number);
  }
  counts.fill(0, lowest, highest + 1);
  return found;
}

function valuesIn(bucket: number, count: number, values: Float64Array): Float64Array {
  const inside = new Float64Array(count);
  for (let i = 0, at = 0; at < count; i++) if (places[i] === bucket) inside[at++] = values[i] as number;
  return inside;
}
