import { milliseconds, type Parser, wholeNumber } from '../parsers.ts';
import type { PerformanceMonitorOptions } from './options.ts';
import { LONGEST_WINDOW_MS } from './windows.ts';

/** The windows that statistics are kept for, in milliseconds. */
export const AGGREGATION_WINDOW = {
  ONE_MINUTE: 60_000,
  FIVE_MINUTES: 300_000,
  ONE_HOUR: LONGEST_WINDOW_MS,
} as const;

/** How points are kept and logged; all optional. */
export interface PlatformConfig {
  /** Time between two flushes. @default 60000 */
  readonly flushIntervalMs?: number;
  /** Windows whose statistics a flush logs, each up to an hour. @default one minute, five minutes, one hour */
  readonly aggregationWindowsMs?: readonly number[];
  /** Points kept between two flushes; beyond it the oldest leave and are counted. @default 10000 */
  readonly maxBufferSize?: number;
  /** Milliseconds above which a job is reported, also while it still runs. @default 300000 */
  readonly longRunningThresholdMs?: number;
  /** Errors per call above which a group is reported. @default 0.1, or ERROR_RATE_THRESHOLD */
  readonly errorRateThreshold?: number;
}

type OfPoints = 'flushIntervalMs' | 'aggregationWindowsMs' | 'maxBufferSize';
type OfMonitor = Pick<PerformanceMonitorOptions, 'longRunningThresholdMs' | 'errorRateThreshold'>;

const windows: Parser<readonly number[]> = {
  expects: 'a list of milliseconds, each above 0 and up to an hour',
  parse: () => undefined,
  accepts: (value) =>
    Array.isArray(value) && value.every((ms) => typeof ms === 'number' && ms > 0 && ms <= LONGEST_WINDOW_MS),
};

const PARSERS: Record<OfPoints, Parser<unknown>> = {
  flushIntervalMs: milliseconds,
  aggregationWindowsMs: windows,
  maxBufferSize: wholeNumber,
};

/** What concerns points, complete, and what the monitor is to be told. A wrong value throws and names itself. */
export function resolvePlatformConfig(config?: PlatformConfig): {
  readonly ofPoints: Required<Pick<PlatformConfig, OfPoints>>;
  readonly ofMonitor: OfMonitor;
} {
  if (config !== undefined && (typeof config !== 'object' || config === null)) {
    throw new TypeError('gaugeway: option "config" must be an object, as in { flushIntervalMs: 10000 }');
  }
  const { flushIntervalMs, aggregationWindowsMs, maxBufferSize, ...ofMonitor } = config ?? {};
  const given = { flushIntervalMs, aggregationWindowsMs, maxBufferSize };
  for (const [name, parser] of Object.entries(PARSERS) as [OfPoints, Parser<unknown>][]) {
    if (given[name] !== undefined && !parser.accepts(given[name])) {
      throw new TypeError(`gaugeway: config "${name}" must be ${parser.expects}`);
    }
  }
  return {
    ofPoints: {
      flushIntervalMs: flushIntervalMs ?? 60_000,
      aggregationWindowsMs: aggregationWindowsMs ?? Object.values(AGGREGATION_WINDOW),
      maxBufferSize: maxBufferSize ?? 10_000,
    },
    ofMonitor,
  };
}
