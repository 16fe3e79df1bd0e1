import type { Instruments, Series } from '../instruments.ts';
import type { JobRun, JobStep, JobTarget, Running } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

/** The series of a job that succeeds, kept: most do, and finding them anew costs more than recording. */
interface Known {
  run?: Series;
  life?: Series;
  wait?: Series;
}

const kept = new WeakMap<Instruments, Map<object, Known>>();

export function recordJobRun(to: Instruments, attributes: BoundedAttributes, run: JobRun): void {
  const job = attributes.job(run);
  const known = knownOf(to, job);
  const errorType = attributes.errorType(run.errorType);
  if (run.waitMs !== undefined) {
    known.wait ??= to.with('jobWaitTime', job);
    known.wait.record(run.waitMs / 1000);
  }
  if (run.result === 'success' && errorType === undefined) {
    const ended = { ...job, 'gaugeway.job.result': run.result };
    known.run ??= to.with('jobRunDuration', ended);
    known.run.record(run.durationMs / 1000);
    if (run.totalMs === undefined) return;
    known.life ??= to.with('jobDuration', ended);
    known.life.record(run.totalMs / 1000);
    return;
  }
  const ended = { ...job, 'gaugeway.job.result': run.result, 'error.type': errorType };
  to.with('jobRunDuration', ended).record(run.durationMs / 1000);
  if (run.totalMs !== undefined) to.with('jobDuration', ended).record(run.totalMs / 1000);
  // A run that only put its job back has not failed.
  if (run.final === false && errorType !== undefined)
    to.with('jobRetries', { ...job, 'error.type': errorType }).record(1);
}

function knownOf(to: Instruments, job: object): Known {
  let all = kept.get(to);
  if (all === undefined) {
    all = new Map();
    kept.set(to, all);
  }
  let known = all.get(job);
  if (known === undefined) {
    known = {};
    // One object for each of so many jobs, and another each time for those beyond.
    if (Object.isFrozen(job)) all.set(job, known);
  }
  return known;
}

export function recordJobStep(to: Instruments, attributes: BoundedAttributes, step: JobStep): void {
  to.with('jobStepDuration', {
    ...(step.job === undefined ? {} : attributes.job(step.job)),
    'gaugeway.job.step.name': attributes.bound('gaugeway.job.step.name', step.name),
    'gaugeway.job.step.type': attributes.bound('gaugeway.job.step.type', step.type),
    'gen_ai.agent.name': attributes.bound('gen_ai.agent.name', step.agent),
    'error.type': attributes.errorType(step.errorType),
  }).record(step.durationMs / 1000);
}

/** Reports the age of each job's oldest run. */
export function observeOldestRuns(
  to: Instruments,
  attributes: BoundedAttributes,
  running: ReadonlyMap<Running, unknown>,
): void {
  to.observe('jobRunOldestAge', (report) => {
    const now = Date.now();
    const oldest = new Map<string, { job: JobTarget; startTime: number }>();
    for (const run of running.keys()) {
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
