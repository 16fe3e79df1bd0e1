import {
  amount,
  fraction,
  milliseconds,
  names as namesParser,
  type Parser,
  switchValue,
  wholeNumber,
} from '../parsers.ts';
import { type FromVariables, readVariable } from '../variables.ts';
import type { OnAnomaly } from './anomalies.ts';
import { type Clock, systemClock } from './clock.ts';
import { DEFAULT_LIMITS, LIMIT_PARSERS, type Limits } from './limits.ts';
import { createLog, type Log, type Logger } from './log.ts';
import type { OnLongRunningJob } from './long-running.ts';
import { createRedaction, type Redaction } from './metadata.ts';
import type { SlowOperation } from './slow-operations.ts';
import type { MetricStore } from './store.ts';

function setting<T>(parser: Parser<T>, fallback: T, ...variables: string[]): FromVariables<T> {
  return { parser, fallback, variables };
}

const rate: Parser<number> = {
  ...fraction,
  expects: 'a number above 0 and up to 1, or a function of the operation that gives one',
  accepts: (value) => fraction.accepts(value) && value !== 0,
};

/** An option beats `GAUGEWAY_*` beats the specification's variable beats the default. */
const settings = {
  enabled: setting(switchValue, true),
  observe: setting(switchValue, true),
  slowOperationThreshold: setting(amount, 1000, 'GAUGEWAY_SLOW_REQUEST_THRESHOLD_MS', 'SLOW_REQUEST_THRESHOLD_MS'),
  verySlowOperationThreshold: setting(amount, 5000),
  maxMetricsPerOperation: setting(wholeNumber, 1000),
  maxOperations: setting(wholeNumber, 1000),
  sampleRate: setting(rate, 1),
  errorRateThreshold: setting(fraction, 0.1, 'GAUGEWAY_ERROR_RATE_THRESHOLD', 'ERROR_RATE_THRESHOLD'),
  samplingWindowSeconds: setting(amount, 3600, 'GAUGEWAY_SAMPLING_WINDOW_SECONDS', 'SAMPLING_WINDOW_SECONDS'),
  longRunningThresholdMs: setting(milliseconds, 300_000),
  captureStacks: setting(switchValue, false),
};

/** What hosts a monitor: where it logs, and where it reports what is too slow. */
export interface PlatformContext {
  readonly logger: Logger;
  readonly errorReporter?: ErrorReporter;
}

/** Receives an error with its severity; it may be asynchronous, and its failure is contained. */
export interface ErrorReporter {
  report(error: Error, details: { readonly severity: 'warning'; readonly metadata: unknown }): unknown;
}

/** Options of a monitor; all optional. */
export interface PerformanceMonitorOptions {
  /** False makes the monitor do nothing at all. @default true */
  readonly enabled?: boolean;
  /** False leaves out what recorders and hooks of this process see: model calls, jobs, steps, operations. @default true */
  readonly observe?: boolean;
  /** Milliseconds above which an operation is slow. @default 1000, or SLOW_REQUEST_THRESHOLD_MS */
  readonly slowOperationThreshold?: number;
  /** Milliseconds above which an operation is very slow. @default 5000 */
  readonly verySlowOperationThreshold?: number;
  /** Measurements kept of each operation; percentiles are exact up to this many. @default 1000 */
  readonly maxMetricsPerOperation?: number;
  /** Operations and sets of tags kept; later ones are counted as `other`. @default 1000 */
  readonly maxOperations?: number;
  /** Share of an operation's runs that the monitor measures, each standing for 1 / rate of them. @default 1 */
  readonly sampleRate?: number | ((operation: string) => number);
  /** Share of failed runs above which an operation is reported, over the sampling window. @default 0.1, or ERROR_RATE_THRESHOLD */
  readonly errorRateThreshold?: number;
  /** Window of the error rate, at most an hour, and how long a storage keeps rows. @default 3600, or SAMPLING_WINDOW_SECONDS */
  readonly samplingWindowSeconds?: number;
  /** Milliseconds above which a job is reported, also while it still runs. @default 300000 */
  readonly longRunningThresholdMs?: number;
  /** Megabytes of heap above which `getMemoryMetrics()` reports `high_memory`. @default none */
  readonly heapLimitMb?: number;
  /** From when on something is an anomaly. */
  readonly limits?: Partial<Limits>;
  /** Names of metadata whose values are secrets, beside the usual ones. */
  readonly redact?: readonly string[];
  /** Hand stacks of errors to the storage: they may hold paths and values. @default false */
  readonly captureStacks?: boolean;
  /** Winston's or Pino's shape, or `console`. */
  readonly logger?: Logger;
  readonly errorReporter?: ErrorReporter;
  /** Called for every slow operation; it may be asynchronous, and its failure is contained. */
  readonly onSlowOperation?: (operation: SlowOperation) => unknown;
  /** Called for every anomaly; it may be asynchronous, and its failure is contained. */
  readonly onAnomaly?: OnAnomaly;
  /** Called for every long job; it may be asynchronous, and its failure is contained. */
  readonly onLongRunningJob?: OnLongRunningJob;
  /** Where every measurement goes too; without it nothing leaves the memory. */
  readonly storage?: MetricStore;
  /** For tests. */
  readonly clock?: Clock;
}

type Numbers = { readonly [K in keyof typeof settings]: (typeof settings)[K]['fallback'] };

/** Options with every default filled in. */
export interface ResolvedMonitorOptions extends Omit<Numbers, 'sampleRate'> {
  readonly sampleRate: (operation: string) => number;
  readonly log: Log;
  readonly errorReporter: ErrorReporter | undefined;
  readonly onSlowOperation: ((operation: SlowOperation) => unknown) | undefined;
  readonly onAnomaly: OnAnomaly | undefined;
  readonly onLongRunningJob: OnLongRunningJob | undefined;
  readonly heapLimitMb: number | undefined;
  readonly limits: Limits;
  readonly redaction: Redaction;
  readonly storage: MetricStore | undefined;
  readonly clock: Clock;
}

/** Fills in variables and defaults: a wrong option throws and names its remedy, a wrong variable is told and left out. */
export function resolveMonitorOptions(options: PerformanceMonitorOptions = {}): ResolvedMonitorOptions {
  refuseUnknown(options);
  const log = createLog(options.logger);
  const { sampleRate } = options;
  const numbers = resolveSettings(typeof sampleRate === 'function' ? { ...options, sampleRate: 1 } : options, log);
  if (options.verySlowOperationThreshold === undefined) {
    numbers.verySlowOperationThreshold = Math.max(numbers.verySlowOperationThreshold, numbers.slowOperationThreshold);
  } else if (numbers.verySlowOperationThreshold < numbers.slowOperationThreshold) {
    refuse('"verySlowOperationThreshold" must not be below "slowOperationThreshold": raise it, or lower the other');
  }
  for (const [name, methods] of Object.entries(METHODS)) checkMethods(options, name, methods);
  for (const name of CALLBACKS) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      refuse(`option "${name}" must be a function`);
  }
  if (options.heapLimitMb !== undefined && !amount.accepts(options.heapLimitMb)) {
    refuse(`option "heapLimitMb" must be ${amount.expects}`);
  }
  return {
    ...numbers,
    sampleRate: typeof sampleRate === 'function' ? sampleRate : () => numbers.sampleRate,
    log,
    errorReporter: options.errorReporter,
    onSlowOperation: options.onSlowOperation,
    onAnomaly: options.onAnomaly,
    onLongRunningJob: options.onLongRunningJob,
    heapLimitMb: options.heapLimitMb,
    limits: resolveLimits(options.limits),
    redaction: resolveRedaction(options.redact),
    storage: options.storage,
    clock: options.clock ?? systemClock,
  };
}

/** The options that are objects, and what is called on them. */
const METHODS = {
  logger: ['info', 'warn'],
  errorReporter: ['report'],
  storage: ['insertMetric'],
  clock: ['unix', 'monotonic'],
} as const;

const CALLBACKS = ['onSlowOperation', 'onAnomaly', 'onLongRunningJob'] as const;

function refuseUnknown(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    refuse('options must be an object, as in new PerformanceMonitor({ slowOperationThreshold: 500 })');
  }
  const known = [...Object.keys(settings), ...Object.keys(METHODS), ...CALLBACKS, 'limits', 'redact', 'heapLimitMb'];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) refuse(`there is no option "${name}"; the options are ${known.join(', ')}`);
  }
}

function resolveSettings(options: object, log: Log): { -readonly [K in keyof Numbers]: Numbers[K] } {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const resolved: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings) as [string, FromVariables<unknown>][]) {
    const given: unknown = (options as Record<string, unknown>)[name];
    if (given !== undefined && !setting.parser.accepts(given))
      refuse(`option "${name}" must be ${setting.parser.expects}`);
    resolved[name] = given ?? readVariable(setting, environment, (message) => log.warn(message, {}));
  }
  return resolved as { -readonly [K in keyof Numbers]: Numbers[K] };
}

function resolveLimits(given: Partial<Limits> = {}): Limits {
  if (typeof given !== 'object' || given === null) refuse('option "limits" must be an object, as in { deviations: 4 }');
  for (const [name, value] of Object.entries(given)) {
    const parser = LIMIT_PARSERS[name as keyof Limits];
    if (parser === undefined)
      refuse(`there is no limit "${name}"; the limits are ${Object.keys(LIMIT_PARSERS).join(', ')}`);
    if (value !== undefined && !parser.accepts(value)) refuse(`limit "${name}" must be ${parser.expects}`);
  }
  // One that is given as undefined is not given.
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(known) };
}

function resolveRedaction(names: readonly string[] = []): Redaction {
  if (!namesParser.accepts(names)) refuse(`option "redact" must be ${namesParser.expects}`);
  return createRedaction(names);
}

function checkMethods(options: object, name: string, methods: readonly string[]): void {
  const given: unknown = (options as Record<string, unknown>)[name];
  if (given === undefined) return;
  const missing = methods.filter((method) => typeof (given as Record<string, unknown> | null)?.[method] !== 'function');
  if (missing.length > 0) refuse(`option "${name}" must have the methods ${methods.join(' and ')}`);
}

function refuse(message: string): never {
  throw new TypeError(`gaugeway: ${message}`);
}
