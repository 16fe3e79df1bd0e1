import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import {
  type AggregationTemporalitySelector,
  InstrumentType,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { warn } from '../diagnostics.ts';
import type { ResolvedOptions } from '../options.ts';
import type { SeriesStore } from '../series-store.ts';
import { deferred } from './deferred.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import type { PrometheusEndpoint } from './prometheus.ts';
import { createSeriesProducer } from './series-producer.ts';
import { temporalityOf } from './temporality.ts';
import { unheld } from './unheld.ts';

const load = createRequire(import.meta.url);

/** The readers that the options ask for. Exporters are loaded only when they are wanted: each costs start-up time. */
export function createMetricReaders(options: ResolvedOptions, series: SeriesStore): MetricReader[] {
  const readers: MetricReader[] = [...options.metricReaders];
  if (options.metricsExporters.includes('otlp')) {
    const select = temporalityOf(options.metricsTemporality);
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: createExporter(options, select),
        metricProducers: [createSeriesProducer(series, select(InstrumentType.HISTOGRAM))],
        exportIntervalMillis: options.metricExportIntervalMs,
        exportTimeoutMillis: Math.min(options.metricExportTimeoutMs, options.metricExportIntervalMs),
      }),
    );
  }
  // A worker's endpoint would only fight for the port of the main thread; its metrics go by OTLP.
  if (options.metricsExporters.includes('prometheus') && isMainThread) {
    const { createPrometheusReader } = load('./prometheus.js') as typeof import('./prometheus.ts');
    const endpoint: PrometheusEndpoint = createPrometheusReader({
      host: options.prometheusHost,
      port: options.prometheusPort,
      metricProducers: [createSeriesProducer(series)],
      warn,
    });
    readers.push(endpoint.reader);
  }
  return readers;
}

function createExporter(options: ResolvedOptions, select: AggregationTemporalitySelector): PushMetricExporter {
  const settings = otlpSettings('metrics');
  const exporter = deferred(async (): Promise<PushMetricExporter> => {
    const { OTLPMetricExporter } = await otlpExporters(options.metricsProtocol);
    return unheld(new OTLPMetricExporter(settings), 'metrics', settings.url);
  });
  exporter.selectAggregationTemporality = select;
  return exporter;
}
