import { Alarm } from './alarm.ts';
import type { Anomalies } from './anomalies.ts';
import type { Limits } from './limits.ts';
import { ResourceMetrics, type ResourceSample } from './resource-metrics.ts';

/** The latest resources, and whether they run out. */
export class Resources {
  latest: ResourceMetrics | undefined;
  readonly #limits: Limits;
  readonly #memory: Alarm;
  readonly #cpu: Alarm;
  #busySince: number | undefined;

  constructor(limits: Limits, anomalies: Anomalies) {
    this.#limits = limits;
    this.#memory = new Alarm('memory_utilization', 'high_memory', anomalies);
    this.#cpu = new Alarm('cpu_usage', 'high_cpu', anomalies);
  }

  /** Keeps a sample and judges it. @param now monotonic milliseconds */
  add(sample: ResourceSample, now: number): ResourceMetrics {
    const metrics = new ResourceMetrics(sample);
    const { memoryUtilization, cpuPercent, cpuMs } = this.#limits;
    const used = metrics.memoryUtilization();
    this.latest = metrics;
    this.#memory.set(used > memoryUtilization, used, memoryUtilization, metrics.timestamp);
    const isBusy = metrics.cpuUsagePercent > cpuPercent;
    this.#busySince = isBusy ? (this.#busySince ?? now) : undefined;
    const isLong = this.#busySince !== undefined && now - this.#busySince >= cpuMs;
    this.#cpu.set(isLong, metrics.cpuUsagePercent, cpuPercent, metrics.timestamp);
    return metrics;
  }
}
