import type { TokenUsage } from './observations.ts';
import { type ModelCallResult, modelCalls } from './recorders/model-calls.ts';
import { replaceMethod, requireMethods } from './replace-method.ts';

type Named = string | ((...args: unknown[]) => string | undefined);

/** Which methods of a gateway are model calls, and how to name them. */
export interface GatewayOptions<G> {
  /** Methods that make one model call each. */
  readonly methods: readonly (keyof G & string)[];
  /** `gen_ai.provider.name`, or a function of the method's arguments. */
  readonly provider: Named;
  /** The model asked for, or a function of the method's arguments. @default `model` of the first argument */
  readonly model?: Named;
  /** `gen_ai.operation.name`, or a function of the method's arguments. @default 'chat' */
  readonly operation?: Named;
}

/**
 * Records each call of the given methods of a gateway object as a model call: duration, a throw or rejection as a failed
 * call, and tokens where the result has `usage` (`totalTokens`, `inputTokens`, `outputTokens`, or the providers' names).
 * Returns the function that restores the object; throws when a method does not exist.
 */
export function instrumentGateway<G extends object>(gateway: G, options: GatewayOptions<G>): () => void {
  requireMethods(gateway, options.methods, 'instrumentGateway: option "methods"', 'gateway');
  const restores = options.methods.map((name) =>
    replaceMethod(gateway, name, (call, args) => {
      const details = {
        provider: named(options.provider, args) ?? 'custom',
        model: options.model === undefined ? modelOf(args[0]) : named(options.model, args),
        operation: named(options.operation, args),
      };
      return modelCalls.run(details, call, resultOf);
    }),
  );
  return () => {
    for (const restore of restores.splice(0)) restore();
  };
}

function named(value: Named | undefined, args: unknown[]): string | undefined {
  if (typeof value !== 'function') return value;
  try {
    const name: unknown = value(...args);
    return typeof name === 'string' ? name : undefined;
  } catch {
    // A failing name is an unknown name: the gateway's call must not fail for it.
    return undefined;
  }
}

function modelOf(argument: unknown): string | undefined {
  const model = (argument as { model?: unknown } | null | undefined)?.model;
  return typeof model === 'string' ? model : undefined;
}

function resultOf(value: unknown): ModelCallResult {
  const [usage, model, id] = ['usage', 'model', 'id'].map((key) => dataOf(value, key));
  return {
    usage: usageOf(usage),
    model: typeof model === 'string' ? model : undefined,
    id: typeof id === 'string' ? id : undefined,
  };
}

/** Getters are not called: that of an SDK's stream (`usage` of the AI SDK) reads it to its end. */
function dataOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

function usageOf(usage: unknown): TokenUsage | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const fields = usage as Record<string, unknown>;
  const first = (...names: string[]): number | undefined => {
    for (const name of names) if (typeof fields[name] === 'number') return fields[name];
    return undefined;
  };
  const input = first('inputTokens', 'promptTokens', 'input_tokens', 'prompt_tokens');
  // Only Anthropic names these, and its `input_tokens` leaves them out.
  const cacheRead = first('cache_read_input_tokens');
  const cacheWrite = first('cache_creation_input_tokens');
  const entries = Object.entries({
    input: input === undefined ? undefined : input + (cacheRead ?? 0) + (cacheWrite ?? 0),
    cacheRead,
    cacheWrite,
    output: first('outputTokens', 'completionTokens', 'output_tokens', 'completion_tokens'),
    total: first('totalTokens', 'total_tokens'),
  }).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as TokenUsage) : undefined;
}
