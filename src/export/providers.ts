import { createRequire } from 'node:module';
import { type Context, context, createNoopMeter, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { isRegistered } from '../api-globals.ts';
import { catalogue, type InstrumentSpec } from '../catalogue/index.ts';
import { warn } from '../diagnostics.ts';
import type { ResolvedOptions } from '../options.ts';
import { withAmbient } from '../recorders/ambient.ts';
import { trustTracerProvider } from '../recorders/tracer.ts';
import type { SeriesStore } from '../series-store.ts';
import { createViews, selects } from '../views.ts';
import { type Flushable, settled } from './exit.ts';
import { observeForeignQueries } from './foreign-queries.ts';
import { createMetricReaders } from './metric-readers.ts';
import { createResource } from './resource.ts';
import type { Tracing } from './spans.ts';

const load = createRequire(import.meta.url);

/** Also knows what runs in libraries that keep a context of their own, for whoever asks OpenTelemetry. */
class AmbientContextManager extends AsyncLocalStorageContextManager {
  override active(): Context {
    return withAmbient(super.active());
  }
}

/** What exports, and whether nobody but us sees what is recorded before it does. */
export interface Providers extends Flushable {
  readonly areOurs: boolean;
}

/** Registers the process's providers, by the options or by `OTEL_CONFIG_FILE`, unless somebody else was first. */
export function startProviders(options: ResolvedOptions, series: SeriesStore): Providers {
  if (!isFree()) {
    warn(
      'another OpenTelemetry SDK or another copy of @opentelemetry/api was registered first, so gaugeway exports ' +
        'nothing itself. Give that SDK the preset() of gaugeway/setup, or load gaugeway/register before it',
    );
    return { flush: async () => undefined, shutdown: async () => undefined, areOurs: false };
  }
  if (!process.env.OTEL_CONFIG_FILE?.trim()) return startFromOptions(options, series);
  const { startFromFile } = load('./config-file.js') as typeof import('./config-file.ts');
  return { ...startFromFile(), areOurs: false };
}

/** The application's own parts are called with each value and each span, and may look at what is active then. */
function hasNoParts({ views, metricReaders, spanProcessors, redactContent }: ResolvedOptions): boolean {
  return views.length + metricReaders.length + spanProcessors.length === 0 && redactContent === undefined;
}

/** A copy of the API in another version refuses every registration, and tells only whoever tries. */
function isFree(): boolean {
  if (isRegistered('metrics')) return false;
  const free = metrics.setGlobalMeterProvider({ getMeter: createNoopMeter });
  if (free) metrics.disable();
  return free;
}

function startFromOptions(options: ResolvedOptions, series: SeriesStore): Providers {
  const resource = createResource(options);
  recordDirectly(options, series);
  const meterProvider = new MeterProvider({
    resource,
    readers: createMetricReaders(options, series),
    views: createViews(options.views, options.monitorTags),
  });
  observeForeignQueries(meterProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  const undo = [() => metrics.disable()];

  let tracing: Tracing | undefined;
  if (wantsSpans(options) && !isRegistered('trace')) {
    const { createTracing } = load('./spans.js') as typeof import('./spans.ts');
    tracing = createTracing(options, resource);
    trace.setGlobalTracerProvider(tracing.provider);
    undo.push(() => trace.disable());
  }
  trustTracerProvider(tracing?.provider, tracing?.tracer);
  // Context is needed without traces too: it tells which attempts belong to one call.
  if (!isRegistered('context')) {
    context.setGlobalContextManager(new AmbientContextManager().enable());
    undo.push(() => context.disable());
  }
  if (!isRegistered('propagation')) {
    propagation.setGlobalPropagator(createPropagator(options));
    undo.push(() => propagation.disable());
  }
  return {
    areOurs: hasNoParts(options),
    async flush() {
      await settled([meterProvider.forceFlush(), tracing?.provider.forceFlush()]);
    },
    async shutdown() {
      await settled([meterProvider.shutdown(), tracing?.provider.shutdown()]);
      for (const step of undo) step();
    },
  };
}

/** Where nobody wants spans, half of the SDK need not be loaded. */
function wantsSpans({ tracesExporters, spanProcessors }: ResolvedOptions): boolean {
  return tracesExporters.includes('otlp') || spanProcessors.length > 0;
}

/**
 * The SDK looks for a series anew for each value: counters and histograms are recorded past it, unless a view or a reader
 * of the application is for them.
 */
function recordDirectly({ views, metricReaders }: ResolvedOptions, series: SeriesStore): void {
  if (metricReaders.length > 0) return;
  for (const spec of Object.values(catalogue) as InstrumentSpec[]) {
    const isOurs = (spec.kind === 'histogram' || spec.kind === 'counter') && !views.some((view) => selects(view, spec));
    if (isOurs) series.direct.add(spec);
  }
}

function createPropagator({ propagators }: ResolvedOptions): CompositePropagator {
  return new CompositePropagator({
    propagators: propagators.flatMap((name) =>
      name === 'tracecontext'
        ? [new W3CTraceContextPropagator()]
        : name === 'baggage'
          ? [new W3CBaggagePropagator()]
          : [],
    ),
  });
}
