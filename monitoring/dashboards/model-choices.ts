import { modelCallRows } from '../model-calls.ts';
import type { LabelKey, Where } from '../promql.ts';
import { ofSeries, traceLinks } from './links.ts';
import { chosen, type Variable } from './variables.ts';

/** What can be chosen on the board of model calls, and what its parts share. */
export const service: Variable = { name: 'service', title: 'Service', key: 'job', of: modelCallRows, multi: false };
const of = modelCallRows;
export const provider: Variable = {
  name: 'provider',
  title: 'Provider',
  key: 'gen_ai.provider.name',
  of,
  within: [service],
};
export const model: Variable = {
  name: 'model',
  title: 'Model',
  key: 'gen_ai.request.model',
  of,
  within: [service, provider],
};
export const operation: Variable = {
  name: 'operation',
  title: 'Operation',
  key: 'gen_ai.operation.name',
  of,
  within: [service],
};
export const CHOSEN: Where = {
  job: chosen(service),
  'gen_ai.provider.name': chosen(provider),
  'gen_ai.request.model': chosen(model),
  'gen_ai.operation.name': chosen(operation),
};
export const MODEL: LabelKey[] = ['gen_ai.request.model'];
export const NO_CALLS = 'No model calls.';
export const NO_STREAMS = 'No streamed model calls.';

export const linksOfModel = traceLinks({
  conditions: [`span.gen_ai.request.model = "${ofSeries('gen_ai_request_model')}"`],
  tags: { 'gen_ai.request.model': ofSeries('gen_ai_request_model') },
});
export const linksToCalls = traceLinks({ conditions: ['span.gen_ai.operation.name != nil'] });
export const linksToFailures = traceLinks({
  conditions: ['span.gen_ai.operation.name != nil', 'status = error'],
  tags: { error: 'true' },
});
