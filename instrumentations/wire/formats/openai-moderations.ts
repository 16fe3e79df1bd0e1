import { addError, type Format, modelOf, text } from './format.ts';
import { completionUsage, openAiError } from './openai-usage.ts';
import { addUsage } from './usage.ts';

/** OpenAI and Mistral moderations. The convention has no name for the operation. */
export const openAiModerations: Format = {
  operation: 'moderation',
  request: { model: 'model' },
  response: { id: 'id', model: 'model', usage: completionUsage, error: openAiError },
  ask: (facts, path) => ({ model: modelOf(facts, path), streaming: false }),
  answer(facts, told) {
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    if (facts.input !== undefined) addUsage(told, facts, { output: undefined });
    addError(told, facts.errorCode, facts.errorType, facts.hasError === true ? 'error' : undefined);
    return true;
  },
};
