import { addUsage, code, type Format, text } from './format.ts';

/** OpenAI embeddings. */
export const openAiEmbeddings: Format = {
  operation: 'embeddings',
  request: { model: 'model' },
  response: {
    model: 'model',
    usage: { prompt_tokens: 'input', total_tokens: 'total' },
    error: { code: 'errorCode', type: 'errorType' },
  },
  ask: (facts) => ({ model: text(facts.model), streaming: false }),
  answer(facts, told) {
    told.model ??= text(facts.model);
    told.errorCode ??= code(facts.errorCode) ?? code(facts.errorType);
    if (facts.input !== undefined) {
      addUsage(told, facts);
    }
    return true;
  },
};
