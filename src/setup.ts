import { isMainThread } from 'node:worker_threads';
import { metrics, trace } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { MetricProducer, ViewOptions } from '@opentelemetry/sdk-metrics';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import {
  createInstrumentations,
  hookedFiles,
  hookedPackages,
  instrumentationNames,
} from '../instrumentations/index.ts';
import { barWaiting, catchUp, useBacklog } from './backlog.ts';
import { installDiagLogger, warn, warnOfVariable } from './diagnostics.ts';
import { flushOnExit, within } from './export/exit.ts';
import { startProviders } from './export/providers.ts';
import { createSeriesProducer } from './export/series-producer.ts';
import { expectEnd, giveUpExports } from './export/unheld.ts';
import { FactList } from './fact-list.ts';
import { JobSpanProcessor } from './job-spans/processor.ts';
import { installLoadHooks } from './load-hooks.ts';
import { MetricsListener, type MetricsOptions } from './metrics.ts';
import { observe } from './observe.ts';
import { type Options, type ResolvedOptions, resolveOptions } from './options.ts';
import { createPricer } from './prices/pricer.ts';
import { useContent } from './recorders/content.ts';
import { usePricer } from './recorders/cost.ts';
import { useGenAiProfiles } from './recorders/profiles.ts';
import { startQueuePoller } from './recorders/queues.ts';
import { useTracerProvider } from './recorders/tracer.ts';
import { startRuntimeMetrics } from './runtime-metrics.ts';
import { useThresholds } from './thresholds.ts';
import { createViews } from './views.ts';

export { recordJobSpans } from './job-spans/sampler.ts';
export type {
  ContentMessage,
  ContentPart,
  ContentRedactor,
  ModelContent,
  ModelEndpoint,
  ModelPrice,
  Options,
  PriceTable,
} from './options.ts';

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
  /** What the SDK's instruments cannot take (the time per chunk); for the readers of the application. */
  readonly metricProducers: MetricProducer[];
  /**
   * Turn the spans of orchestrators that make their own (DBOS, Restate, Hatchet, Vercel's workflow) into jobs; for the
   * tracer provider of the application, with `recordJobSpans(sampler)` around a sampler that drops some.
   */
  readonly spanProcessors: SpanProcessor[];
  /** Ends the recording and takes the instrumentations off; a second call does nothing. */
  stop(): void;
}

// By symbol, so that two copies of this package do not measure everything twice.
const SETUP = Symbol.for('gaugeway.setup.1');
const PRESET = Symbol.for('gaugeway.preset.1');
const shared = globalThis as { [SETUP]?: Handle | undefined; [PRESET]?: Preset | undefined };
const NO_HANDLE: Handle = { flush: async () => undefined, shutdown: async () => undefined };
const NO_PRESET: Preset = {
  views: [],
  instrumentations: [],
  metricProducers: [],
  spanProcessors: [],
  stop: () => undefined,
};

/**
 * Sets up metrics, traces and instrumentations for this process; `gaugeway/register` calls it. A second call returns
 * the first one's handle. Throws a TypeError that names the option when an option is wrong.
 */
export function setup(options: Options = {}): Handle {
  const resolved = resolve(options);
  if (resolved.disabled) return NO_HANDLE;
  const existing = shared[SETUP];
  if (existing !== undefined) {
    if (Object.keys(options).length > 0) warn('setup() was called twice; the options of the second call are ignored');
    return existing;
  }
  if (shared[PRESET] !== undefined) {
    warn('setup() and gaugeway/register are ignored: preset() already ran, and its SDK exports');
    return NO_HANDLE;
  }
  const handle = start(resolved);
  shared[SETUP] = handle;
  return handle;
}

/**
 * Starts recording for an application that runs its own NodeSDK or MeterProvider: pass `views` and `instrumentations`
 * on to it. Nothing global is registered; metrics and spans go to the application's providers. A second call returns
 * what the first one did.
 */
export function preset(options: Options = {}): Preset {
  const resolved = resolve(options);
  if (resolved.disabled) return NO_PRESET;
  if (shared[SETUP] !== undefined) {
    warn('preset() is ignored: setup() or gaugeway/register already ran and exports by itself. Use one of them');
    return NO_PRESET;
  }
  const existing = shared[PRESET];
  if (existing !== undefined) return existing;
  useThresholds(resolved);
  installLoadHooks(hookedPackages(resolved), hookedFiles(resolved));
  const recording = startRecording(resolved, { isPatient: false, observesProcess: false });
  const instrumentations = createInstrumentations(resolved);
  for (const instrumentation of instrumentations) followProviders(instrumentation, recording.listener);
  const made: Preset = {
    views: createViews(resolved.views, resolved.monitorTags),
    instrumentations,
    metricProducers: [createSeriesProducer(recording.listener.series)],
    spanProcessors: [new JobSpanProcessor()],
    stop() {
      for (const instrumentation of instrumentations) instrumentation.disable();
      recording.stop();
      useTracerProvider(undefined);
      if (shared[PRESET] === made) shared[PRESET] = undefined;
    },
  };
  shared[PRESET] = made;
  return made;
}

/** `registerInstrumentations({ meterProvider, tracerProvider })` names providers that need not be the global ones. */
function followProviders(instrumentation: Instrumentation, listener: MetricsListener): void {
  const { setMeterProvider, setTracerProvider } = instrumentation;
  instrumentation.setMeterProvider = (provider) => {
    setMeterProvider.call(instrumentation, provider);
    listener.use(provider === metrics.getMeterProvider() ? undefined : provider);
  };
  instrumentation.setTracerProvider = (provider) => {
    setTracerProvider.call(instrumentation, provider);
    useTracerProvider(provider === trace.getTracerProvider() ? undefined : provider);
  };
}

function resolve(options: Options): ResolvedOptions {
  const resolved = resolveOptions(options, process.env, warnOfVariable);
  const unknown = resolved.disabledInstrumentations.filter((name) => !instrumentationNames.includes(name));
  if (unknown.length > 0) {
    const names = `${unknown.join(', ')} to disable; the instrumentations are ${instrumentationNames.join(', ')}`;
    if (options.disabledInstrumentations !== undefined) {
      throw new TypeError(`gaugeway: option "disabledInstrumentations" names no known ${names}`);
    }
    warnOfVariable(`GAUGEWAY_DISABLED_INSTRUMENTATIONS: there is no ${names}`, 'GAUGEWAY_DISABLED_INSTRUMENTATIONS');
  }
  return resolved;
}

function start(options: ResolvedOptions): Handle {
  const stopDiag = installDiagLogger(options.logLevel);
  useThresholds(options);
  installLoadHooks(hookedPackages(options), hookedFiles(options));
  const instrumentations = [...createInstrumentations(options), ...options.instrumentations];
  const recording = startRecording(options, {
    isPatient: true,
    // Threads share the process, which is told of once.
    observesProcess: options.runtimeMetrics && isMainThread,
  });
  const providers = startProviders(options, recording.listener.series);
  barWaiting(!providers.areOurs);
  for (const instrumentation of options.instrumentations) {
    // It was made before there were providers, and a meter of that time does nothing for ever.
    instrumentation.setTracerProvider(trace.getTracerProvider());
    instrumentation.setMeterProvider(metrics.getMeterProvider());
  }
  for (const instrumentation of instrumentations) instrumentation.enable();
  // Gauges and the state of the hooks are there from the start, not from the first call.
  recording.listener.start();
  const runtimeMetrics = startRuntimeMetrics(readsMetrics(options), options.instrumentations);

  const bounded = (work: Promise<void>): Promise<void> => within(work, options.exitTimeoutMs, giveUpExports);
  let shutdown: Promise<void> | undefined;
  const handle: Handle = {
    flush() {
      catchUp();
      return bounded(providers.flush());
    },
    shutdown() {
      shutdown ??= (async () => {
        stopExit();
        catchUp();
        for (const instrumentation of instrumentations) instrumentation.disable();
        expectEnd(true);
        runtimeMetrics.cancel();
        await bounded(providers.shutdown());
        // Not before: the last export asks it too.
        runtimeMetrics.stop();
        expectEnd(false);
        recording.stop();
        stopDiag();
        if (shared[SETUP] === handle) shared[SETUP] = undefined;
      })();
      return shutdown;
    },
  };
  const stopExit = flushOnExit(handle);
  return handle;
}

/** Nobody need look at Node where nobody is told. */
function readsMetrics({ runtimeMetrics, metricsExporters, metricReaders }: ResolvedOptions): boolean {
  const isExported = metricsExporters.some((name) => name !== 'none') || metricReaders.length > 0;
  return runtimeMetrics && (isExported || Boolean(process.env.OTEL_CONFIG_FILE?.trim()));
}

/** @param mode `isPatient` where nothing is exported without `catchUp()`, as an application's own SDK would do */
function startRecording(
  options: ResolvedOptions,
  mode: Required<Pick<MetricsOptions, 'isPatient' | 'observesProcess'>>,
) {
  useGenAiProfiles(options.genAiNames);
  const { captureContent, maxContentBytes: maxBytes, redactContent: redact } = options;
  useContent(captureContent ? { maxBytes, redact } : undefined);
  usePricer(options.cost ? createPricer(options.prices) : undefined);
  if (mode.isPatient) useBacklog(() => new FactList());
  const listener = new MetricsListener({
    profiles: options.genAiNames,
    maxAttributeValues: options.maxAttributeValues,
    monitorTags: options.monitorTags,
    ...mode,
  });
  const stops = [observe(listener), () => useContent(undefined), () => useThresholds(undefined)];
  if (options.queuePollIntervalMs !== undefined) stops.push(startQueuePoller(options.queuePollIntervalMs));
  return {
    listener,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}
