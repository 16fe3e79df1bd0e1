import type { JobResult, ModelCall, Observation } from '../observations.ts';
import { observe } from '../observe.ts';
import type { Core } from './core.ts';
import type { Outcome } from './tally.ts';

/** Brings what this process's recorders and hooks finish into a monitor. Returns the function that ends it. */
export function listenTo(core: Core): () => void {
  return observe({
    isMonitor: true,
    observed(observation) {
      const name = operationName(observation);
      // What was recorded on a monitor is in it already, and in no other.
      if (name === undefined || ('monitored' in observation && observation.monitored === true)) return;
      const operation = core.operations.find(name);
      if (!core.samples(operation)) return;
      const { startTime, durationMs, errorType } = observation;
      core.add(operation, durationMs, outcomeOf(observation), startTime + durationMs, errorType);
    },
  });
}

/** What an observation is called among the operations; an attempt is part of its call. */
function operationName(observation: Observation): string | undefined {
  switch (observation.kind) {
    case 'operation':
      return observation.name;
    case 'model_call':
      return `${observation.operation} ${observation.requestModel ?? observation.provider}`;
    case 'job_run':
      return `job ${observation.name}`;
    case 'job_step':
      return `step ${observation.name}`;
    case 'model_attempt':
      return undefined;
  }
}

/** What was given up by the application itself is neither a success nor an error. */
function outcomeOf(observation: Observation): Outcome {
  switch (observation.kind) {
    case 'model_call':
    case 'model_attempt':
      return CALLS[observation.outcome];
    case 'job_run':
      return RUNS[observation.result];
    default:
      return observation.errorType === undefined ? 'success' : 'error';
  }
}

const CALLS: Record<ModelCall['outcome'], Outcome> = {
  success: 'success',
  error: 'error',
  timeout: 'error',
  aborted: 'unknown',
  abandoned: 'unknown',
};

const RUNS: Record<JobResult, Outcome> = {
  success: 'success',
  failure: 'error',
  error: 'error',
  timeout: 'error',
  cancellation: 'unknown',
  skip: 'success',
};
