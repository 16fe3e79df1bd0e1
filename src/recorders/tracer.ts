import {
  type Context,
  INVALID_SPAN_CONTEXT,
  INVALID_TRACEID,
  ProxyTracerProvider,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { barWaiting } from '../backlog.ts';
import { withSpan } from '../nested-context.ts';
import { hookFailed } from '../observe.ts';
import { VERSION } from '../version.ts';
import { currentContext } from './ambient.ts';

let given: TracerProvider | undefined;

/** What the API hands out while nobody has registered a provider. */
const NO_PROVIDER = new ProxyTracerProvider().getDelegate();

/** What a tracer is needed for here; nothing of ours asks for a `root`. */
export type SpanStarter = Pick<Tracer, 'startSpan'>;

let ours: TracerProvider | undefined;
let own: SpanStarter | undefined;

/**
 * The provider of our own set-up, and who starts our spans in place of it. Another provider exports when it likes, and what
 * it calls may look at what is active: nothing waits then.
 */
export function trustTracerProvider(provider: TracerProvider | undefined, tracer?: SpanStarter): void {
  ours = provider;
  own = tracer;
  answered = undefined;
}

let asked: TracerProvider | undefined;
let answered: SpanStarter | undefined;

/** Of whoever provides tracers now: an application may register its provider after us, and tests replace it. */
function tracer(): SpanStarter {
  const provider = current();
  if (answered === undefined || provider !== asked) {
    answered = provider === ours && own !== undefined ? own : provider.getTracer('gaugeway', VERSION);
    asked = provider;
  }
  return answered;
}

function current(): TracerProvider {
  if (given !== undefined) return given;
  const provider = trace.getTracerProvider();
  return (provider as Partial<ProxyTracerProvider>).getDelegate?.() ?? provider;
}

/** Starts a span; where the application's own sampler or processor throws, one that records nothing. */
export function startSpan(name: string, options: SpanOptions, parent: Context = currentContext()): Span {
  try {
    return tracer().startSpan(name, options, parent);
  } catch (error) {
    hookFailed('a tracer', error);
    return trace.wrapSpanContext(trace.getSpanContext(parent) ?? INVALID_SPAN_CONTEXT);
  }
}

/** Whether anybody wants spans; without, a hot path need not describe one. Asked before anything waits that ends in one. */
export function isTraced(): boolean {
  const provider = current();
  if (provider === NO_PROVIDER) return false;
  if (provider !== ours) barWaiting(true);
  return true;
}

/** The context in which a span is active; where nobody makes spans, the one that it was. */
export function inSpan(parent: Context, span: Span | undefined): Context {
  return span === undefined || span.spanContext().traceId === INVALID_TRACEID ? parent : withSpan(parent, span);
}

/** The context without its span; making one costs more than to look. */
export function outOfSpan(inside: Context): Context {
  return trace.getSpan(inside) === undefined ? inside : trace.deleteSpan(inside);
}

/**
 * Describes and ends a span, as one that failed where there is a type of error. The application's own processors and
 * exporters may throw there.
 */
export function endSpan(
  span: Span | undefined,
  endTime?: number,
  errorType?: string,
  describe?: (span: Span) => void,
): void {
  if (span === undefined) return;
  try {
    // The application may have ended it already.
    if (span.isRecording()) {
      describe?.(span);
      if (errorType !== undefined) {
        span.setAttribute('error.type', errorType);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
    }
    span.end(endTime);
  } catch (error) {
    hookFailed('a span processor', error);
  }
}

/** Spans come from this provider from now on, or from the global one. */
export function useTracerProvider(provider: TracerProvider | undefined): void {
  given = provider;
}
