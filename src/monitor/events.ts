import { contained } from './contain.ts';
import type { Tags } from './tags.ts';

/** What an event is about. */
export type PerformanceEventType = 'response_latency' | 'memory_usage' | 'cpu_usage';

/** One measurement as an event. */
export interface PerformanceEvent {
  readonly type: PerformanceEventType;
  readonly data: { readonly metric: string; readonly value: number; readonly unit: string; readonly tags: Tags };
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/** Receives every measurement; it may be asynchronous, and its failure is contained. */
export interface EventCollector {
  collect(event: PerformanceEvent): unknown;
}

/** Hands measurements to a collector of events, if there is one. */
export class Events {
  readonly #collector: EventCollector | undefined;
  #isTelling = false;

  constructor(collector: EventCollector | undefined) {
    if (collector !== undefined && typeof collector?.collect !== 'function') {
      throw new TypeError('gaugeway: the event collector must have the method collect(event)');
    }
    this.#collector = collector;
  }

  emit(type: PerformanceEventType, metric: string, value: number, unit: string, tags: Tags, timestamp: number): void {
    const collector = this.#collector;
    // What it records while it takes an event is no event.
    if (collector === undefined || this.#isTelling || !Number.isFinite(value)) return;
    const event: PerformanceEvent = { type, data: { metric, value, unit, tags }, timestamp };
    this.#isTelling = true;
    contained('an event collector', () => collector.collect(event));
    this.#isTelling = false;
  }
}
