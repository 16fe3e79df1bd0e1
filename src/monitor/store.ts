import type { Metadata } from './metadata.ts';

/** One measurement as a store takes it. */
export interface StoredMeasurement {
  /** Unix milliseconds of its end. */
  readonly timestamp: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Undefined where nobody said how it ended. */
  readonly error: boolean | undefined;
  /** A class of error, never a message. */
  readonly errorType: string | undefined;
  /** Only with `captureStacks`. */
  readonly stack: string | undefined;
  /** Redacted and bounded. */
  readonly context: Metadata | undefined;
  readonly isSlow: boolean;
}

/** Where the measurements of a monitor go too. */
export interface MetricStore {
  /** Called within the measured work: it must return at once and may not throw. */
  insertMetric(operation: string, measurement: StoredMeasurement): unknown;
}
