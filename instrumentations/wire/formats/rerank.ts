import { addError, type Format, text } from './format.ts';
import { completionUsage, openAiError } from './openai-usage.ts';
import { addUsage, count } from './usage.ts';

/** Ranking of documents as Cohere, Voyage, Jina and others have it. The convention has no name for the operation. */
export const rerank: Format = {
  operation: 'rerank',
  request: { model: 'model' },
  response: { id: 'id', model: 'model', usage: completionUsage, error: openAiError },
  ask: (facts) => ({ model: text(facts.model), streaming: false }),
  answer(facts, told) {
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    const input = count(facts.input) ?? (facts.output === undefined ? count(facts.total) : undefined);
    if (input !== undefined) addUsage(told, facts, { input, output: undefined });
    addError(told, facts.errorCode, facts.errorType, facts.hasError === true ? 'error' : undefined);
    return true;
  },
};
