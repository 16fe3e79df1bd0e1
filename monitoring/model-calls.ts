import { catalogue } from '../src/catalogue/index.ts';
import {
  type Expression,
  either,
  growth,
  increase,
  type LabelKey,
  label,
  minBy,
  type Part,
  type Range,
  rate,
  series,
  type Where,
} from './promql.ts';

/**
 * The GenAI convention has changed its names. What stands here reads either generation, and counts a call once where
 * both are written: the series of the two carry the same labels, and `or` takes the first.
 */
const DURATIONS = [catalogue.operationDuration, catalogue.inferenceDuration, catalogue.embeddingsDuration];
const FIRST_CHUNKS = [catalogue.operationTimeToFirstChunk, catalogue.inferenceTimeToFirstChunk];

const CHUNK_TIMES = [catalogue.operationTimePerOutputChunk, catalogue.inferenceTimePerOutputChunk];

const eachOf = (
  rows: typeof DURATIONS | typeof FIRST_CHUNKS | typeof CHUNK_TIMES,
  part: Part,
  where: Where,
  of: (counters: Expression) => Expression,
) => either(...rows.map((row) => of(series(row, part, where))));

/** Instruments that tell of a model call, in either generation. */
export const modelCallRows = DURATIONS;

/** How fast the durations of model calls rise: `bucket`, `sum` or `count`. */
export const callRates = (part: Part, range: Range, where: Where = {}): Expression =>
  eachOf(DURATIONS, part, where, (counters) => rate(counters, range));

/** Model calls in the range. */
export const callIncrease = (range: Range, where: Where = {}): Expression =>
  eachOf(DURATIONS, 'count', where, (counters) => increase(counters, range));

/** Model calls in the range, the first of a new series included. */
export const callGrowth = (part: Part, range: Range, where: Where = {}): Expression =>
  eachOf(DURATIONS, part, where, (counters) => growth(counters, range));

/** How fast the times to the first chunk rise. */
export const firstChunkRates = (part: Part, range: Range, where: Where = {}): Expression =>
  eachOf(FIRST_CHUNKS, part, where, (counters) => rate(counters, range));

/** Streamed calls in the range. */
export const firstChunkIncrease = (range: Range, where: Where = {}): Expression =>
  eachOf(FIRST_CHUNKS, 'count', where, (counters) => increase(counters, range));

/** Times to the first chunk, the first of a new series included. */
export const firstChunkGrowth = (part: Part, range: Range, where: Where = {}): Expression =>
  eachOf(FIRST_CHUNKS, part, where, (counters) => growth(counters, range));

/** How fast the times between two chunks of a stream rise. */
export const chunkTimeRates = (part: Part, range: Range, where: Where = {}): Expression =>
  eachOf(CHUNK_TIMES, part, where, (counters) => rate(counters, range));

/** Share of the limits of the providers that is left, as their last answers told. */
export const rateLimitLeft = (by: readonly LabelKey[], where: Where = {}): Expression =>
  minBy(
    by,
    `${series(catalogue.modelRateLimitRemaining, undefined, where)} / ${series(catalogue.modelRateLimitLimit, undefined, where)}`,
  );

/** Tokens per second; the older generation has one histogram for both kinds, the latest a counter for each. */
export function tokenRates(kind: 'input' | 'output', range: Range, where: Where = {}): Expression {
  const older = rate(series(catalogue.tokenUsage, 'sum', { ...where, 'gen_ai.token.type': kind }), range);
  const counter = kind === 'input' ? catalogue.usageInputTokens : catalogue.usageOutputTokens;
  const latest = `sum without (${label('gen_ai.token.modality')}) (${rate(series(counter, undefined, where), range)})`;
  return either(
    `sum without (${label('gen_ai.token.type')}) (${older})`,
    latest,
    ...(kind === 'input' ? [rate(series(catalogue.embeddingsInputTokens, 'sum', where), range)] : []),
  );
}
