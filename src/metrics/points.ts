import type { AttributesOf, Instruments } from '../instruments.ts';
import type { Point } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

/** A number that the application gave to a monitor goes to the instrument of what it measures. */
export function recordPoint(to: Instruments, attributes: BoundedAttributes, { type, value, tags }: Point): void {
  const { operation, provider, modelId, system = 'custom', queue, name } = tags;
  const model = attributes.model({ operation, provider, requestModel: modelId });
  switch (type) {
    case 'latency': {
      const isModel = modelId !== undefined || provider !== undefined;
      if (isModel) return recordModelLatency(to, model, operation, value / 1000);
      const operationName = attributes.bound('gaugeway.operation.name', operation);
      return to.with('appOperationDuration', { 'gaugeway.operation.name': operationName }).record(value / 1000);
    }
    case 'token_throughput':
      return to.with('modelTokenThroughput', model).record(value);
    case 'error_rate':
      return to.with('modelErrors', model).record(value);
    case 'job_duration':
      return to.with('jobRunDuration', attributes.job({ system, queue, name })).record(value / 1000);
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
