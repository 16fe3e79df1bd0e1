import type { Anomaly } from '../observations.ts';
import { publish } from '../observe.ts';
import { contained } from './contain.ts';
import type { Log } from './log.ts';

/** What can be wrong. */
export type AnomalyType = 'high_latency' | 'high_memory' | 'high_cpu' | 'high_error_rate' | 'low_throughput';

/** Something that is not as it usually is. */
export interface PerformanceAnomaly {
  /** The operation, or what else was measured. */
  readonly metricName: string;
  readonly value: number;
  /** What the value should not have exceeded, or fallen below. */
  readonly threshold: number;
  readonly anomalyType: AnomalyType;
  /** Unix milliseconds. */
  readonly timestamp: number;
  /** `critical` beyond twice the threshold; `info` marks the return to normal. */
  readonly severity: 'info' | 'warning' | 'critical';
}

/** Receives each anomaly; it may be asynchronous, and its failure is contained. */
export type OnAnomaly = (anomaly: PerformanceAnomaly) => unknown;

const KEPT_MS = 3_600_000;
const MAX_KEPT = 1000;

/** The anomalies of the last hour. Each is kept, logged, handed to a callback and counted in OpenTelemetry, once. */
export class Anomalies {
  readonly #log: Log;
  readonly #onAnomaly: OnAnomaly | undefined;
  readonly #now: () => number;
  #isTelling = false;
  #kept: { readonly at: number; readonly anomaly: PerformanceAnomaly }[] = [];

  /** @param now the monotonic clock */
  constructor(log: Log, onAnomaly: OnAnomaly | undefined, now: () => number) {
    this.#log = log;
    this.#onAnomaly = onAnomaly;
    this.#now = now;
  }

  report(found: PerformanceAnomaly): void {
    const anomaly = Object.freeze(found);
    this.#kept.push({ at: this.#now(), anomaly });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    const { metricName, anomalyType, severity, timestamp } = anomaly;
    const what = anomalyType.replaceAll('_', ' ');
    if (severity === 'info') this.#log.info(`Back to normal: ${what} of ${metricName}`, anomaly);
    else this.#log.warn(`Anomaly: ${what} of ${metricName}`, anomaly);
    const onAnomaly = this.#onAnomaly;
    // What a callback records may be unusual too, and must not call it again.
    if (onAnomaly !== undefined && !this.#isTelling) {
      this.#isTelling = true;
      contained('onAnomaly', () => onAnomaly(anomaly));
      this.#isTelling = false;
    }
    this.count(anomalyType, severity, metricName, timestamp);
  }

  /** Counts something in OpenTelemetry that is told elsewhere. */
  count(anomaly: Anomaly['anomaly'], severity: Anomaly['severity'], subject: string, time: number): void {
    publish(Object.freeze({ kind: 'anomaly', anomaly, severity, subject, time }));
  }

  /** Of one name, or all; from the oldest to the newest. */
  list(metricName?: string): PerformanceAnomaly[] {
    const since = this.#now() - KEPT_MS;
    this.#kept = this.#kept.filter(({ at }) => at > since);
    const all = this.#kept.map(({ anomaly }) => anomaly);
    return metricName === undefined ? all : all.filter((anomaly) => anomaly.metricName === metricName);
  }

  clear(): void {
    this.#kept = [];
  }
}
