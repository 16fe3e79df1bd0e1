import { LONG_OPERATION, OPERATION, TOKEN_RATE } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

const TARGET = ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model'] as const;
const BASE = [...TARGET, 'gen_ai.response.model', 'server.address', 'server.port'] as const;
/** A limit is one whatever is asked of the model, and is there before any model answers. */
const RATE_LIMIT = [
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'server.address',
  'server.port',
  'gaugeway.ratelimit.resource',
] as const;

/** What the GenAI convention has no name for. */
export const models = {
  modelAttemptDuration: {
    name: 'gaugeway.model.attempt.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of one HTTP exchange with a model provider; a retried call has several.',
    attributes: [...BASE, 'http.response.status_code', 'error.type', 'gaugeway.outcome'],
    buckets: LONG_OPERATION,
  },
  modelTokenThroughput: {
    name: 'gaugeway.model.token_throughput',
    kind: 'histogram',
    unit: '{token}/s',
    description: 'Total tokens of a successful call over its duration.',
    attributes: BASE,
    buckets: TOKEN_RATE,
    tagged: true,
  },
  modelOutputSpeed: {
    name: 'gaugeway.model.output_speed',
    kind: 'histogram',
    unit: '{token}/s',
    description: 'Output tokens of a streamed call over the time after its first chunk.',
    attributes: BASE,
    buckets: TOKEN_RATE,
  },
  modelStreamStall: {
    name: 'gaugeway.model.stream.stall',
    kind: 'histogram',
    unit: 's',
    description: 'Longest gap between two chunks of one stream.',
    attributes: BASE,
    buckets: OPERATION,
  },
  modelErrors: {
    name: 'gaugeway.model.errors',
    kind: 'counter',
    unit: '{error}',
    description: 'Failed calls; created at 0 with the first call of a model, so that a first burst shows in a rate.',
    attributes: TARGET,
    integer: true,
    tagged: true,
  },
  modelRetries: {
    name: 'gaugeway.model.retries',
    kind: 'counter',
    unit: '{retry}',
    description: 'Attempts that asked the same model again after a failure, by the failure that they followed.',
    attributes: [...BASE, 'error.type'],
    integer: true,
  },
  modelBackoffTime: {
    name: 'gaugeway.model.backoff_time',
    kind: 'histogram',
    unit: 's',
    description: 'Time between a failed attempt and its retry, in which nothing was asked.',
    attributes: BASE,
    buckets: OPERATION,
  },
  modelFallbacks: {
    name: 'gaugeway.model.fallbacks',
    kind: 'counter',
    unit: '{fallback}',
    description: 'Turns to another model or provider after a failure inside of one call, as `provider/model`.',
    attributes: [...TARGET, 'gaugeway.fallback.from', 'gaugeway.fallback.to'],
    integer: true,
  },
  modelCache: {
    name: 'gaugeway.model.cache',
    kind: 'counter',
    unit: '{lookup}',
    description: 'Look-ups in the response cache of the application, told by `modelCalls.cache`.',
    attributes: [...TARGET, 'gaugeway.cache.result'],
    integer: true,
  },
  modelActive: {
    name: 'gaugeway.model.active',
    kind: 'updown',
    unit: '{call}',
    description: 'Model calls in flight.',
    attributes: TARGET,
    integer: true,
  },
  modelCost: {
    name: 'gaugeway.model.cost',
    kind: 'counter',
    unit: '{USD}',
    description: "What the calls' tokens cost in US dollars; only where tokens and price are known.",
    attributes: BASE,
  },
  modelUnpriced: {
    name: 'gaugeway.model.unpriced',
    kind: 'counter',
    unit: '{call}',
    description: 'Calls whose tokens are known, and no price of the model is.',
    attributes: BASE,
    integer: true,
  },
  modelRateLimitRemaining: {
    name: 'gaugeway.model.ratelimit.remaining',
    kind: 'observable_gauge',
    unit: '{item}',
    description: "Requests or tokens left of the provider's limit, as its last answer told; absent when that is old.",
    attributes: RATE_LIMIT,
    integer: true,
  },
  modelRateLimitLimit: {
    name: 'gaugeway.model.ratelimit.limit',
    kind: 'observable_gauge',
    unit: '{item}',
    description:
      "Requests or tokens that the provider's limit allows, as its last answer told; absent when that is old.",
    attributes: RATE_LIMIT,
    integer: true,
  },
} as const satisfies Record<string, InstrumentSpec>;
