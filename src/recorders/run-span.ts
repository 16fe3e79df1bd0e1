import { type Attributes, type Context, type Span, SpanKind, type SpanOptions } from '@opentelemetry/api';
import type { JobResult, JobTarget } from '../observations.ts';
import { endSpan, startSpan } from './tracer.ts';

/** Starts the span of one run of a job. */
export function startRunSpan(
  { system, queue, name }: JobTarget,
  id: string | undefined,
  attempt: number | undefined,
  options: Pick<SpanOptions, 'startTime' | 'links'>,
  parent: Context,
): Span {
  const attributes: Attributes = { 'gaugeway.job.system.name': system, 'gaugeway.job.name': name };
  if (queue !== undefined) attributes['gaugeway.job.queue.name'] = queue;
  if (id !== undefined) attributes['gaugeway.job.id'] = id;
  if (attempt !== undefined) attributes['gaugeway.job.attempt'] = attempt;
  return startSpan(`process ${queue ?? name}`, { ...options, kind: SpanKind.CONSUMER, attributes }, parent);
}

export function endRunSpan(span: Span | undefined, endTime: number, result: JobResult, errorType: string | undefined) {
  endSpan(span, endTime, errorType, (ending) => ending.setAttribute('gaugeway.job.result', result));
}
