import type { TokenUsage } from '../../src/observations.ts';
import type { ModelCallResult } from '../../src/recorders/model-calls.ts';

type Fields = Record<string, unknown>;

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
export function resultOf(result: unknown): ModelCallResult {
  const response = field(result, 'response');
  const [id, model] = [field(response, 'id'), field(response, 'modelId')];
  const finish = field(result, 'finishReason');
  // A text until version 6 of the AI SDK, then an object with the provider's own word.
  const reason = typeof finish === 'string' ? finish : field(finish, 'unified');
  return {
    id: typeof id === 'string' ? id : undefined,
    model: typeof model === 'string' ? model : undefined,
    finishReasons: typeof reason === 'string' ? [reason] : undefined,
    usage: usageOf(field(result, 'usage')),
  };
}

/** The usage of a model: since version 6 of the AI SDK with its parts, and input with what came from a cache. */
function usageOf(usage: unknown): TokenUsage | undefined {
  const [input, output] = [field(usage, 'inputTokens'), field(usage, 'outputTokens')];
  const parts = {
    input: count(input) ?? count(field(input, 'total')) ?? count(field(usage, 'tokens')),
    output: count(output) ?? count(field(output, 'total')),
    cacheRead: count(field(input, 'cacheRead')) ?? count(field(usage, 'cachedInputTokens')),
    cacheWrite: count(field(input, 'cacheWrite')),
    reasoning: count(field(output, 'reasoning')) ?? count(field(usage, 'reasoningTokens')),
  };
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : (Object.fromEntries(known) as TokenUsage & Fields);
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
