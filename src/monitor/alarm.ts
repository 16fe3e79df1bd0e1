import type { Anomalies, AnomalyType } from './anomalies.ts';

/** What a high rate must fall below, of what made it high: one that lies at its threshold is not told again and again. */
export const OVER = 0.9;

/** A state that is told when it begins, and once more when it is over. */
export class Alarm {
  readonly #metricName: string;
  readonly #anomalyType: AnomalyType;
  readonly #anomalies: Anomalies;
  isOn = false;

  constructor(metricName: string, anomalyType: AnomalyType, anomalies: Anomalies) {
    this.#metricName = metricName;
    this.#anomalyType = anomalyType;
    this.#anomalies = anomalies;
  }

  set(isOn: boolean, value: number, threshold: number, timestamp: number): void {
    if (isOn === this.isOn) return;
    this.isOn = isOn;
    const metricName = this.#metricName;
    const anomalyType = this.#anomalyType;
    const isBeyondTwice = anomalyType === 'low_throughput' ? value < threshold / 2 : value > threshold * 2;
    const severity = !isOn ? 'info' : isBeyondTwice ? 'critical' : 'warning';
    this.#anomalies.report({ metricName, value, threshold, anomalyType, timestamp, severity });
  }
}
