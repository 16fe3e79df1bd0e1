import type { TokenUsage } from '../../src/observations.ts';
import type { ModelCallResult } from '../../src/recorders/model-calls.ts';

/** Getters are not called: one of the AI SDK's may read a stream. */
export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

/** The AI SDK wraps what the last of several attempts failed with. */
export function lastErrorOf(error: unknown): unknown {
  return field(error, 'lastError') ?? error;
}

export function nameOf(value: unknown, key: string): string | undefined {
  const name = field(value, key);
  return typeof name === 'string' && name !== '' ? name : undefined;
}

export function hasKeys(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}

/** What a model of the AI SDK answered, for calls whose exchange is on no wire of ours. */
export function resultOf(answer: unknown): ModelCallResult {
  const response = field(answer, 'response');
  return { ...summaryOf(answer), id: nameOf(response, 'id'), model: nameOf(response, 'modelId') };
}

/** As much as can be believed of what the AI SDK hands on: where a model tells no id and no name, it makes them up. */
export function summaryOf(answer: unknown): ModelCallResult {
  // What `generateText` returns has all of it in its steps, and getters for the last of these.
  const steps = field(answer, 'steps');
  const result: unknown = Array.isArray(steps) ? steps.at(-1) : answer;
  const finish = field(result, 'finishReason');
  // A text until version 6 of the AI SDK, then an object with the provider's own word.
  const reason = typeof finish === 'string' ? finish : field(finish, 'unified');
  return {
    finishReasons: typeof reason === 'string' ? [reason] : undefined,
    usage: usageOf(field(result, 'usage')),
  };
}

/**
 * The usage of a model: as the model tells it, since version 6 of the AI SDK in parts, or as the AI SDK hands it on, since
 * then with details beside it.
 */
function usageOf(usage: unknown): TokenUsage | undefined {
  const [input, output] = [field(usage, 'inputTokens'), field(usage, 'outputTokens')];
  const [inputDetails, outputDetails] = [field(usage, 'inputTokenDetails'), field(usage, 'outputTokenDetails')];
  const cached = count(field(usage, 'cachedInputTokens'));
  // Version 5 hands on what providers count, some of which leave out of the input what came from a cache.
  const isVague = inputDetails === undefined && cached !== undefined && cached > 0;
  const parts = {
    input: (isVague ? undefined : count(input)) ?? count(field(input, 'total')) ?? count(field(usage, 'tokens')),
    output: count(output) ?? count(field(output, 'total')),
    cacheRead: count(field(input, 'cacheRead')) ?? count(field(inputDetails, 'cacheReadTokens')) ?? cached,
    cacheWrite: count(field(input, 'cacheWrite')) ?? count(field(inputDetails, 'cacheWriteTokens')),
    reasoning:
      count(field(output, 'reasoning')) ??
      count(field(outputDetails, 'reasoningTokens')) ??
      count(field(usage, 'reasoningTokens')),
  };
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : (Object.fromEntries(known) as TokenUsage);
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
