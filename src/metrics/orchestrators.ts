import type { Instruments } from '../instruments.ts';
import type { JobDecision, JobStall, JobSubmission, OrchestratorError } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordJobSubmission(to: Instruments, attributes: BoundedAttributes, submission: JobSubmission): void {
  const job = attributes.job(submission);
  const errorType = attributes.errorType(submission.errorType);
  to.with('jobSubmissions', errorType === undefined ? job : { ...job, 'error.type': errorType }).record(
    submission.count,
  );
}

export function recordJobStall(to: Instruments, attributes: BoundedAttributes, stall: JobStall): void {
  to.with('jobStalls', { ...attributes.job(stall), 'gaugeway.job.stall.reason': stall.reason }).record(1);
}

export function recordJobDecision(to: Instruments, attributes: BoundedAttributes, decision: JobDecision): void {
  if (decision.totalMs === undefined) return;
  to.with('jobDuration', {
    ...attributes.job(decision),
    'gaugeway.job.result': decision.result,
    'error.type': attributes.errorType(decision.errorType),
  }).record(decision.totalMs / 1000);
}

export function recordOrchestratorError(
  to: Instruments,
  attributes: BoundedAttributes,
  { system, queue, component, errorType }: OrchestratorError,
): void {
  to.with('orchestratorErrors', {
    ...attributes.queue({ system, queue }),
    'gaugeway.orchestrator.component': attributes.bound('gaugeway.orchestrator.component', component),
    'error.type': attributes.errorType(errorType),
  }).record(1);
}
