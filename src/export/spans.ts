import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { JobSpanProcessor } from '../job-spans/processor.ts';
import { recordJobSpans } from '../job-spans/sampler.ts';
import type { ResolvedOptions } from '../options.ts';
import { deferred } from './deferred.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import { unheld } from './unheld.ts';

/** The span processors that the options ask for. */
export function createSpanProcessors(options: ResolvedOptions): SpanProcessor[] {
  const processors: SpanProcessor[] = [...options.spanProcessors];
  if (options.tracesExporters.includes('otlp')) {
    processors.push(
      new BatchSpanProcessor({
        exporter: createExporter(options),
        maxQueueSize: options.spanQueueSize,
        maxExportBatchSize: Math.min(options.spanBatchSize, options.spanQueueSize),
        scheduledDelayMillis: options.spanExportDelayMs,
      }),
    );
  }
  // Where nobody wants spans there are none to read.
  return processors.length > 0 ? [createJobSpanProcessor(), ...processors] : [];
}

/** A processor that turns the spans of orchestrators with spans of their own into jobs and steps. */
export function createJobSpanProcessor(): SpanProcessor {
  return new JobSpanProcessor();
}

function createExporter(options: ResolvedOptions): SpanExporter {
  const settings = otlpSettings('traces');
  return deferred((): SpanExporter => {
    const { OTLPTraceExporter } = otlpExporters(options.tracesProtocol);
    return unheld(new OTLPTraceExporter(settings), 'spans', settings.url);
  });
}

export function createSampler({ tracesSampler, tracesSamplerArgument }: ResolvedOptions): Sampler {
  const name = tracesSampler.replace('parentbased_', '');
  const root =
    name === 'always_off'
      ? new AlwaysOffSampler()
      : name === 'traceidratio'
        ? new TraceIdRatioBasedSampler(tracesSamplerArgument)
        : new AlwaysOnSampler();
  return recordJobSpans(tracesSampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root);
}
