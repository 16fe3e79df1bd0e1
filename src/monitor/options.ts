import { amount, fraction, type Parser, switchValue, wholeNumber } from '../parsers.ts';
import { type FromVariables, readVariable } from '../variables.ts';
import { type Clock, systemClock } from './clock.ts';
import { createLog, type Log, type Logger } from './log.ts';
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
  /** Hand stacks of errors to the storage: they may hold paths and values. @default false */
  readonly captureStacks?: boolean;
  /** Winston's or Pino's shape, or `console`. */
  readonly logger?: Logger;
  readonly errorReporter?: ErrorReporter;
  /** Called for every slow operation; it may be asynchronous, and its failure is contained. */
  readonly onSlowOperation?: (operation: SlowOperation) => unknown;
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
  if (options.onSlowOperation !== undefined && typeof options.onSlowOperation !== 'function') {
    refuse('option "onSlowOperation" must be a function');
  }
  return {
    ...numbers,
    sampleRate: typeof sampleRate === 'function' ? sampleRate : () => numbers.sampleRate,
    log,
    errorReporter: options.errorReporter,
    onSlowOperation: options.onSlowOperation,
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

function refuseUnknown(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    refuse('options must be an object, as in new PerformanceMonitor({ slowOperationThreshold: 500 })');
  }
  const known = [...Object.keys(settings), ...Object.keys(METHODS), 'onSlowOperation'];
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

function checkMethods(options: object, name: string, methods: readonly string[]): void {
  const given: unknown = (options as Record<string, unknown>)[name];
  if (given === undefined) return;
  const missing = methods.filter((method) => typeof (given as Record<string, unknown> | null)?.[method] !== 'function');
  if (missing.length > 0) refuse(`option "${name}" must have the methods ${methods.join(' and ')}`);
}

function refuse(message: string): never {
  throw new TypeError(`gaugeway: ${message}`);
}
