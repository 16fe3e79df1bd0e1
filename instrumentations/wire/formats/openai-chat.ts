import { addUsage, type Format, text } from './format.ts';

const answer = {
  id: 'id',
  model: 'model',
  choices: { '*': { finish_reason: 'finishReason[]' } },
  usage: {
    prompt_tokens: 'input',
    completion_tokens: 'output',
    total_tokens: 'total',
    prompt_tokens_details: { cached_tokens: 'cacheRead' },
    completion_tokens_details: { reasoning_tokens: 'reasoning' },
  },
  error: { code: 'errorCode', type: 'errorType' },
};

/** OpenAI chat completions, and all that speak like it. */
export const openAiChat: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: answer,
  repetitive: true,
  ask: (facts) => ({ model: text(facts.model), streaming: facts.stream === true }),
  answer(facts, told) {
    told.id ??= text(facts.id);
    told.model ??= text(facts.model);
    const finishReasons = facts['finishReason[]'] as string[] | undefined;
    if (finishReasons !== undefined) told.finishReasons.push(...finishReasons);
    const hasUsage = facts.input !== undefined || facts.output !== undefined;
    if (hasUsage) {
      addUsage(told, facts);
    }
    const error = text(facts.errorCode) ?? text(facts.errorType);
    told.errorCode ??= error;
    return finishReasons !== undefined || hasUsage || error !== undefined;
  },
};
