import type { Facts } from '../json-fields.ts';
import { type Answer, addError, addFinishReasons, type Format, flag, modelOf, text } from './format.ts';
import { completionUsage, openAiError } from './openai-usage.ts';
import { addUsage, count, outputWithReasoning } from './usage.ts';

const answer = {
  id: 'id',
  model: 'model',
  // OpenRouter tells the failure of one provider behind it inside of the choice.
  choices: { '*': { finish_reason: 'finishReason[]', error: openAiError } },
  usage: completionUsage,
  // Groq, which tells the usage of a stream here when it was not asked for it.
  x_groq: { usage: completionUsage },
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
  const isFinish = addFinishReasons(told, facts['finishReason[]']);
  const hasUsage = facts.input !== undefined || facts.output !== undefined;
  if (hasUsage) {
    addUsage(told, facts, {
      output: outputWithReasoning(facts),
      cacheRead: count(facts.cacheRead) ?? count(facts.cacheHit),
    });
  }
  const own = facts.object === 'error' ? [facts.ownCode, facts.ownType, 'error'] : [];
  const isError = addError(told, facts.errorCode, facts.errorType, ...own);
  return isFinish || hasUsage || isError;
}
