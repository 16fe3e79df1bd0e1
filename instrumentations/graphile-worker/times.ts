import type { Job, SharedOptions } from './library.ts';

/** What a row tells of the times of a job, by the clock of the database. */
export interface Times {
  /** Age of the job when it was claimed; undefined where two clocks would have to agree. */
  readonly ageMs: number | undefined;
  /** How long the job was ready before it was claimed; undefined where the row does not tell. */
  readonly waitMs: number | undefined;
}

/**
 * `run_at` is where a job becomes ready: the time asked for, after a failure the end of its backoff, after the death of a
 * worker the time at which its lock was reset. `updated_at` moves when a job is replaced or rescheduled, not when it is
 * claimed or fails. Behind it, `run_at` may be a time at which the job was not what it is now.
 */
export function timesOf(job: Job, options: SharedOptions): Times {
  const created = time(job.created_at);
  const updated = time(job.updated_at);
  const ready = time(job.run_at);
  const locked = time(job.locked_at);
  if (created === undefined || updated === undefined || ready === undefined || locked === undefined) {
    return { ageMs: undefined, waitMs: undefined };
  }
  // Then the times are those of the processes that add and run jobs, but not all of them.
  if (options.resolvedPreset?.worker?.useNodeTime === true) {
    return { ageMs: undefined, waitMs: updated === created ? locked - ready : undefined };
  }
  const isTold = (updated === created || ready >= updated) && !hasStalled(job);
  return { ageMs: locked - created, waitMs: isTold ? locked - Math.max(ready, created) : undefined };
}

/** Whether the run before this one ended without a word: its worker died, and the lock was reset. */
export function hasStalled(job: Job): boolean {
  return job.attempts > 1 && (job.last_error === null || job.last_error === undefined);
}

/** Parsers of the database driver can be replaced, so a timestamp need not be a Date. */
function time(value: unknown): number | undefined {
  if (value instanceof Date) return known(value.getTime());
  return value === null || value === undefined ? undefined : known(new Date(value as string).getTime());
}

function known(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}
