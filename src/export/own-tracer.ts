import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { type ReadableSpan, type Sampler, SamplingDecision, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SpanStarter } from '../recorders/tracer.ts';
import { VERSION } from '../version.ts';
import { ids } from './ids.ts';
import { OwnSpan, type SpanHome } from './own-span.ts';

const NO_LINKS: Link[] = [];

/** Starts the spans of gaugeway itself, by the sampler and for the processors of the SDK's own tracers. */
export class OwnTracer implements SpanStarter {
  readonly #sampler: Sampler;
  /** Told of spans that begin below another one. */
  readonly #jobs: Pick<SpanProcessor, 'onStart'>;
  readonly #home: SpanHome;

  /** @param exports takes those that have ended and were sampled */
  constructor(
    resource: Resource,
    sampler: Sampler,
    jobs: Pick<SpanProcessor, 'onStart'>,
    exports: (span: ReadableSpan, home: SpanHome) => void,
  ) {
    this.#sampler = sampler;
    this.#jobs = jobs;
    const home: SpanHome = {
      resource,
      instrumentationScope: { name: 'gaugeway', version: VERSION },
      ended(span) {
        if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) exports(span, home);
      },
    };
    this.#home = home;
  }

  startSpan(name: string, options: SpanOptions, context: Context): Span {
    if (isTracingSuppressed(context)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const { kind = SpanKind.INTERNAL, attributes = {}, links = NO_LINKS, startTime } = options;
    const above = trace.getSpanContext(context);
    const parent = above !== undefined && isSpanContextValid(above) ? above : undefined;
    const traceId = parent?.traceId ?? ids.generateTraceId();
    const sampled = this.#sampler.shouldSample(context, traceId, name, kind, attributes, links);
    const { decision, traceState = parent?.traceState } = sampled;
    const isSampled = decision === SamplingDecision.RECORD_AND_SAMPLED;
    const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const spanContext: SpanContext = { traceId, spanId: ids.generateSpanId(), traceFlags };
    if (traceState !== undefined) spanContext.traceState = traceState;
    if (decision === SamplingDecision.NOT_RECORD) return trace.wrapSpanContext(spanContext);
    const span = new OwnSpan({ name, kind, context: spanContext, parent, attributes, links, startTime }, this.#home);
    if (sampled.attributes !== undefined) span.setAttributes(sampled.attributes);
    if (parent !== undefined) this.#jobs.onStart(span as never, context);
    return span;
  }
}
