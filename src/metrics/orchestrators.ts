import type { Instruments } from '../instruments.ts';
import type { JobDecision, JobStall, JobSubmission, OrchestratorError } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordJobSubmission(to: Instruments, attributes: BoundedAttributes, submission: JobSubmission): void {
  const set = attributes.job(submission).given('error.type', submission.errorType);
  to.with('jobSubmissions', set).record(submission.count);
}

export function recordJobStall(to: Instruments, attributes: BoundedAttributes, stall: JobStall): void {
  to.with('jobStalls', attributes.job(stall).with('gaugeway.job.stall.reason', stall.reason)).record(1);
}

export function recordJobDecision(to: Instruments, attributes: BoundedAttributes, decision: JobDecision): void {
  if (decision.totalMs === undefined) return;
  const job = attributes.job(decision);
  const ended = job.with('gaugeway.job.result', decision.result).given('error.type', decision.errorType);
  to.with('jobDuration', ended).record(decision.totalMs / 1000);
}

export function recordOrchestratorError(
  to: Instruments,
  attributes: BoundedAttributes,
  error: OrchestratorError,
): void {
  const set = attributes
    .queue(error)
    .given('gaugeway.orchestrator.component', error.component)
    .given('error.type', error.errorType);
  to.with('orchestratorErrors', set).record(1);
}
