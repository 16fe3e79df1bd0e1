import { OPERATION, TOKENS } from './buckets.ts';
import type { InstrumentSpec } from './spec.ts';

const BASE = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'server.address',
  'server.port',
] as const;

const histogram = { kind: 'histogram', unit: 's', buckets: OPERATION } as const;
const tokenCounter = {
  kind: 'counter',
  unit: '{token}',
  integer: true,
  profile: 'latest',
  attributes: [...BASE, 'gen_ai.token.modality'],
} as const;
const tokenHistogram = { kind: 'histogram', unit: '{token}', buckets: TOKENS, integer: true } as const;

/** Client metrics of the GenAI semantic conventions, in the two generations of their names. */
export const genAi = {
  operationDuration: {
    ...histogram,
    name: 'gen_ai.client.operation.duration',
    description: 'Duration of a model call, from the request to its last byte or its failure.',
    attributes: [...BASE, 'error.type'],
    tagged: true,
    profile: 'v1.41',
  },
  tokenUsage: {
    ...tokenHistogram,
    name: 'gen_ai.client.token.usage',
    description: 'Input and output tokens of a model call, as billed.',
    attributes: [...BASE, 'gen_ai.token.type'],
    profile: 'v1.41',
  },
  operationTimeToFirstChunk: {
    ...histogram,
    name: 'gen_ai.client.operation.time_to_first_chunk',
    description: 'Time from the request to the first streamed chunk.',
    attributes: BASE,
    profile: 'v1.41',
  },
  operationTimePerOutputChunk: {
    ...histogram,
    name: 'gen_ai.client.operation.time_per_output_chunk',
    description: 'Time from one streamed chunk to the next, as they arrive on the wire.',
    attributes: BASE,
    distributed: true,
    profile: 'v1.41',
  },
  inferenceDuration: {
    ...histogram,
    name: 'gen_ai.client.inference.duration',
    description: 'Duration of an inference call, from the request to its last byte or its failure.',
    attributes: [...BASE, 'error.type'],
    tagged: true,
    profile: 'latest',
  },
  inferenceTimeToFirstChunk: {
    ...histogram,
    name: 'gen_ai.client.inference.time_to_first_chunk',
    description: 'Time from the request to the first streamed chunk.',
    attributes: BASE,
    profile: 'latest',
  },
  inferenceTimePerOutputChunk: {
    ...histogram,
    name: 'gen_ai.client.inference.time_per_output_chunk',
    description: 'Time from one streamed chunk to the next, as they arrive on the wire.',
    attributes: BASE,
    distributed: true,
    profile: 'latest',
  },
  embeddingsDuration: {
    ...histogram,
    name: 'gen_ai.client.embeddings.duration',
    description: 'Duration of an embeddings call, from the request to its last byte or its failure.',
    attributes: [...BASE, 'error.type'],
    tagged: true,
    profile: 'latest',
  },
  embeddingsInputTokens: {
    ...tokenHistogram,
    name: 'gen_ai.client.embeddings.operation.input_tokens',
    description: 'Input tokens of an embeddings call.',
    attributes: BASE,
    profile: 'latest',
  },
  inferenceInputTokens: {
    ...tokenHistogram,
    name: 'gen_ai.client.inference.operation.input_tokens',
    description: 'Input tokens of an inference call, for percentiles.',
    attributes: BASE,
    profile: 'latest',
  },
  inferenceOutputTokens: {
    ...tokenHistogram,
    name: 'gen_ai.client.inference.operation.output_tokens',
    description: 'Output tokens of an inference call, for percentiles.',
    attributes: BASE,
    profile: 'latest',
  },
  usageInputTokens: {
    ...tokenCounter,
    name: 'gen_ai.client.inference.usage.input_tokens',
    description: 'Input tokens used, cached ones included.',
  },
  usageOutputTokens: {
    ...tokenCounter,
    name: 'gen_ai.client.inference.usage.output_tokens',
    description: 'Output tokens used, reasoning included.',
  },
  usageCacheReadTokens: {
    ...tokenCounter,
    name: 'gen_ai.client.inference.usage.cache_read.input_tokens',
    description: 'Input tokens read from the prompt cache of the provider.',
  },
  usageCacheWriteTokens: {
    ...tokenCounter,
    name: 'gen_ai.client.inference.usage.cache_write.input_tokens',
    description: 'Input tokens written to the prompt cache of the provider.',
  },
  usageReasoningTokens: {
    ...tokenCounter,
    name: 'gen_ai.client.inference.usage.reasoning.output_tokens',
    description: 'Output tokens spent on reasoning.',
  },
} as const satisfies Record<string, InstrumentSpec>;
