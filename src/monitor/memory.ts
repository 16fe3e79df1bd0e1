import { Alarm } from './alarm.ts';
import type { Anomalies } from './anomalies.ts';

/** Memory of this process in megabytes. */
export interface MemoryMetrics {
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly rss: number;
  readonly external: number;
}

const BYTES_PER_MB = 1024 * 1024;

/** Reads the memory of this process, and tells when the heap exceeds a limit. */
export class Memory {
  readonly #heapLimitMb: number | undefined;
  readonly #alarm: Alarm;

  constructor(heapLimitMb: number | undefined, anomalies: Anomalies) {
    this.#heapLimitMb = heapLimitMb;
    this.#alarm = new Alarm('heap_used', 'high_memory', anomalies);
  }

  clear(): void {
    this.#alarm.isOn = false;
  }

  /** Undefined on a runtime that does not tell. */
  read(timestamp: number): MemoryMetrics | undefined {
    const bytes = (globalThis as { process?: { memoryUsage?(): MemoryMetrics } }).process?.memoryUsage?.();
    if (bytes === undefined) return undefined;
    const heapUsed = bytes.heapUsed / BYTES_PER_MB;
    const limit = this.#heapLimitMb;
    if (limit !== undefined) this.#alarm.set(heapUsed > limit, heapUsed, limit, timestamp);
    return {
      heapUsed,
      heapTotal: bytes.heapTotal / BYTES_PER_MB,
      rss: bytes.rss / BYTES_PER_MB,
      external: bytes.external / BYTES_PER_MB,
    };
  }
}
