import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { isMainThread, threadId } from 'node:worker_threads';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import {
  defaultResource,
  detectResources,
  envDetector,
  processDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { MeterProvider, type ViewOptions } from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { createInstrumentations, hookedPackages } from '../instrumentations/index.ts';
import { installDiagLogger, warn } from './diagnostics.ts';
import { flushOnExit } from './export/exit.ts';
import { createMetricReaders } from './export/metric-readers.ts';
import { createSampler, createSpanProcessors } from './export/spans.ts';
import { installLoadHooks } from './load-hooks.ts';
import { MetricsListener } from './metrics.ts';
import { observe } from './observe.ts';
import { type Options, type ResolvedOptions, resolveOptions } from './options.ts';
import { useGenAiProfiles } from './recorders/profiles.ts';
import { createViews } from './views.ts';

export type { ModelEndpoint, Options } from './options.ts';

/** What `setup()` returns. */
export interface Handle {
  /** Exports everything recorded so far; resolves also when the far side does not answer. */
  flush(): Promise<void>;
  /** Exports what is left and undoes the set-up; a second call does nothing. */
  shutdown(): Promise<void>;
}

/** What an application adds to the OpenTelemetry SDK that it runs itself. */
export interface Preset {
  /** Views of our instruments: exact boundaries and bounded attributes. */
  readonly views: ViewOptions[];
  /** Our instrumentations. */
  readonly instrumentations: Instrumentation[];
}

const KEY = Symbol.for('gaugeway.setup.1');
const shared = globalThis as { [KEY]?: Handle };
const NOTHING: Handle = { flush: async () => undefined, shutdown: async () => undefined };

/**
 * Sets up metrics, traces and instrumentations for this process; `gaugeway/register` calls it. A second call returns
 * the first one's handle. Throws a TypeError that names the option when an option is wrong.
 */
export function setup(options: Options = {}): Handle {
  const resolved = resolveOptions(options, process.env, warn);
  if (resolved.disabled) return NOTHING;
  const existing = shared[KEY];
  if (existing !== undefined) {
    if (Object.keys(options).length > 0) warn('setup() was called twice; the options of the second call are ignored');
    return existing;
  }
  installDiagLogger(process.env.OTEL_LOG_LEVEL);
  const handle = start(resolved);
  shared[KEY] = handle;
  return handle;
}

/**
 * Starts recording for an application that runs its own NodeSDK or MeterProvider: pass `views` and `instrumentations`
 * on to it. Nothing global is registered; metrics and spans go to the application's providers.
 */
export function preset(options: Options = {}): Preset {
  const resolved = resolveOptions(options, process.env, warn);
  if (resolved.disabled || shared[KEY] !== undefined) {
    if (shared[KEY] !== undefined) warn('preset() is ignored: setup() or gaugeway/register already ran');
    return { views: [], instrumentations: [] };
  }
  startRecording(resolved);
  installLoadHooks(hookedPackages(resolved));
  return { views: createViews(resolved.views), instrumentations: createInstrumentations(resolved) };
}

function start(options: ResolvedOptions): Handle {
  installLoadHooks(hookedPackages(options));
  const instrumentations = [...createInstrumentations(options), ...options.instrumentations];
  const providers = process.env.OTEL_CONFIG_FILE ? startFromFile() : startProviders(options);
  const recording = startRecording(options);
  for (const instrumentation of instrumentations) instrumentation.enable();
  // Gauges and the state of the hooks are there from the start, not from the first call.
  recording.listener.start();

  let shutdown: Promise<void> | undefined;
  const handle: Handle = {
    flush: providers.flush,
    shutdown() {
      shutdown ??= (async () => {
        for (const instrumentation of instrumentations) instrumentation.disable();
        await providers.shutdown();
        recording.stop();
        stopExit();
        if (shared[KEY] === handle) delete shared[KEY];
      })();
      return shutdown;
    },
  };
  const stopExit = flushOnExit(handle, options.exitTimeoutMs);
  return handle;
}

function startRecording(options: ResolvedOptions) {
  useGenAiProfiles(options.genAiNames);
  const listener = new MetricsListener({
    profiles: options.genAiNames,
    maxAttributeValues: options.maxAttributeValues,
  });
  return { listener, stop: observe(listener) };
}

function startProviders(options: ResolvedOptions): Handle {
  const resource = createResource(options);
  const meterProvider = new MeterProvider({
    resource,
    readers: createMetricReaders(options),
    views: createViews(options.views),
  });
  const spanProcessors = createSpanProcessors(options);
  const tracerProvider =
    spanProcessors.length === 0
      ? undefined
      : new TracerProvider({ resource, sampler: createSampler(options), spanProcessors });

  // Context is needed without traces too: it tells which attempts belong to one call.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const isFirst = metrics.setGlobalMeterProvider(meterProvider);
  if (tracerProvider !== undefined) trace.setGlobalTracerProvider(tracerProvider);
  propagation.setGlobalPropagator(createPropagator(options));
  if (!isFirst) {
    warn(
      'another copy of @opentelemetry/api has registered first; nothing is exported. Use preset() of gaugeway/setup',
    );
  }

  return {
    async flush() {
      await Promise.allSettled([meterProvider.forceFlush(), tracerProvider?.forceFlush()]);
    },
    async shutdown() {
      await Promise.allSettled([meterProvider.shutdown(), tracerProvider?.shutdown()]);
      if (!isFirst) return;
      metrics.disable();
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

/** The declarative file belongs to the SDK's own reader of it: it decides about exporters, views and samplers. */
function startFromFile(): Handle {
  const { startNodeSdk } = createRequire(import.meta.url)(
    '@opentelemetry/sdk-node',
  ) as typeof import('@opentelemetry/sdk-node');
  const sdk = startNodeSdk({});
  const flushOf = (provider: unknown): Promise<void> | undefined =>
    (provider as { forceFlush?: () => Promise<void> }).forceFlush?.();
  return {
    async flush() {
      const proxy = trace.getTracerProvider() as { getDelegate?: () => unknown };
      await Promise.allSettled([flushOf(metrics.getMeterProvider()), flushOf(proxy.getDelegate?.() ?? proxy)]);
    },
    shutdown: () => sdk.shutdown(),
  };
}

function createResource(options: ResolvedOptions): Resource {
  const { serviceName } = options;
  return defaultResource()
    .merge(
      resourceFromAttributes({
        // Every process and worker writes series of its own: two writers of one series look like resets.
        'service.instance.id': randomUUID(),
        ...(isMainThread ? {} : { 'thread.id': threadId }),
      }),
    )
    .merge(detectResources({ detectors: [processDetector] }))
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(serviceName === undefined ? {} : { 'service.name': serviceName }));
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
