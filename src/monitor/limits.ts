import { amount, fraction, type Parser, wholeNumber } from '../parsers.ts';

/** From when on something is an anomaly. */
export interface Limits {
  /** Standard deviations above the mean of the baseline. @default 3 */
  readonly deviations: number;
  /** The standard deviation is never taken for less than this share of the mean. @default 0.05 */
  readonly minDeviation: number;
  /** Values that a baseline needs. @default 20 */
  readonly minPoints: number;
  /** Share of the memory that may be used. @default 0.9 */
  readonly memoryUtilization: number;
  /** Percent of the CPU that may be used... @default 90 */
  readonly cpuPercent: number;
  /** ... for this many milliseconds. @default 60000 */
  readonly cpuMs: number;
  /** Calls that an error rate needs. @default 20 */
  readonly minCalls: number;
  /** What an error rate must be of the one before to be a spike. @default 3 */
  readonly spikeFactor: number;
  /** Share of the hour's rate that traffic must not fall below. @default 0.5 */
  readonly throughputShare: number;
  /** Requests that must be expected in a window for their absence to mean something. @default 100 */
  readonly minRequests: number;
}

export const DEFAULT_LIMITS: Limits = {
  deviations: 3,
  minDeviation: 0.05,
  minPoints: 20,
  memoryUtilization: 0.9,
  cpuPercent: 90,
  cpuMs: 60_000,
  minCalls: 20,
  spikeFactor: 3,
  throughputShare: 0.5,
  minRequests: 100,
};

export const LIMIT_PARSERS: Record<keyof Limits, Parser<number>> = {
  deviations: amount,
  minDeviation: fraction,
  minPoints: wholeNumber,
  memoryUtilization: fraction,
  cpuPercent: amount,
  cpuMs: amount,
  minCalls: wholeNumber,
  spikeFactor: amount,
  throughputShare: fraction,
  minRequests: wholeNumber,
};
