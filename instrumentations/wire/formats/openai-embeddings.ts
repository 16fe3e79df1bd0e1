import { count, type Format, mergeUsage, text } from './format.ts';

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
    told.errorCode ??= text(facts.errorCode) ?? text(facts.errorType);
    if (facts.input !== undefined) {
      told.usage = mergeUsage(told.usage, {
        input: count(facts.input),
        output: undefined,
        total: count(facts.total),
        cacheRead: undefined,
        cacheWrite: undefined,
        reasoning: undefined,
      });
    }
    return true;
  },
};
