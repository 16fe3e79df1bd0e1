import { type Counter, type Gauge, type Histogram, type Meter, type MeterProvider, metrics } from '@opentelemetry/api';
import { VERSION } from '../version.ts';

/** What OpenTelemetry takes for the name of an instrument; values of others stay in the monitor. */
const EXPORTABLE = /^[a-z][a-z0-9_.\-/]{0,254}$/i;

/** Instruments of OpenTelemetry under names of the application's own, made when they are first used. */
export class ExportedInstruments {
  #provider: MeterProvider | undefined;
  #meter: Meter | undefined;
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();

  add(name: string, value: number): void {
    this.#find(this.#counters, name, (meter) => meter.createCounter(name))?.add(value);
  }

  gauge(name: string, value: number): void {
    this.#find(this.#gauges, name, (meter) => meter.createGauge(name))?.record(value);
  }

  record(name: string, value: number, buckets: readonly number[]): void {
    const create = (meter: Meter): Histogram =>
      meter.createHistogram(name, { advice: { explicitBucketBoundaries: [...buckets] } });
    this.#find(this.#histograms, name, create)?.record(value);
  }

  #find<T>(known: Map<string, T>, name: string, create: (meter: Meter) => T): T | undefined {
    this.#follow(metrics.getMeterProvider());
    const instrument = known.get(name);
    if (instrument !== undefined || !EXPORTABLE.test(name)) return instrument;
    const created = create(this.#meter as Meter);
    known.set(name, created);
    return created;
  }

  /** Instruments made before the provider was set stay no-ops for ever. */
  #follow(provider: MeterProvider): void {
    if (provider === this.#provider) return;
    this.#provider = provider;
    this.#meter = provider.getMeter('gaugeway.monitor', VERSION);
    for (const known of [this.#counters, this.#gauges, this.#histograms]) known.clear();
  }
}
