import type { Fields } from '../json-fields.ts';
import { addError, type Format, flag, modelOf, text } from './format.ts';
import { openAiError, responseUsage } from './openai-usage.ts';
import { addUsage, wholeOutput } from './usage.ts';

const answer: Fields = {
  id: 'id',
  model: 'model',
  service_tier: 'serviceTier',
  status: 'status',
  incomplete_details: { reason: 'incompleteReason' },
  usage: responseUsage,
  error: openAiError,
};

const LAST_EVENTS = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

/** OpenAI responses. */
export const openAiResponses: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: answer,
  event: {
    type: 'type',
    code: 'eventCode',
    error: { code: 'ownCode', type: 'ownType' },
    response: answer,
  },
  repetitive: 'text',
  ask: (facts, path) => ({ model: modelOf(facts, path), streaming: flag(facts.stream) }),
  answer(facts, told) {
    const type = text(facts.type);
    const isDelta = type?.endsWith('.delta') === true;
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    told.serviceTier = text(facts.serviceTier) ?? told.serviceTier;
    const status = text(facts.status);
    if (status === 'completed') told.finishReasons = ['completed'];
    else if (status === 'incomplete') told.finishReasons = [text(facts.incompleteReason) ?? 'incomplete'];
    if (type !== undefined && LAST_EVENTS.has(type)) told.ended = true;
    if (facts.input !== undefined || facts.output !== undefined) addUsage(told, facts, { output: wholeOutput(facts) });

    const isFailure = type === 'error' || status === 'failed' || facts.hasError === true;
    const isError = addError(
      told,
      facts.errorCode,
      facts.errorType,
      facts.eventCode,
      facts.ownCode,
      facts.ownType,
      isFailure ? 'error' : undefined,
    );
    return !isDelta || isError;
  },
};
