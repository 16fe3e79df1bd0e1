import type { Clock } from './clock.ts';
import { type Tags, tagsOf } from './tags.ts';

/** What kind of instrument a measurement came from. */
export type MetricType = 'timer' | 'counter' | 'gauge' | 'histogram';

/** A single measurement, complete with its unit. */
export interface Measurement {
  readonly name: string;
  readonly metricType: MetricType;
  readonly value: number;
  readonly unit: string;
  readonly tags: Tags;
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/** Measures until it is stopped; only a timer with a name records what it measured. */
export class Timer {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #record: ((measurement: Measurement) => void) | undefined;
  readonly #startedAt: number;
  readonly #tags: [string, unknown][] = [];
  #measured: Measurement | undefined;

  /** Made by `startTimer`. */
  constructor(clock: Clock, name: string | undefined, record: (measurement: Measurement) => void) {
    this.#clock = clock;
    this.#name = name ?? '';
    this.#record = name === undefined ? undefined : record;
    this.#startedAt = clock.monotonic();
  }

  /** Ends the measurement and gives its milliseconds, the same ones when called again. */
  stop(): number {
    return this.finish().value;
  }

  /** Milliseconds until now, or until it was stopped. */
  elapsed(): number {
    return this.#measured?.value ?? this.#clock.monotonic() - this.#startedAt;
  }

  /** As `elapsed()`. */
  elapsedMs(): number {
    return this.elapsed();
  }

  /** Adds a tag; few values, no ids. */
  withTag(key: string, value: string | number | boolean): this {
    if (typeof key === 'string') this.#tags.push([key, value]);
    return this;
  }

  /** Ends the measurement and gives all of it. */
  finish(): Measurement {
    if (this.#measured === undefined) {
      this.#measured = Object.freeze<Measurement>({
        name: this.#name,
        metricType: 'timer',
        value: this.#clock.monotonic() - this.#startedAt,
        unit: 'ms',
        tags: tagsOf(Object.fromEntries(this.#tags)),
        timestamp: this.#clock.unix(),
      });
      this.#record?.(this.#measured);
    }
    return this.#measured;
  }
}
