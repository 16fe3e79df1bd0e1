import type { AttributesOf, Instruments } from '../instruments.ts';
import type { Point } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

/** Tags that have attributes of their own where the point is of a job. */
const OF_JOBS = ['system', 'queue', 'name'];

/** A number that the application gave to a monitor goes to the instrument of what it measures. */
export function recordPoint(to: Instruments, attributes: BoundedAttributes, { type, value, tags }: Point): void {
  const { operation, provider, modelId, system = 'custom', queue, name } = tags;
  const model = attributes.tagged(attributes.model({ operation, provider, requestModel: modelId }), tags);
  switch (type) {
    case 'latency': {
      const isModel = modelId !== undefined || provider !== undefined;
      if (isModel) return recordModelLatency(to, model, operation, value / 1000);
      const named = attributes.none.given('gaugeway.operation.name', operation);
      return to.with('appOperationDuration', attributes.tagged(named, tags)).record(value / 1000);
    }
    case 'token_throughput':
      return to.with('modelTokenThroughput', model).record(value);
    case 'error_rate':
      return to.with('modelErrors', model).record(value);
    case 'job_duration':
      return to
        .with('jobRunDuration', attributes.tagged(attributes.job({ system, queue, name }), tags, OF_JOBS))
        .record(value / 1000);
  }
}

function recordModelLatency(
  to: Instruments,
  model: AttributesOf<'operationDuration'>,
  operation: string | undefined,
  seconds: number,
): void {
  to.with('operationDuration', model).record(seconds);
  to.with(operation === 'embeddings' ? 'embeddingsDuration' : 'inferenceDuration', model).record(seconds);
}
