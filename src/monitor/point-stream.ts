import { busInHand, type EventBus } from '../event-bus.ts';
import type { JobStep, ModelCall, Observation } from '../observations.ts';
import { observe } from '../observe.ts';
import { jobTags } from './long-running.ts';
import type { Points } from './points.ts';

/**
 * Brings what this process's recorders and hooks finish into points, or of that only what comes from a bus. Returns the
 * function that ends it.
 */
export function listenForPoints(points: Points, bus?: EventBus): () => void {
  return observe({
    isMonitor: true,
    observed(observation) {
      if (bus === undefined || busInHand() === bus) take(points, observation);
    },
  });
}

function take(points: Points, seen: Observation): void {
  switch (seen.kind) {
    case 'model_call':
      return takeModelCall(points, seen);
    case 'job_run': {
      const id = seen.id;
      points.add('job_duration', seen.durationMs, seen.startTime + seen.durationMs, jobTags(seen), id);
      return;
    }
    case 'job_step':
      points.add('latency', seen.durationMs, seen.startTime + seen.durationMs, stepTags(seen));
  }
}

function takeModelCall(points: Points, call: ModelCall): void {
  const { requestModel, provider, operation, durationMs, outcome, usage } = call;
  const tags = requestModel === undefined ? { provider, operation } : { modelId: requestModel, provider, operation };
  const ended = call.startTime + durationMs;
  points.add('latency', durationMs, ended, tags);
  if (outcome === 'error' || outcome === 'timeout') points.add('error_rate', 1, ended, tags);
  if (outcome === 'success' && usage?.total !== undefined && durationMs > 0) {
    points.add('token_throughput', usage.total / (durationMs / 1000), ended, tags);
  }
}

function stepTags({ job, name, type, agent }: JobStep) {
  return { operation: `step ${name}`, type, ...(agent && { agent }), ...(job && { job: job.name }) };
}
