import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { DropReason, Observation, Running } from '../../src/observations.ts';
import { observe } from '../../src/observe.ts';

type Told<Kind> = Extract<Observation, { kind: Kind }>;

/** Everything that the recorders told, with real spans. */
export interface Recording {
  readonly observations: Observation[];
  readonly running: Set<Running>;
  readonly dropped: DropReason[];
  /** The observations of a kind. */
  told<Kind extends Observation['kind']>(kind: Kind): Told<Kind>[];
  spans(): ReadableSpan[];
  stop(): void;
}

/** Listens to the observation stream and to spans until `stop()`. */
export function startRecording(): Recording {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const observations: Observation[] = [];
  const running = new Set<Running>();
  const dropped: DropReason[] = [];
  const stop = observe({
    observed: (observation) => observations.push(observation),
    started: (started) => running.add(started),
    ended: (ended) => running.delete(ended),
    dropped: (reason) => dropped.push(reason),
  });
  return {
    observations,
    running,
    dropped,
    told: <Kind extends Observation['kind']>(kind: Kind) =>
      observations.filter((observation): observation is Told<Kind> => observation.kind === kind),
    spans: () => exporter.getFinishedSpans(),
    stop() {
      stop();
      for (const api of [trace, context, metrics, propagation]) api.disable();
    },
  };
}
