import { drop, hookFailed, isObservedOutside, publish } from '../observe.ts';
import { errorClass, readError } from '../recorders/failures.ts';
import { Anomalies } from './anomalies.ts';
import { Timeline } from './clock.ts';
import { contained } from './contain.ts';
import type { ErrorRateRules } from './error-rate.ts';
import { EventLoop } from './event-loop.ts';
import { LongRunningJobs } from './long-running.ts';
import { Memory } from './memory.ts';
import type { Metadata } from './metadata.ts';
import { ModelUse } from './model-facts.ts';
import type { Operation } from './operation.ts';
import { Operations } from './operations.ts';
import type { ResolvedMonitorOptions } from './options.ts';
import { Resources } from './resources.ts';
import { Run } from './run.ts';
import { ServiceLevels } from './service-levels.ts';
import { isCountable } from './sketch.ts';
import { SlowOperations } from './slow-operations.ts';
import { listenTo } from './stream.ts';
import { type TagsGiven, tagsOf } from './tags.ts';
import type { Outcome } from './tally.ts';
import { Throughput } from './throughput.ts';
import { Watch } from './watch.ts';

/** What can be told of a run beside its duration. */
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
  /** Unix milliseconds of its end; what lies back counts as now. @default now */
  readonly timestamp?: number | undefined;
  /** True where the caller has published an observation of its own. @default false */
  readonly isPublished?: boolean | undefined;
}

/** What the faces of a monitor share: everything is recorded here, once. */
export class Core {
  readonly options: ResolvedMonitorOptions;
  readonly timeline: Timeline;
  readonly anomalies: Anomalies;
  readonly errorRateRules: ErrorRateRules;
  readonly operations: Operations;
  readonly throughput = new Throughput();
  readonly models = new ModelUse();
  readonly eventLoop = new EventLoop();
  readonly slow: SlowOperations;
  readonly levels: ServiceLevels;
  readonly longRunning: LongRunningJobs;
  readonly resources: Resources;
  readonly memory: Memory;
  readonly watch: Watch;
  slowThresholdMs: number;
  readonly run = new Run();
  readonly #hasStorage: boolean;
  #isStoring = false;
  readonly #stopListening: () => void;

  constructor(options: ResolvedMonitorOptions) {
    const { clock, log, onAnomaly, limits, errorRateThreshold, samplingWindowSeconds } = options;
    this.options = options;
    this.timeline = new Timeline(clock);
    this.anomalies = new Anomalies(log, onAnomaly, () => clock.monotonic());
    this.errorRateRules = {
      limits,
      threshold: errorRateThreshold,
      windowMs: samplingWindowSeconds * 1000,
      anomalies: this.anomalies,
    };
    this.operations = new Operations(options, this.errorRateRules, () => this.watch.start());
    this.slow = new SlowOperations(options, this.anomalies);
    this.levels = new ServiceLevels(log, clock, this.anomalies);
    this.longRunning = new LongRunningJobs(options, this.anomalies);
    this.resources = new Resources(limits, this.anomalies);
    this.memory = new Memory(options.heapLimitMb, this.anomalies);
    this.watch = new Watch(this);
    this.#hasStorage = options.storage !== undefined;
    this.slowThresholdMs = options.slowOperationThreshold;
    this.#stopListening = options.enabled && options.observe ? listenTo(this) : () => undefined;
  }

  /** True when this run of the operation is one of those that are measured. */
  samples(operation: Operation): boolean {
    return operation.rate === 1 || Math.random() < operation.rate;
  }

  /** Records what a caller measured, and tells the other listeners. False for a duration that is none. */
  record(name: string, durationMs: number, details?: RecordDetails): boolean {
    if (!this.options.enabled) return false;
    if (!isCountable(durationMs)) {
      drop('invalid_value');
      return false;
    }
    try {
      this.#record(this.operations.find(name), durationMs, details ?? NO_DETAILS);
    } catch (error) {
      hookFailed('a monitor', error);
    }
    return true;
  }

  #record(operation: Operation, durationMs: number, details: RecordDetails): void {
    const timestamp = Number.isFinite(details.timestamp) ? (details.timestamp as number) : this.options.clock.unix();
    const errorType = errorTypeOf(details);
    const given = details.outcome;
    const isKnown = given === 'success' || given === 'error' || given === 'unknown';
    const outcome = isKnown ? given : errorType === undefined ? 'success' : 'error';
    if (this.samples(operation)) {
      const { run } = this;
      run.durationMs = durationMs;
      run.timestamp = timestamp;
      run.outcome = outcome;
      run.errorType = errorType;
      this.add(operation, details);
    }
    if (details.isPublished !== true) this.publish(operation, durationMs, outcome, timestamp, errorType, details.tags);
  }

  /** Keeps the run that `run` has been filled with, and judges it. */
  add(operation: Operation, { tags, metadata: given, error }: RecordDetails = NO_DETAILS): void {
    const { run } = this;
    const { durationMs, timestamp, outcome, errorType } = run;
    if (!isCountable(durationMs)) return drop('invalid_value');
    const metadata = given === undefined ? undefined : this.options.redaction(given);
    this.timeline.place(run);
    run.weight = operation.weight;
    this.throughput.requests.addRun(run);
    operation.add(run, tags, metadata);
    const isSlow = durationMs > this.slowThresholdMs;
    if (isSlow) this.#tellSlow(operation.name, durationMs, timestamp, metadata);
    if (this.#hasStorage) {
      this.#store(operation.name, durationMs, outcome, timestamp, errorType, metadata, isSlow, error);
    }
  }

  /** Tells those who are no monitors, so that what is recorded here reaches OpenTelemetry too. */
  publish(
    { name }: Operation,
    durationMs: number,
    outcome: Outcome,
    timestamp: number,
    errorType: string | undefined,
    given?: TagsGiven,
  ): void {
    if (!isObservedOutside()) return;
    // An end that nobody saw would count as a success there.
    if (outcome === 'unknown') return drop('unobservable');
    const startTime = timestamp - durationMs;
    const tags = given === undefined ? undefined : tagsOf(given);
    publish(Object.freeze({ kind: 'operation', name, startTime, durationMs, errorType, tags, monitored: true }));
  }

  /** Forgets everything that was recorded. */
  clear(): void {
    this.operations.clear();
    this.throughput.clear();
    this.models.clear();
    this.anomalies.clear();
    this.resources.clear();
    this.memory.clear();
    this.levels.clear();
    this.watch.clear();
    this.slow.latest.length = 0;
    this.longRunning.latest.length = 0;
  }

  stop(): void {
    this.#stopListening();
    this.watch.stop();
    this.longRunning.stop();
  }

  #tellSlow(operation: string, duration: number, timestamp: number, metadata: Metadata | undefined): void {
    const severity = duration > this.options.verySlowOperationThreshold ? 'very_slow' : 'slow';
    this.slow.tell(Object.freeze({ operation, duration, metadata, severity, timestamp }));
  }

  #store(
    operation: string,
    duration: number,
    outcome: Outcome,
    timestamp: number,
    errorType: string | undefined,
    context: Metadata | undefined,
    isSlow: boolean,
    thrown: unknown,
  ): void {
    // A storage that measures itself is not asked to store that.
    if (this.#isStoring) return;
    const { storage, captureStacks } = this.options;
    const error = outcome === 'unknown' ? undefined : outcome === 'error';
    const told = captureStacks && thrown instanceof Error ? readError(thrown, 'stack') : undefined;
    const stack = typeof told === 'string' ? told : undefined;
    const row = { timestamp, duration, error, errorType, stack, context, isSlow };
    this.#isStoring = true;
    contained('a storage', () => storage?.insertMetric(operation, row));
    this.#isStoring = false;
  }
}

const NO_DETAILS: RecordDetails = Object.freeze({});

function errorTypeOf({ outcome, error, errorType }: RecordDetails): string | undefined {
  if (typeof errorType === 'string') return errorType;
  return outcome === 'error' || error !== undefined ? errorClass(error) : undefined;
}
