import type { Facts } from '../json-fields.ts';
import { type Answer, addError, addFinishReasons, type Format, flag, modelOf, text } from './format.ts';
import { completionUsage, openAiError } from './openai-usage.ts';
import { addUsage, count, wholeOutput } from './usage.ts';

const answer = {
  id: 'id',
  model: 'model',
  service_tier: 'serviceTier',
  // OpenRouter tells the failure of one provider behind it inside of the choice.
  choices: { '*': { finish_reason: 'finishReason[]', error: { code: 'choiceError' } } },
  usage: completionUsage,
  // Groq, which tells the usage of a stream here when it was not asked for it. No two places may share a fact: one that
  // comes later would take back what the other told.
  x_groq: {
    usage: {
      prompt_tokens: 'groqInput',
      completion_tokens: 'groqOutput',
      total_tokens: 'groqTotal',
      prompt_tokens_details: { cached_tokens: 'groqCacheRead' },
      completion_tokens_details: { reasoning_tokens: 'groqReasoning' },
    },
    error: { '?': 'hasGroqError' },
  },
  error: openAiError,
  // Mistral and older vLLM write an error at the top.
  object: 'object',
  code: 'ownCode',
  type: 'ownType',
};

/** OpenAI chat completions, and all that speak like it. */
export const openAiChat: Format = {
  operation: 'chat',
  request: { model: 'model', stream: 'stream' },
  response: answer,
  repetitive: 'text',
  ask: (facts, path) => ({ model: modelOf(facts, path), streaming: flag(facts.stream) }),
  answer: addCompletion,
};

/** Adds what a completion, of a chat or of a text, tells. */
export function addCompletion(facts: Facts, told: Answer): boolean {
  told.id ??= text(facts.id);
  told.model ??= text(facts.model);
  told.serviceTier = text(facts.serviceTier) ?? told.serviceTier;
  const isFinish = addFinishReasons(told, facts['finishReason[]']);
  const usage = facts.input === undefined && facts.groqInput !== undefined ? groqUsage(facts) : facts;
  const hasUsage = usage.input !== undefined || usage.output !== undefined;
  if (hasUsage) {
    addUsage(told, usage, {
      output: wholeOutput(usage),
      cacheRead: count(usage.cacheRead) ?? count(usage.cacheHit),
      cacheWrite: count(usage.cacheWrite) ?? count(usage.cacheCreated),
    });
  }
  const own = facts.object === 'error' ? [facts.ownCode, facts.ownType, 'error'] : [];
  const isBare = (facts.hasError === true && !isFinish && !hasUsage) || facts.hasGroqError === true;
  const codes = [facts.errorCode, facts.errorType, facts.choiceError, ...own];
  const isError = addError(told, ...codes, isBare ? 'error' : undefined);
  return isFinish || hasUsage || isError;
}

function groqUsage(facts: Facts): Facts {
  const { groqInput, groqOutput, groqTotal, groqCacheRead, groqReasoning } = facts;
  return {
    input: groqInput,
    output: groqOutput,
    total: groqTotal,
    cacheRead: groqCacheRead,
    reasoning: groqReasoning,
  };
}
