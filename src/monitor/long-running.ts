import type { Running } from '../observations.ts';
import type { Anomalies } from './anomalies.ts';
import { contained } from './contain.ts';
import type { ResolvedMonitorOptions } from './options.ts';
import type { Tags } from './tags.ts';

/** A job that takes, or took, longer than it should. */
export interface LongRunningJob {
  readonly jobId: string;
  /** Until now where it still runs. */
  readonly durationMs: number;
  readonly tags: Tags;
  readonly isRunning: boolean;
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/** Receives each long job, while it runs and when it ended; it may be asynchronous, and its failure is contained. */
export type OnLongRunningJob = (job: LongRunningJob) => unknown;

const MAX_KEPT = 100;
/** Jobs that never end must not be kept for ever; beyond this many only their end is judged. */
const MAX_RUNNING = 10_000;

/** Tells of jobs above a threshold: when they end, and already while they run. */
export class LongRunningJobs {
  readonly latest: LongRunningJob[] = [];
  readonly #options: ResolvedMonitorOptions;
  readonly #anomalies: Anomalies;
  #isTelling = false;
  readonly #timers = new Map<Running, ReturnType<typeof setTimeout>>();

  constructor(options: ResolvedMonitorOptions, anomalies: Anomalies) {
    this.#options = options;
    this.#anomalies = anomalies;
  }

  started(running: Running): void {
    if (running.kind !== 'job_run' || this.#timers.size >= MAX_RUNNING) return;
    const { longRunningThresholdMs, clock } = this.#options;
    // A run may be known only after a while.
    const since = Math.max(0, Date.now() - running.startTime);
    const startedAt = clock.monotonic() - since;
    const timer = setTimeout(
      () => {
        this.#tell(running.id ?? running.name, clock.monotonic() - startedAt, jobTags(running), true);
      },
      Math.max(1, longRunningThresholdMs - since),
    );
    // A number where there is no Node.
    (timer as { unref?: () => void }).unref?.();
    this.#timers.set(running, timer);
  }

  ended(running: Running): void {
    clearTimeout(this.#timers.get(running));
    this.#timers.delete(running);
  }

  /** Judges a job that ended. */
  judge(jobId: string, durationMs: number, tags: Tags): void {
    if (durationMs > this.#options.longRunningThresholdMs) this.#tell(jobId, durationMs, tags, false);
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #tell(jobId: string, durationMs: number, tags: Tags, isRunning: boolean): void {
    const { clock, log, onLongRunningJob } = this.#options;
    const job: LongRunningJob = Object.freeze({ jobId, durationMs, tags, isRunning, timestamp: clock.unix() });
    this.latest.push(job);
    if (this.latest.length > MAX_KEPT) this.latest.shift();
    log.warn(`Long running job detected: ${jobId}`, { durationMs, tags });
    this.#anomalies.count('long_running_job', 'warning', jobId, job.timestamp);
    // A callback may record a long job too, and must not be called for that one.
    if (onLongRunningJob === undefined || this.#isTelling) return;
    this.#isTelling = true;
    contained('onLongRunningJob', () => onLongRunningJob(job));
    this.#isTelling = false;
  }
}

/** What a job of the stream is grouped by. */
export function jobTags(job: {
  readonly system: string;
  readonly queue?: string | undefined;
  readonly name: string;
}): Tags {
  const { system, queue, name } = job;
  return queue === undefined ? { system, name } : { system, queue, name };
}
