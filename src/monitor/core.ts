import { drop, isObservedOutside, publish } from '../observe.ts';
import { errorClass } from '../recorders/failures.ts';
import { Timeline } from './clock.ts';
import { contained } from './contain.ts';
import { type Metadata, metadataOf } from './metadata.ts';
import type { Operation } from './operation.ts';
import { Operations } from './operations.ts';
import type { ResolvedMonitorOptions } from './options.ts';
import { LARGEST } from './sketch.ts';
import { SlowOperations } from './slow-operations.ts';
import { listenTo } from './stream.ts';
import type { TagsGiven } from './tags.ts';
import type { Outcome } from './tally.ts';

/** What can be told of an operation beside its duration. */
export interface RecordDetails {
  /** @default 'error' with an `error` or `errorType`, else 'success' */
  readonly outcome?: Outcome | undefined;
  /** What was thrown; its class is kept, never its message. */
  readonly error?: unknown;
  /** The class of the error, where there is no object. */
  readonly errorType?: string | undefined;
  /** Tells series of one operation apart: few values, no ids. */
  readonly tags?: TagsGiven | undefined;
  /** Kept with the measurement, without secrets and bounded. */
  readonly metadata?: unknown;
  /** Unix milliseconds of its end. @default now */
  readonly timestamp?: number | undefined;
  /** True where the caller has published an observation of its own. @default false */
  readonly isPublished?: boolean | undefined;
}

/** What the faces of a monitor share: everything is recorded here, once. */
export class Core {
  readonly options: ResolvedMonitorOptions;
  readonly timeline: Timeline;
  readonly operations: Operations;
  readonly slow: SlowOperations;
  slowThresholdMs: number;
  readonly #stops: (() => void)[] = [];

  constructor(options: ResolvedMonitorOptions) {
    this.options = options;
    this.timeline = new Timeline(options.clock);
    this.operations = new Operations(options);
    this.slow = new SlowOperations(options);
    this.slowThresholdMs = options.slowOperationThreshold;
    if (options.enabled && options.observe) this.#stops.push(listenTo(this));
  }

  /** True when this run of the operation is one of those that are measured. */
  samples(operation: Operation): boolean {
    return operation.rate === 1 || Math.random() < operation.rate;
  }

  /** Records what a caller measured, and tells the other listeners. */
  record(name: string, durationMs: number, details: RecordDetails = NO_DETAILS): void {
    if (!this.options.enabled) return;
    const operation = this.operations.find(name);
    const timestamp = details.timestamp ?? this.options.clock.unix();
    const errorType = details.errorType ?? (details.error === undefined ? undefined : errorClass(details.error));
    const outcome = details.outcome ?? (errorType === undefined ? 'success' : 'error');
    if (this.samples(operation)) this.add(operation, durationMs, outcome, timestamp, errorType, details);
    if (details.isPublished !== true) this.publish(operation, durationMs, outcome, timestamp, errorType);
  }

  /** Keeps one measurement and judges it. */
  add(
    operation: Operation,
    durationMs: number,
    outcome: Outcome,
    timestamp: number,
    errorType: string | undefined,
    { tags, metadata: given, error }: RecordDetails = NO_DETAILS,
  ): void {
    if (!isPossible(durationMs)) return drop('invalid_value');
    const metadata = given === undefined ? undefined : metadataOf(given);
    operation.series.find(tags).add(this.timeline.at(timestamp), durationMs, outcome, metadata);
    const isSlow = durationMs > this.slowThresholdMs;
    if (isSlow) this.#tellSlow(operation.name, durationMs, timestamp, metadata);
    const { storage, captureStacks } = this.options;
    if (storage === undefined) return;
    const isError = outcome === 'unknown' ? undefined : outcome === 'error';
    const stack = captureStacks && error instanceof Error ? error.stack : undefined;
    contained('a storage', () =>
      storage.insertMetric(operation.name, {
        timestamp,
        duration: durationMs,
        error: isError,
        errorType,
        stack,
        context: metadata,
        isSlow,
      }),
    );
  }

  /** Tells those who are no monitors, so that what is recorded here reaches OpenTelemetry too. */
  publish(
    { name }: Operation,
    durationMs: number,
    outcome: Outcome,
    timestamp: number,
    errorType: string | undefined,
  ): void {
    if (!isObservedOutside() || !isPossible(durationMs)) return;
    // An end that nobody saw would count as a success there.
    if (outcome === 'unknown') return drop('unobservable');
    const startTime = timestamp - durationMs;
    publish(Object.freeze({ kind: 'operation', name, startTime, durationMs, errorType, monitored: true }));
  }

  clear(): void {
    this.operations.clear();
    this.slow.latest.length = 0;
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #tellSlow(operation: string, duration: number, timestamp: number, metadata: Metadata | undefined): void {
    const severity = duration > this.options.verySlowOperationThreshold ? 'very_slow' : 'slow';
    this.slow.tell(Object.freeze({ operation, duration, metadata, severity, timestamp }));
  }
}

const NO_DETAILS: RecordDetails = Object.freeze({});

function isPossible(durationMs: number): boolean {
  return durationMs >= 0 && durationMs <= LARGEST;
}
