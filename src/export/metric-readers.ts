import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import {
  InstrumentType,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { warn } from '../diagnostics.ts';
import type { Distributions } from '../distributions.ts';
import type { ResolvedOptions } from '../options.ts';
import { createDistributionProducer } from './distribution-producer.ts';
import { forgettingGauges } from './gauge-temporality.ts';
import { otlpSettings } from './otlp.ts';
import { otlpExporters } from './otlp-exporters.ts';
import type { PrometheusEndpoint } from './prometheus.ts';
import { unheld } from './unheld.ts';

const load = createRequire(import.meta.url);

/** The readers that the options ask for. Exporters are loaded only when they are wanted: each costs start-up time. */
export function createMetricReaders(options: ResolvedOptions, distributions: Distributions): MetricReader[] {
  const readers: MetricReader[] = [...options.metricReaders];
  if (options.metricsExporters.includes('otlp')) {
    const exporter = createExporter(options);
    const temporality = exporter.selectAggregationTemporality?.(InstrumentType.HISTOGRAM);
    readers.push(
      new PeriodicExportingMetricReader({
        exporter,
        metricProducers: [createDistributionProducer(distributions, temporality)],
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
      metricProducers: [createDistributionProducer(distributions)],
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
