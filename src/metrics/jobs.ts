import type { Instruments } from '../instruments.ts';
import type { JobRun, JobStep, JobTarget, Running } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordJobRun(to: Instruments, attributes: BoundedAttributes, run: JobRun): void {
  const job = attributes.job(run);
  if (run.waitMs !== undefined) to.with('jobWaitTime', job).record(run.waitMs / 1000);
  const ended = job.with('gaugeway.job.result', run.result).given('error.type', run.errorType);
  to.with('jobRunDuration', ended).record(run.durationMs / 1000);
  if (run.totalMs !== undefined) to.with('jobDuration', ended).record(run.totalMs / 1000);
  // A run that only put its job back has not failed.
  if (run.final === false && run.errorType !== undefined) {
    to.with('jobRetries', job.given('error.type', run.errorType)).record(1);
  }
}

export function recordJobStep(to: Instruments, attributes: BoundedAttributes, step: JobStep): void {
  const set = (step.job === undefined ? attributes.none : attributes.job(step.job))
    .given('gaugeway.job.step.name', step.name)
    .given('gaugeway.job.step.type', step.type)
    .given('gen_ai.agent.name', step.agent)
    .given('error.type', step.errorType);
  to.with('jobStepDuration', set).record(step.durationMs / 1000);
}

/** Reports the age of each job's oldest run. */
export function observeOldestRuns(
  to: Instruments,
  attributes: BoundedAttributes,
  entries: Iterable<{ readonly running: Running }>,
): void {
  to.observe('jobRunOldestAge', (report) => {
    const now = Date.now();
    const oldest = new Map<string, { job: JobTarget; startTime: number }>();
    for (const { running: run } of entries) {
      if (run.kind !== 'job_run') continue;
      const key = JSON.stringify([run.system, run.queue, run.name]);
      const known = oldest.get(key);
      if (known === undefined || run.startTime < known.startTime) {
        oldest.set(key, { job: run, startTime: run.startTime });
      }
    }
    for (const { job, startTime } of oldest.values()) {
      report(Math.max(0, now - startTime) / 1000, attributes.job(job));
    }
  });
}
