import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import { mayTellOfJobs } from './processor.ts';

/** A sampler of any release of the SDK. */
export interface SdkSampler<Result extends { decision: number } = { decision: number }> {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): Result;
  toString(): string;
}

const NOT_RECORD = 0;
const RECORD = 1;

/**
 * The same sampler, but for the spans of orchestrators: where it would drop one, the span is recorded for span processors
 * and not exported. Jobs are then counted whatever is sampled.
 */
export function recordJobSpans<Sampler extends SdkSampler>(sampler: Sampler): Sampler {
  const around: SdkSampler = {
    shouldSample(context, traceId, spanName, spanKind, attributes, links) {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      if (result.decision !== NOT_RECORD || !mayTellOfJobs({ name: spanName, attributes })) return result;
      return { ...result, decision: RECORD };
    },
    toString: () => `JobSpans{${sampler.toString()}}`,
  };
  return around as Sampler;
}
