import { addError, type Format, modelOf, text } from './format.ts';
import { completionUsage, openAiError } from './openai-usage.ts';
import { addUsage, count } from './usage.ts';

/** OpenAI embeddings, and all that speak like it. */
export const openAiEmbeddings: Format = {
  operation: 'embeddings',
  request: { model: 'model' },
  response: { id: 'id', model: 'model', usage: completionUsage, error: openAiError },
  ask: (facts, path) => ({ model: modelOf(facts, path), streaming: false }),
  answer(facts, told) {
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    addError(told, facts.errorCode, facts.errorType, facts.hasError === true ? 'error' : undefined);
    // Voyage and Jina tell a total alone; embeddings have no other tokens than those of the input.
    const input = count(facts.input) ?? count(facts.total);
    if (input !== undefined) addUsage(told, facts, { input, output: undefined });
    return true;
  },
};
