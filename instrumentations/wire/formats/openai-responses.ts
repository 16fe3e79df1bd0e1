import type { Fields } from '../json-fields.ts';
import { addUsage, code, type Format, text } from './format.ts';

const answer: Fields = {
  id: 'id',
  model: 'model',
  status: 'status',
  incomplete_details: { reason: 'incompleteReason' },
  usage: {
    input_tokens: 'input',
    output_tokens: 'output',
    total_tokens: 'total',
    input_tokens_details: { cached_tokens: 'cacheRead' },
    output_tokens_details: { reasoning_tokens: 'reasoning' },
  },
  error: { code: 'errorCode', type: 'errorType' },
};

const LAST_EVENTS = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

/** OpenAI responses. */
export const openAiResponses: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: answer,
  event: { type: 'type', code: 'eventCode', response: answer },
  repetitive: true,
  ask: (facts) => ({ model: text(facts.model), streaming: facts.stream === true }),
  answer(facts, told) {
    const type = text(facts.type);
    const isDelta = type?.endsWith('.delta') === true;
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    if (facts.input !== undefined || facts.output !== undefined) {
      addUsage(told, facts);
    }
    const status = text(facts.status);
    if (status === 'completed') told.finishReasons = ['completed'];
    else if (status === 'incomplete') told.finishReasons = [text(facts.incompleteReason) ?? 'incomplete'];
    if (type !== undefined && LAST_EVENTS.has(type)) told.ended = true;
    if (type === 'error') told.errorCode ??= code(facts.eventCode) ?? 'error';
    told.errorCode ??= code(facts.errorCode) ?? code(facts.errorType) ?? (status === 'failed' ? 'failed' : undefined);
    return !isDelta;
  },
};
