import type { AttributesOf, Instruments } from '../instruments.ts';
import type { ModelAttempt, ModelCall, ModelFallback, TokenUsage } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordModelCall(to: Instruments, attributes: BoundedAttributes, call: ModelCall): void {
  const base = attributes.answeredModel(call);
  const seconds = call.durationMs / 1000;
  const ended = base.given('error.type', call.errorType);
  const embeddings = call.operation === 'embeddings';
  to.with('operationDuration', ended).record(seconds);
  to.with(embeddings ? 'embeddingsDuration' : 'inferenceDuration', ended).record(seconds);
  for (const { from, to: instead } of call.fallbacks ?? []) {
    const change = attributes
      .model(call)
      .given('gaugeway.fallback.from', nameOf(from))
      .given('gaugeway.fallback.to', nameOf(instead));
    to.with('modelFallbacks', change).record(1);
  }
  const isFailure = call.outcome === 'error' || call.outcome === 'timeout';
  to.with('modelErrors', attributes.model(call)).record(isFailure ? 1 : 0);
  if (call.streaming && call.timeToFirstChunkMs !== undefined) {
    const toFirst = call.timeToFirstChunkMs / 1000;
    to.with('operationTimeToFirstChunk', base).record(toFirst);
    to.with('inferenceTimeToFirstChunk', base).record(toFirst);
    if (call.longestStallMs !== undefined) to.with('modelStreamStall', base).record(call.longestStallMs / 1000);
    if (call.chunkGaps !== undefined) {
      to.add('operationTimePerOutputChunk', base, call.chunkGaps);
      to.add('inferenceTimePerOutputChunk', base, call.chunkGaps);
    }
  }
  recordTokens(to, call, base, embeddings);
  if (call.cost !== undefined) to.with('modelCost', base).record(call.cost);
  if (call.unpriced === true) to.with('modelUnpriced', base).record(1);
}

function recordTokens(
  to: Instruments,
  call: ModelCall,
  base: AttributesOf<'modelTokenThroughput'>,
  embeddings: boolean,
): void {
  if (call.usage === undefined) return;
  const { input, output, total, cacheRead, cacheWrite, reasoning } = call.usage;
  const succeeded = call.outcome === 'success';
  // No provider tells of what kind these are; the convention's word for that is `unknown`.
  const counted = base.with('gen_ai.token.modality', 'unknown');
  if (input !== undefined) {
    to.with('tokenUsage', base.with('gen_ai.token.type', 'input')).record(input);
    if (!embeddings) recordByModality(to, 'usageInputTokens', base, input, call.usage);
    if (succeeded) to.with(embeddings ? 'embeddingsInputTokens' : 'inferenceInputTokens', base).record(input);
  }
  if (embeddings) return;
  if (output !== undefined) {
    to.with('tokenUsage', base.with('gen_ai.token.type', 'output')).record(output);
    recordByModality(to, 'usageOutputTokens', base, output, call.usage);
    if (succeeded) to.with('inferenceOutputTokens', base).record(output);
  }
  if (cacheRead !== undefined) to.with('usageCacheReadTokens', counted).record(cacheRead);
  if (cacheWrite !== undefined) to.with('usageCacheWriteTokens', counted).record(cacheWrite);
  if (reasoning !== undefined) to.with('usageReasoningTokens', counted).record(reasoning);
  if (!succeeded || call.durationMs <= 0) return;
  if (total !== undefined) to.with('modelTokenThroughput', base).record(total / (call.durationMs / 1000));
  const afterFirstMs = call.durationMs - (call.timeToFirstChunkMs ?? call.durationMs);
  // A stream that came in one piece, as through a proxy that buffers, was written at a speed that nobody saw.
  if (call.streaming && output !== undefined && afterFirstMs > 0 && call.longestStallMs !== undefined) {
    to.with('modelOutputSpeed', base).record(output / (afterFirstMs / 1000));
  }
}

const INPUT_KINDS = [
  ['text', 'textInput'],
  ['image', 'imageInput'],
  ['audio', 'audioInput'],
] as const;

const OUTPUT_KINDS = [
  ['text', 'textOutput'],
  ['image', 'imageOutput'],
  ['audio', 'audioOutput'],
] as const;

/** The points of all modalities make the whole; no series is made for a kind that does not occur. */
function recordByModality(
  to: Instruments,
  id: 'usageInputTokens' | 'usageOutputTokens',
  base: AttributesOf<'modelTokenThroughput'>,
  whole: number,
  usage: TokenUsage,
): void {
  let rest = whole;
  for (const [modality, field] of id === 'usageInputTokens' ? INPUT_KINDS : OUTPUT_KINDS) {
    const count = usage[field];
    if (count === undefined || count === 0) continue;
    to.with(id, base.with('gen_ai.token.modality', modality)).record(count);
    rest -= count;
  }
  if (rest > 0 || whole === 0) to.with(id, base.with('gen_ai.token.modality', 'unknown')).record(rest);
}

export function recordModelAttempt(to: Instruments, attributes: BoundedAttributes, attempt: ModelAttempt): void {
  const base = attributes.answeredModel(attempt);
  const ended = base
    .with('http.response.status_code', attempt.statusCode)
    .given('error.type', attempt.errorType)
    .with('gaugeway.outcome', attempt.outcome);
  to.with('modelAttemptDuration', ended).record(attempt.durationMs / 1000);
  if (attempt.retryOf !== undefined) to.with('modelRetries', base.given('error.type', attempt.retryOf)).record(1);
  if (attempt.backoffMs !== undefined) to.with('modelBackoffTime', base).record(attempt.backoffMs / 1000);
}

function nameOf({ provider, requestModel }: ModelFallback['from']): string {
  return requestModel === undefined ? provider : `${provider}/${requestModel}`;
}
