import { Alarm } from './alarm.ts';
import type { Anomalies } from './anomalies.ts';
import type { Limits } from './limits.ts';
import type { ResourceMetrics } from './resource-metrics.ts';

const KEPT_MS = 3_600_000;
const MAX_KEPT = 3600;

/** The resources of the last hour, and whether they run out. */
export class Resources {
  readonly #limits: Limits;
  readonly #memory: Alarm;
  readonly #cpu: Alarm;
  #kept: { readonly at: number; readonly metrics: ResourceMetrics }[] = [];
  #busySince: number | undefined;

  constructor(limits: Limits, anomalies: Anomalies) {
    this.#limits = limits;
    this.#memory = new Alarm('memory_utilization', 'high_memory', anomalies);
    this.#cpu = new Alarm('cpu_usage', 'high_cpu', anomalies);
  }

  get latest(): ResourceMetrics | undefined {
    return this.#kept.at(-1)?.metrics;
  }

  /** From the oldest to the newest. @param now monotonic milliseconds */
  history(now: number): ResourceMetrics[] {
    this.#forget(now);
    return this.#kept.map(({ metrics }) => metrics);
  }

  /** Keeps a sample and judges it. @param now monotonic milliseconds */
  add(metrics: ResourceMetrics, now: number): void {
    this.#forget(now);
    this.#kept.push({ at: now, metrics });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    const { memoryUtilization, cpuPercent, cpuMs } = this.#limits;
    const used = metrics.memoryUtilization();
    this.#memory.set(used > memoryUtilization, used, memoryUtilization, metrics.timestamp);
    const cpu = metrics.cpuUsagePercent;
    if (cpu === undefined) return;
    this.#busySince = cpu > cpuPercent ? (this.#busySince ?? now) : undefined;
    const isLong = this.#busySince !== undefined && now - this.#busySince >= cpuMs;
    // A minute of it begins the alarm, and the first sample below ends it.
    if (isLong || this.#busySince === undefined) this.#cpu.set(isLong, cpu, cpuPercent, metrics.timestamp);
  }

  clear(): void {
    this.#kept = [];
    this.#busySince = undefined;
    this.#memory.isOn = false;
    this.#cpu.isOn = false;
  }

  #forget(now: number): void {
    const first = this.#kept.findIndex(({ at }) => at > now - KEPT_MS);
    this.#kept.splice(0, first < 0 ? this.#kept.length : first);
  }
}
