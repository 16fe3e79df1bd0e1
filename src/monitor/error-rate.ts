import { Alarm, OVER } from './alarm.ts';
import type { Anomalies } from './anomalies.ts';
import { lastMs, type Range } from './distribution.ts';
import type { Limits } from './limits.ts';
import type { Series } from './series.ts';
import { LONGEST_WINDOW_MS } from './windows.ts';

/** Calls and the errors among them. */
export interface Calls {
  readonly calls: number;
  readonly errors: number;
  /** How many series were added up. */
  readonly series: number;
}

/** What error rates are judged by, and where they are told. */
export interface ErrorRateRules {
  readonly limits: Limits;
  readonly threshold: number;
  /** The window of the alert. */
  readonly windowMs: number;
  readonly anomalies: Anomalies;
}

/** A spike is the rate of these milliseconds against that of those before them. */
const SPIKE_MS = 300_000;
/** How often a high rate is looked at again. */
const PAUSE_MS = 1000;
/** Adding up so many series takes no time. */
const FEW_SERIES = 16;
/** For each of more, a rate is left alone for this long: counting calls must not take longer than the calls. */
const PAUSE_PER_SERIES_MS = 0.1;

/**
 * Watches the error rate of one operation or group: too high over the window, or risen all at once. Told once, and once
 * more when it is over. Costs nothing while nothing fails.
 */
export class ErrorRate {
  readonly alarm: Alarm;
  readonly #rules: ErrorRateRules;
  readonly #count: (range: Range) => Calls;
  readonly #minCalls: number;
  #judgedAt = 0;
  /** So many more errors cannot make the rate high; counting calls takes long where an operation has many tags. */
  #harmless = 0;
  #pauseMs = 0;
  readonly #weight: number;

  /** @param weight how many calls each counted one stands for: those that it stands for are no evidence */
  constructor(name: string, rules: ErrorRateRules, count: (range: Range) => Calls, weight = 1) {
    this.alarm = new Alarm(name, 'high_error_rate', rules.anomalies);
    this.#rules = rules;
    this.#minCalls = rules.limits.minCalls * weight;
    this.#weight = weight;
    this.#count = count;
  }

  /** To be told of each run that failed, and while the rate is high of the others too. */
  ended(isError: boolean, now: number, timestamp: number): void {
    const { isOn } = this.alarm;
    if (isError ? isOn : !isOn || now - this.#judgedAt < PAUSE_MS) return;
    // What leaves the window makes a difference within seconds, not between two calls.
    if (isError && now - this.#judgedAt < (this.#harmless-- > 0 ? PAUSE_MS : this.#pauseMs)) return;
    this.#judgedAt = now;
    const high = this.#whatIsHigh(now);
    const { rate, threshold } = high ?? { rate: rateOf(this.#recently(now)), threshold: this.#rules.threshold };
    this.alarm.set(high !== undefined, rate, threshold, timestamp);
  }

  #whatIsHigh(now: number): { rate: number; threshold: number } | undefined {
    const { limits, windowMs } = this.#rules;
    const threshold = this.#rules.threshold * (this.alarm.isOn ? OVER : 1);
    const whole = this.#count(lastMs(now, Math.min(windowMs, LONGEST_WINDOW_MS)));
    this.#harmless = 0;
    this.#pauseMs = whole.series <= FEW_SERIES ? 0 : whole.series * PAUSE_PER_SERIES_MS;
    if (whole.calls >= this.#minCalls && rateOf(whole) > threshold) return { rate: rateOf(whole), threshold };
    const recent = this.#recently(now);
    const before = this.#count({ now, from: now - 2 * SPIKE_MS, to: now - SPIKE_MS });
    const spike = Math.max(threshold, limits.spikeFactor * rateOf(before));
    this.#harmless = Math.floor(Math.min(harmless(whole, threshold), harmless(recent, spike)) / this.#weight);
    const isSpike = recent.calls >= this.#minCalls && rateOf(recent) > threshold && rateOf(recent) >= spike;
    return isSpike ? { rate: rateOf(recent), threshold: spike } : undefined;
  }

  #recently(now: number): Calls {
    return this.#count(lastMs(now, SPIKE_MS));
  }
}

/** Adds up the calls of some series. */
export function callsOf(all: readonly Series[], range: Range): Calls {
  let calls = 0;
  let errors = 0;
  for (const series of all) {
    const { weight } = series;
    series.windows.forEachBetween(range, (tally, count) => {
      calls += count * weight;
      errors += Math.round((tally.errors * count) / tally.count) * weight;
    });
  }
  return { calls, errors, series: all.length };
}

/** How many more errors leave the rate below the threshold, even where none of them is told as a call too. */
function harmless({ calls, errors }: Calls, threshold: number): number {
  return threshold >= 1 ? Number.POSITIVE_INFINITY : Math.ceil(threshold * calls - errors) - 1;
}

function rateOf({ calls, errors }: Calls): number {
  return calls === 0 ? 0 : Math.min(1, errors / calls);
}
