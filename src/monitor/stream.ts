import type { DbQuery, HttpRequest, JobResult, ModelCall, Observation } from '../observations.ts';
import { observe } from '../observe.ts';
import type { Core } from './core.ts';
import type { Outcome } from './tally.ts';

/** Brings what this process's recorders and hooks finish into a monitor. Returns the function that ends it. */
export function listenTo(core: Core): () => void {
  return observe({ isMonitor: true, observed: (observation) => take(core, observation) });
}

/** What each kind of observation is called among the operations; an attempt is part of its call. */
function take(core: Core, seen: Observation): void {
  switch (seen.kind) {
    case 'operation':
      // What was recorded on a monitor is in it already, and in no other.
      return seen.monitored === true ? undefined : add(core, seen.name, outcomeOf(seen.errorType), seen);
    case 'model_call':
      return add(core, `${seen.operation} ${seen.requestModel ?? seen.provider}`, CALLS[seen.outcome], seen);
    case 'job_run':
      return add(core, `job ${seen.name}`, RUNS[seen.result], seen);
    case 'job_step':
      return add(core, `step ${seen.name}`, outcomeOf(seen.errorType), seen);
    case 'http_request':
      return add(core, requestName(seen), seen.outcome === 'aborted' ? 'unknown' : seen.outcome, seen);
    case 'db_query':
      return add(core, queryName(seen), outcomeOf(seen.errorType), seen);
  }
}

/** `GET /users/:id`, or `GET` where no route matched. */
export function requestName({ method, route }: Pick<HttpRequest, 'method' | 'route'>): string {
  return route === undefined ? method : `${method} ${route}`;
}

function queryName({ operation, collection, system }: DbQuery): string {
  const name = [operation, collection].filter((part) => part !== undefined).join(' ');
  return `db ${name === '' ? system : name}`;
}

/** What all finished work tells. */
interface Ended {
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
}

function add(core: Core, name: string, outcome: Outcome, { startTime, durationMs, errorType }: Ended): void {
  const operation = core.operations.find(name);
  if (core.samples(operation)) core.add(operation, durationMs, outcome, startTime + durationMs, errorType);
}

function outcomeOf(errorType: string | undefined): Outcome {
  return errorType === undefined ? 'success' : 'error';
}

/** What the application itself gave up is neither a success nor an error. */
const CALLS: Record<ModelCall['outcome'], Outcome> = {
  success: 'success',
  error: 'error',
  timeout: 'error',
  aborted: 'unknown',
  abandoned: 'unknown',
};

const RUNS: Record<JobResult, Outcome> = {
  success: 'success',
  skip: 'success',
  failure: 'error',
  error: 'error',
  timeout: 'error',
  cancellation: 'unknown',
};
