import { Alarm } from './alarm.ts';
import type { Anomalies } from './anomalies.ts';
import type { Limits } from './limits.ts';
import type { Throughput } from './throughput.ts';

const HOUR_S = 3600;
/** The shorter one where it is busy enough to tell by it. */
const WINDOWS_S = [60, 300] as const;
/** Less than this many seconds before the window say nothing of what is usual. */
const MIN_HISTORY_S = 600;

/** Watches whether traffic falls far below what it was in the hour before. Told once, and once more when it is back. */
export class Traffic {
  readonly #throughput: Throughput;
  readonly #limits: Limits;
  readonly #alarm: Alarm;
  readonly #startedAt: number;

  constructor(throughput: Throughput, limits: Limits, anomalies: Anomalies, now: number) {
    this.#throughput = throughput;
    this.#limits = limits;
    this.#alarm = new Alarm('requests', 'low_throughput', anomalies);
    this.#startedAt = now;
  }

  judge(now: number, timestamp: number): void {
    // Runs that one of them stands for are no evidence.
    const enough = this.#limits.minRequests * this.#throughput.requests.largestWeight;
    const seconds = WINDOWS_S.find((window) => this.#rateBefore(window, now) * window >= enough);
    if (seconds === undefined) return;
    const value = this.#throughput.requests.sum(now, seconds) / seconds;
    const threshold = this.#rateBefore(seconds, now) * this.#limits.throughputShare;
    this.#alarm.set(value < threshold, value, threshold, timestamp);
  }

  /** Requests per second of the hour, without its last seconds; 0 while the hour is too young. */
  #rateBefore(seconds: number, now: number): number {
    const known = Math.min(HOUR_S, (now - this.#startedAt) / 1000) - seconds;
    if (known < MIN_HISTORY_S) return 0;
    const { requests } = this.#throughput;
    return (requests.sum(now, HOUR_S) - requests.sum(now, seconds)) / known;
  }
}
