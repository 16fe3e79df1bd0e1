import {
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { hookFailed } from '../observe.ts';
import { VERSION } from '../version.ts';

let given: TracerProvider | undefined;

/**
 * Starts a span; where the application's own sampler or processor throws, one that records nothing. The tracer is asked
 * for each time: an application may register its provider after us, and tests replace it.
 */
export function startSpan(name: string, options: SpanOptions, parent: Context = context.active()): Span {
  try {
    return (given ?? trace).getTracer('gaugeway', VERSION).startSpan(name, options, parent);
  } catch (error) {
    hookFailed('a tracer', error);
    return trace.wrapSpanContext(trace.getSpanContext(parent) ?? INVALID_SPAN_CONTEXT);
  }
}

/** Describes and ends a span; the application's own processors and exporters may throw there. */
export function endSpan(span: Span | undefined, endTime?: number, describe?: (span: Span) => void): void {
  if (span === undefined) return;
  try {
    describe?.(span);
    span.end(endTime);
  } catch (error) {
    hookFailed('a span processor', error);
  }
}

/** Spans come from this provider from now on, or from the global one. */
export function useTracerProvider(provider: TracerProvider | undefined): void {
  given = provider;
}
