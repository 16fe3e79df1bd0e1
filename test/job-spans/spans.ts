import { type Attributes, type Context, context, type Span, type SpanOptions, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { JobSpanProcessor } from '../../src/job-spans/processor.ts';
import type { Observation, Running } from '../../src/observations.ts';
import { observe } from '../../src/observe.ts';
import { recordJobSpans } from '../../src/setup.ts';

/** An application's own SDK with our processor, by default with a sampler that wants no span at all. */
export interface Spans {
  readonly observations: Observation[];
  readonly running: Set<Running>;
  readonly dropped: string[];
  readonly exporter: InMemorySpanExporter;
  start(scope: string, name: string, options?: SpanOptions, parent?: Span): Span;
  stop(): void;
}

export function startSpans(sampler: Sampler = new AlwaysOffSampler()): Spans {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    sampler: recordJobSpans(sampler),
    spanProcessors: [new JobSpanProcessor(), new JobSpanProcessor(), new SimpleSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const observations: Observation[] = [];
  const running = new Set<Running>();
  const dropped: string[] = [];
  const stop = observe({
    observed: (observation) => observations.push(observation),
    started: (started) => running.add(started),
    ended: (ended) => running.delete(ended),
    dropped: (reason) => dropped.push(reason),
  });
  return {
    observations,
    running,
    dropped,
    exporter,
    start(scope, name, options = {}, parent) {
      const within: Context = parent === undefined ? context.active() : trace.setSpan(context.active(), parent);
      return provider.getTracer(scope, '1.0.0').startSpan(name, options, within);
    },
    stop() {
      stop();
      for (const api of [trace, context]) api.disable();
    },
  };
}

/** Ends a span as frameworks do. */
export function end(span: Span, code: 'ok' | 'error' | 'unset', attributes: Attributes = {}, error?: Error): void {
  span.setAttributes(attributes);
  if (error !== undefined) span.recordException(error);
  if (code !== 'unset') span.setStatus({ code: code === 'ok' ? 1 : 2, ...(error && { message: error.message }) });
  span.end();
}
