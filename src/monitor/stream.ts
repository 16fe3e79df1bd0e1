import { busInHand, type EventBus } from '../event-bus.ts';
import type { HttpRequest, JobResult, ModelAttempt, ModelCall, Observation } from '../observations.ts';
import { observe } from '../observe.ts';
import type { Core } from './core.ts';
import { jobTags } from './long-running.ts';
import { agentRunName, modelCallName, queryName, requestName } from './operation-names.ts';
import type { Outcome } from './tally.ts';

/** Brings what this process's recorders and hooks finish into a monitor. Returns the function that ends it. */
export function listenTo(core: Core): () => void {
  return observe({
    isMonitor: true,
    started: (running) => core.longRunning.started(running),
    ended: (running) => core.longRunning.ended(running),
    observed: (observation) => take(core, observation),
  });
}

/** Brings the jobs on a bus, and nothing else, into a monitor that is deaf to the process. */
export function listenToBus(core: Core, bus: EventBus): () => void {
  const isFromBus = (): boolean => busInHand() === bus;
  return observe({
    isMonitor: true,
    started(running) {
      if (isFromBus()) core.longRunning.started(running);
    },
    ended: (running) => core.longRunning.ended(running),
    observed(observation) {
      if (isFromBus()) take(core, observation);
    },
  });
}

/** Finished work becomes an operation; an attempt is part of its call. */
function take(core: Core, seen: Observation): void {
  switch (seen.kind) {
    case 'operation':
      // What was recorded on a monitor is in it already, and in no other.
      return seen.monitored === true ? undefined : add(core, seen.name, outcomeOf(seen.errorType), seen);
    case 'model_call':
      return takeModelCall(core, seen);
    case 'model_attempt':
      addBytes(core, seen);
      return core.models.attempt(seen, core.timeline.at(seen.startTime + seen.durationMs));
    case 'rate_limit':
      return core.models.rateLimit(seen, core.timeline.at(seen.time));
    case 'job_run':
      core.longRunning.judge(seen.id ?? seen.name, seen.durationMs, jobTags(seen));
      return add(core, `job ${seen.name}`, RUNS[seen.result], seen);
    case 'http_request':
      return takeRequest(core, seen);
    case 'db_query':
      core.levels.query(seen);
      return add(core, queryName(seen), outcomeOf(seen.errorType), seen);
    case 'agent_run':
      // A step of a job is told as a step.
      return seen.job === undefined ? add(core, agentRunName(seen), ENDS[seen.outcome], seen) : undefined;
    case 'job_step':
      return add(core, `step ${seen.name}`, outcomeOf(seen.errorType), seen);
  }
}

function takeModelCall(core: Core, call: ModelCall): void {
  add(core, modelCallName(call), ENDS[call.outcome], call);
  const now = core.timeline.at(call.startTime + call.durationMs);
  core.models.call(call, now);
  const tokens = call.usage?.total;
  if (tokens !== undefined) core.throughput.tokens.add(now, tokens);
}

/** Brings a request into a monitor. */
export function takeRequest(core: Core, request: HttpRequest): void {
  core.levels.request(request, core.timeline.at(request.startTime + request.durationMs));
  add(core, requestName(request), request.outcome === 'aborted' ? 'unknown' : request.outcome, request);
  addBytes(core, request);
}

function addBytes(core: Core, seen: HttpRequest | ModelAttempt): void {
  const { requestBytes = 0, responseBytes = 0 } = seen;
  const bytes = requestBytes + responseBytes;
  if (bytes > 0) core.throughput.bytes.add(core.timeline.at(seen.startTime + seen.durationMs), bytes);
}

/** What all finished work tells. */
interface Ended {
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
}

function add(core: Core, name: string, outcome: Outcome, { startTime, durationMs, errorType }: Ended): void {
  const operation = core.operations.find(name);
  if (!core.samples(operation)) return;
  const { run } = core;
  run.durationMs = durationMs;
  run.timestamp = startTime + durationMs;
  run.outcome = outcome;
  run.errorType = errorType;
  core.add(operation);
}

function outcomeOf(errorType: string | undefined): Outcome {
  return errorType === undefined ? 'success' : 'error';
}

/** What the application itself gave up is neither a success nor an error. */
const ENDS: Record<ModelCall['outcome'], Outcome> = {
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
