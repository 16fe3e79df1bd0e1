import type { Attributes, Meter, MetricOptions, Observable, ObservableResult } from '@opentelemetry/api';
import type { AttributeSet } from './attribute-sets.ts';
import { catchUp } from './backlog.ts';
import { boundariesOf } from './boundaries.ts';
import { type Catalogue, catalogue, type InstrumentId, type InstrumentSpec } from './catalogue/index.ts';
import type { Distribution } from './observations.ts';
import { drop } from './observe.ts';
import type { GenAiProfile } from './recorders/profiles.ts';
import { isPossible, type SeriesStore } from './series-store.ts';

/** The attributes that an instrument may carry; a key that its row does not name does not compile. */
export type AttributesOf<Id extends InstrumentId> = AttributeSet<Catalogue[Id]['attributes'][number]>;

/** One instrument with one set of attributes. */
export interface Series {
  /** Adds to a counter, records into a histogram. Values that are not finite or not possible are counted, not taken. */
  record(value: number): void;
}

/** The instruments of the catalogue, bound to a meter. */
export interface Instruments {
  with<Id extends InstrumentId>(id: Id, set: NoInfer<AttributesOf<Id>>): Series;
  /** Adds many values at once to a histogram that takes distributions. */
  add<Id extends InstrumentId>(id: Id, set: NoInfer<AttributesOf<Id>>, distribution: Distribution): void;
  /** @param gone what becomes of a series that `read` does not report any more */
  observe<Id extends InstrumentId>(
    id: Id,
    read: (report: (value: number, set: AttributesOf<Id>) => void) => void | Promise<void>,
    gone?: 'zero' | 'absent',
  ): void;
}

/** The same of an instrument that takes distributions. */
type Many = ReturnType<SeriesStore['bindMany']>;

const NO_SERIES: Series & Many = { record() {}, add() {} };

/**
 * Creates every instrument of the given generations once. All recording goes through here: this is the one place to
 * change for a faster aggregator.
 */
export function createInstruments(meter: Meter, profiles: readonly GenAiProfile[], store: SeriesStore): Instruments {
  const isWritten = ({ profile }: InstrumentSpec): boolean => profile === undefined || profiles.includes(profile);
  const writers = new Map<string, (value: number, attributes: Attributes) => void>();
  for (const [id, spec] of Object.entries(catalogue) as [string, InstrumentSpec][]) {
    if (!isWritten(spec) || spec.distributed === true || store.direct.has(spec)) continue;
    const writer = createWriter(meter, spec);
    if (writer !== undefined) writers.set(id, writer);
  }
  const seriesOf = (id: InstrumentId, { attributes }: AttributeSet): Series => {
    const spec: InstrumentSpec = catalogue[id];
    if (!isWritten(spec)) return NO_SERIES;
    if (store.direct.has(spec)) return store.bind(spec, attributes);
    const write = writers.get(id);
    return write === undefined ? NO_SERIES : { record: (value) => write(value, attributes) };
  };
  const manyOf = (id: InstrumentId, { attributes }: AttributeSet): Many => {
    const spec: InstrumentSpec = catalogue[id];
    return isWritten(spec) ? store.bindMany(spec, attributes) : NO_SERIES;
  };
  const instruments: Instruments = {
    with: (id, set) => set.keep(instruments, id, seriesOf),
    add: (id, set, distribution) => set.keep(instruments, id, manyOf).add(distribution),
    observe(id, read, gone = 'zero') {
      const spec: InstrumentSpec = catalogue[id];
      const reported = new Map<string, Attributes>();
      createObservable(meter, spec).addCallback((result: ObservableResult) => {
        catchUp();
        const missing = new Map(reported);
        // Under an application's own SDK the last value would go on to be exported.
        const finish = (): void => {
          for (const set of missing.values()) result.observe(0, set);
        };
        const reading = read((value, { attributes }) => {
          if (!Number.isFinite(value)) return drop('invalid_value');
          const key = JSON.stringify(attributes);
          missing.delete(key);
          if (gone === 'zero') reported.set(key, attributes);
          result.observe(value, attributes);
        });
        return reading instanceof Promise ? reading.then(finish) : finish();
      });
    },
  };
  return instruments;
}

function createObservable(meter: Meter, spec: InstrumentSpec): Observable {
  switch (spec.kind) {
    case 'observable_counter':
      return meter.createObservableCounter(spec.name, options(spec));
    case 'updown':
      return meter.createObservableUpDownCounter(spec.name, options(spec));
    default:
      return meter.createObservableGauge(spec.name, options(spec));
  }
}

function createWriter(
  meter: Meter,
  spec: InstrumentSpec,
): ((value: number, attributes: Attributes) => void) | undefined {
  switch (spec.kind) {
    case 'histogram': {
      const histogram = meter.createHistogram(spec.name, options(spec));
      return (value, attributes) => (isPossible(value) ? histogram.record(value, attributes) : drop('invalid_value'));
    }
    case 'counter': {
      const counter = meter.createCounter(spec.name, options(spec));
      return (value, attributes) => (isPossible(value) ? counter.add(value, attributes) : drop('invalid_value'));
    }
    case 'gauge': {
      const gauge = meter.createGauge(spec.name, options(spec));
      return (value, attributes) => (Number.isFinite(value) ? gauge.record(value, attributes) : drop('invalid_value'));
    }
    case 'updown':
    case 'observable_counter':
    case 'observable_gauge':
      return undefined;
  }
}

function options(spec: InstrumentSpec): MetricOptions {
  return {
    unit: spec.unit,
    description: spec.description,
    ...(spec.integer === true ? { valueType: 0 } : {}),
    // Views carry the same boundaries; the advice serves an application that brings its own provider.
    ...(spec.buckets === undefined ? {} : { advice: { explicitBucketBoundaries: boundariesOf(spec) } }),
  };
}
