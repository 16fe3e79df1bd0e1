import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { JobSpanProcessor } from '../job-spans/processor.ts';
import { recordJobSpans } from '../job-spans/sampler.ts';
import type { ResolvedOptions } from '../options.ts';
import { deferred } from './deferred.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import { unheld } from './unheld.ts';

/** The tracer provider that the options ask for. */
export function createTracerProvider(options: ResolvedOptions, resource: Resource): TracerProvider {
  const spanProcessors: SpanProcessor[] = [new JobSpanProcessor(), ...options.spanProcessors];
  if (options.tracesExporters.includes('otlp')) {
    spanProcessors.push(
      new BatchSpanProcessor({
        exporter: createExporter(options),
        maxQueueSize: options.spanQueueSize,
        maxExportBatchSize: Math.min(options.spanBatchSize, options.spanQueueSize),
        scheduledDelayMillis: options.spanExportDelayMs,
      }),
    );
  }
  return new TracerProvider({ resource, sampler: createSampler(options), spanProcessors });
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
