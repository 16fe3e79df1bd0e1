import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { JobSpanProcessor } from '../job-spans/processor.ts';
import { recordJobSpans } from '../job-spans/sampler.ts';
import { hookFailed } from '../observe.ts';
import type { ResolvedOptions } from '../options.ts';
import { deferred } from './deferred.ts';
import { ids } from './ids.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import { OwnTracer } from './own-tracer.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { unheld } from './unheld.ts';
import { WrittenSpan } from './written-span.ts';

/** What makes the spans of a process. */
export interface Tracing {
  readonly provider: TracerProvider;
  /** For spans of ours, where no processor of the application is to see them. */
  readonly tracer: OwnTracer | undefined;
}

/** The tracing that the options ask for. */
export function createTracing(options: ResolvedOptions, resource: Resource): Tracing {
  const sampler = createSampler(options);
  const jobs = new JobSpanProcessor();
  const batch = options.tracesExporters.includes('otlp') ? createBatch(options) : undefined;
  const spanProcessors: SpanProcessor[] = [jobs, ...options.spanProcessors];
  if (batch !== undefined) spanProcessors.push(batch);
  const isAlone = options.spanProcessors.length === 0;
  return {
    provider: new TracerProvider({ resource, sampler, spanProcessors, idGenerator: ids }),
    tracer: isAlone && batch !== undefined ? new OwnTracer(resource, sampler, jobs, taker(batch, options)) : undefined,
  };
}

/** Hands on spans of ours that have ended. In protobuf they wait as bytes, which JSON does not know. */
function taker(batch: SpanProcessor, { tracesProtocol }: ResolvedOptions): ConstructorParameters<typeof OwnTracer>[3] {
  if (tracesProtocol !== 'http/protobuf') return (span) => batch.onEnd(span);
  let idle: ProtobufWriter | undefined;
  return (span, home) => {
    const writer = idle ?? new ProtobufWriter();
    // What the application has put on a span may end another one while it is written.
    idle = undefined;
    try {
      batch.onEnd(new WrittenSpan(span, home, writer) as Partial<ReadableSpan> as ReadableSpan);
    } catch (error) {
      // The application may have ended it, and is not to have this.
      hookFailed('writing a span', error);
    } finally {
      idle = writer;
    }
  };
}

function createBatch(options: ResolvedOptions): SpanProcessor {
  return new BatchSpanProcessor({
    exporter: createExporter(options),
    maxQueueSize: options.spanQueueSize,
    maxExportBatchSize: Math.min(options.spanBatchSize, options.spanQueueSize),
    scheduledDelayMillis: options.spanExportDelayMs,
  });
}

function createExporter(options: ResolvedOptions): SpanExporter {
  const settings = otlpSettings('traces');
  return deferred(async (): Promise<SpanExporter> => {
    const { OTLPTraceExporter } = await otlpExporters(options.tracesProtocol);
    return unheld(new OTLPTraceExporter(settings), 'spans', settings.url);
  });
}

function createSampler({ tracesSampler, tracesSamplerArgument }: ResolvedOptions): Sampler {
  const name = tracesSampler.replace('parentbased_', '');
  const root =
    name === 'always_off'
      ? new AlwaysOffSampler()
      : name === 'traceidratio'
        ? new TraceIdRatioBasedSampler(tracesSamplerArgument)
        : new AlwaysOnSampler();
  return recordJobSpans(tracesSampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root);
}
