import type { JobDecision, JobStall, OrchestratorError } from '../observations.ts';
import { isObserved, publish } from '../observe.ts';
import { elapsed } from './clocks.ts';
import { errorClass } from './failures.ts';

/** Records that a run was given up without an end of its own. */
export function recordStall(stall: Omit<JobStall, 'kind' | 'time'>): void {
  if (isObserved()) publish(Object.freeze({ kind: 'job_stall', time: Date.now(), ...stall }));
}

/** Records a fault of an orchestrator itself; not the failure of a job. */
export function recordOrchestratorError(
  where: Pick<OrchestratorError, 'system' | 'queue' | 'component'>,
  error: unknown,
): void {
  if (!isObserved()) return;
  publish(Object.freeze({ kind: 'orchestrator_error', time: Date.now(), ...where, errorType: errorClass(error) }));
}

/** Records that a job was decided without a run of its own: nothing of it is running, and no run is counted. */
export function recordDecision(decision: Omit<JobDecision, 'kind' | 'time' | 'errorType'>, error: unknown): void {
  if (!isObserved()) return;
  publish(
    Object.freeze({
      kind: 'job_decision',
      time: Date.now(),
      ...decision,
      totalMs: elapsed(decision.totalMs),
      errorType: errorClass(error),
    }),
  );
}
