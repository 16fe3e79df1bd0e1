import { randomBytes } from 'node:crypto';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ResolvedOptions } from '../options.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import { createResource } from './resource.ts';

/** What became of one thing that was sent. */
export interface Sent {
  readonly url: string;
  /** Finds it again: the probe's `gaugeway.doctor.id`, or the id of the trace. */
  readonly id: string;
  /** Absent where the far side took it. */
  readonly error?: (Error & { code?: unknown }) | undefined;
}

/** The metric that a probe sends. */
export const PROBE_METRIC = 'gaugeway.doctor.probes';

/** A probe's service, so that it is no part of the application's numbers. */
const SERVICE = 'gaugeway-doctor';

type Result = { code: number; error?: Error };

/** Sends one metric the way that the options and variables say. */
export async function sendMetric(options: ResolvedOptions, timeoutMs: number): Promise<Sent> {
  const id = randomBytes(8).toString('hex');
  const settings = { ...otlpSettings('metrics'), timeoutMillis: timeoutMs };
  const { OTLPMetricExporter } = await otlpExporters(options.metricsProtocol);
  const exporter = new OTLPMetricExporter(settings);
  const reader = new OnDemandReader();
  const provider = new MeterProvider({
    resource: createResource({ ...options, serviceName: SERVICE }),
    readers: [reader],
  });
  provider.getMeter('gaugeway').createCounter(PROBE_METRIC, { unit: '{probe}' }).add(1, { 'gaugeway.doctor.id': id });
  const { resourceMetrics } = await reader.collect();
  const { error } = await new Promise<Result>((done) => exporter.export(resourceMetrics, done));
  await Promise.all([exporter.shutdown(), provider.shutdown()]);
  return { url: settings.url, id, error };
}

/** Sends one span the way that the options and variables say. */
export async function sendSpan(options: ResolvedOptions, timeoutMs: number): Promise<Sent> {
  const settings = { ...otlpSettings('traces'), timeoutMillis: timeoutMs };
  const { OTLPTraceExporter } = await otlpExporters(options.tracesProtocol);
  const exporter = new OTLPTraceExporter(settings);
  const ended: ReadableSpan[] = [];
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: (span) => ended.push(span),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const resource = createResource({ ...options, serviceName: SERVICE });
  const span = new TracerProvider({ resource, spanProcessors: [processor] }).getTracer('gaugeway').startSpan('doctor');
  span.end();
  const { error } = await new Promise<Result>((done) => exporter.export(ended, done));
  await exporter.shutdown();
  return { url: settings.url, id: span.spanContext().traceId, error };
}

class OnDemandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
