import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { MetricsListener } from '../../src/metrics.ts';
import { observe } from '../../src/observe.ts';
import { createViews } from '../../src/views.ts';

/** One series as it would be exported. */
export interface Point {
  readonly attributes: Record<string, unknown>;
  readonly value: number | { count: number; sum: number; buckets: { boundaries: number[] } };
}

/** A metrics listener on a real provider with our views. */
export interface Collected {
  readonly listener: MetricsListener;
  points(name: string, meter?: string): Promise<Point[]>;
  stop(): Promise<void>;
}

export function startCollecting(): Collected {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader], views: createViews() });
  metrics.setGlobalMeterProvider(provider);
  const listener = new MetricsListener({ profiles: ['v1.41'], maxAttributeValues: 200 });
  const stop = observe(listener);
  return {
    listener,
    async points(name, meter) {
      await provider.forceFlush();
      return (exporter.getMetrics().at(-1)?.scopeMetrics ?? [])
        .filter(({ scope }) => meter === undefined || scope.name === meter)
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }): unknown[] => dataPoints) as Point[];
    },
    async stop() {
      stop();
      await provider.shutdown();
      metrics.disable();
    },
  };
}
