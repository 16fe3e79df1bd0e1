import { ErrorWindow } from '../error-window.ts';
import type { DbQuery, HttpRequest } from '../observations.ts';
import { thresholds } from '../thresholds.ts';
import { OVER } from './alarm.ts';
import type { Anomalies } from './anomalies.ts';
import type { Clock } from './clock.ts';
import { FewLines } from './few-lines.ts';
import type { Log } from './log.ts';
import { queryName, requestName } from './operation-names.ts';

/** How often a high rate is looked at again. */
const PAUSE_MS = 1000;

/** Judges requests and queries by the thresholds of the process: slow ones are logged, too many errors are an anomaly. */
export class ServiceLevels {
  #errors = new ErrorWindow();
  readonly #lines: FewLines;
  readonly #clock: Clock;
  readonly #anomalies: Anomalies;
  #isHigh = false;
  #judgedAt = 0;

  constructor(log: Log, clock: Clock, anomalies: Anomalies) {
    this.#lines = new FewLines(log, clock);
    this.#clock = clock;
    this.#anomalies = anomalies;
  }

  /** @param now the monotonic clock's, when it ended */
  request(request: HttpRequest, now: number): void {
    const { method, route, statusCode, durationMs, outcome } = request;
    const { apiLatencyMs: thresholdMs } = thresholds();
    if (durationMs > thresholdMs) {
      this.#lines.warn(`Slow request: ${requestName(request)}`, { method, route, statusCode, durationMs, thresholdMs });
    }
    this.#judge(outcome === 'error', now);
  }

  query(query: DbQuery): void {
    const { system, operation, collection, durationMs, errorType } = query;
    const { dbQueryMs: thresholdMs } = thresholds();
    if (durationMs <= thresholdMs) return;
    const details = { system, operation, model: collection, durationMs, errorType, thresholdMs };
    this.#lines.warn(`Slow query: ${queryName(query)}`, details);
  }

  clear(): void {
    this.#errors = new ErrorWindow();
    this.#isHigh = false;
  }

  /** Told once when the rate is too high, and once more when it is over. */
  #judge(isError: boolean, now: number): void {
    this.#errors.add(isError, now);
    if (!isError && now - this.#judgedAt < PAUSE_MS) return;
    this.#judgedAt = now;
    const value = this.#errors.ratio(now);
    // Of so few requests that they make no ratio nothing is said, not even that it is over.
    if (value === undefined) return;
    const { httpErrorRate: threshold } = thresholds();
    const isHigh = value > threshold * (this.#isHigh ? OVER : 1);
    if (isHigh === this.#isHigh) return;
    this.#isHigh = isHigh;
    this.#anomalies.report({
      metricName: 'http requests',
      value,
      threshold,
      anomalyType: 'high_error_rate',
      timestamp: this.#clock.unix(),
      severity: !isHigh ? 'info' : value > 2 * threshold ? 'critical' : 'warning',
    });
  }
}
