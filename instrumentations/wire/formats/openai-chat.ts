import type { Facts } from '../json-fields.ts';
import { addUsage, code, count, type Format, sum, text } from './format.ts';

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

/** Most finish reasons that are kept: one a choice, and some servers repeat it in every event. */
const MAX_FINISH_REASONS = 16;

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
    // Some servers write an empty reason until there is one.
    const finishReasons = ((facts['finishReason[]'] ?? []) as string[]).filter((reason) => reason !== '');
    for (const reason of finishReasons) {
      if (told.finishReasons.length < MAX_FINISH_REASONS) told.finishReasons.push(reason);
    }
    const hasUsage = facts.input !== undefined || facts.output !== undefined;
    if (hasUsage) {
      addUsage(told, facts, { output: outputOf(facts) });
    }
    const error = code(facts.errorCode) ?? code(facts.errorType);
    told.errorCode ??= error;
    return finishReasons.length > 0 || hasUsage || error !== undefined;
  },
};

/** Some providers (xAI) leave reasoning out of the completion's tokens; their total tells. */
function outputOf(facts: Facts): number | undefined {
  const [input, output, reasoning] = [count(facts.input), count(facts.output), count(facts.reasoning)];
  const apart = sum(output, reasoning);
  const isApart = reasoning !== undefined && facts.total !== undefined && facts.total === sum(input, apart);
  return isApart ? apart : output;
}
