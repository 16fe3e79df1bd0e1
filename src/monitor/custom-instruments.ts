import { drop, guarded } from '../observe.ts';
import { ExportedInstruments } from './exported-instruments.ts';
import { Histogram } from './histogram.ts';
import { LARGEST } from './sketch.ts';

const MAX_NAMES = 1000;

/** Counters, gauges and histograms under names of the application's own; each value reaches OpenTelemetry too. */
export class CustomInstruments {
  readonly counters = new Map<string, number>();
  readonly gauges = new Map<string, number>();
  readonly histograms = new Map<string, Histogram>();
  readonly #exported = new ExportedInstruments();

  /** What would lower a counter is counted as invalid. */
  increment(name: string, by: number): void {
    if (!isPossible(by < 0 ? Number.NaN : by) || !hasRoom(this.counters, name)) return;
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
    guarded('a meter', () => this.#exported.add(name, by));
  }

  /** False for a value that is not taken. */
  gauge(name: string, value: number): boolean {
    if (!isPossible(value) || !hasRoom(this.gauges, name)) return false;
    this.gauges.set(name, value);
    guarded('a meter', () => this.#exported.gauge(name, value));
    return true;
  }

  register(name: string, buckets: readonly number[]): void {
    if (!isAscending(buckets)) {
      throw new TypeError(`gaugeway: the buckets of histogram "${name}" must be a list of ascending numbers`);
    }
    const known = this.histograms.get(name);
    if (known !== undefined && String(known.buckets) !== String(buckets)) {
      throw new TypeError(`gaugeway: histogram "${name}" has other buckets already; give this one another name`);
    }
    if (known === undefined && hasRoom(this.histograms, name)) this.histograms.set(name, new Histogram(name, buckets));
  }

  observe(name: string, value: number): void {
    const histogram = this.histograms.get(name);
    if (histogram === undefined) return drop('unknown_event');
    if (!isPossible(value)) return;
    histogram.observe(value);
    guarded('a meter', () => this.#exported.record(name, value, histogram.buckets));
  }

  clear(): void {
    this.counters.clear();
    this.gauges.clear();
    for (const [name, { buckets }] of this.histograms) this.histograms.set(name, new Histogram(name, buckets));
  }
}

function hasRoom(kept: ReadonlyMap<string, unknown>, name: string): boolean {
  if (kept.has(name)) return true;
  if (typeof name === 'string' && kept.size < MAX_NAMES) return true;
  drop('series_limit');
  return false;
}

function isPossible(value: number): boolean {
  if (Number.isFinite(value) && Math.abs(value) <= LARGEST) return true;
  drop('invalid_value');
  return false;
}

function isAscending(buckets: readonly number[]): boolean {
  if (!Array.isArray(buckets) || buckets.length === 0) return false;
  return buckets.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > (buckets[i - 1] as number)));
}
