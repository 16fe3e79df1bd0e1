import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import {
  InstrumentType,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { warn } from '../diagnostics.ts';
import type { ResolvedOptions } from '../options.ts';
import type { SeriesStore } from '../series-store.ts';
import { forgettingGauges } from './gauge-temporality.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import type { PrometheusEndpoint } from './prometheus.ts';
import { createSeriesProducer } from './series-producer.ts';
import { unheld } from './unheld.ts';

const load = createRequire(import.meta.url);

/** The readers that the options ask for. Exporters are loaded only when they are wanted: each costs start-up time. */
export function createMetricReaders(options: ResolvedOptions, series: SeriesStore): MetricReader[] {
  const readers: MetricReader[] = [...options.metricReaders];
  if (options.metricsExporters.includes('otlp')) {
    const exporter = createExporter(options);
    const temporality = exporter.selectAggregationTemporality?.(InstrumentType.HISTOGRAM);
    readers.push(
      new PeriodicExportingMetricReader({
        exporter,
        metricProducers: [createSeriesProducer(series, temporality)],
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

function createExporter(options: ResolvedOptions): PushMetricExporter {
  const { OTLPMetricExporter } = otlpExporters(options.metricsProtocol);
  const settings = otlpSettings('metrics');
  const exporter = new OTLPMetricExporter(settings);
  exporter.selectAggregationTemporality = forgettingGauges(exporter.selectAggregationTemporality.bind(exporter));
  return unheld(exporter, 'metrics', settings.url);
}
