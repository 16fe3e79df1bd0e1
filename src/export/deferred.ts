import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

const FAILED = 1;

/**
 * An exporter that is made when the event loop first rests, or when something is exported before that: loading OTLP takes
 * a sixth of the start-up, and nothing is sent until the application runs.
 */
export function deferred<T extends PushMetricExporter | SpanExporter>(create: () => Promise<T>): T {
  let made: Promise<T> | undefined;
  const exporter = (): Promise<T> => {
    made ??= create();
    return made;
  };
  setImmediate(() => {
    // Told when something is exported.
    exporter().catch(() => undefined);
  }).unref();
  const lazy: SpanExporter | PushMetricExporter = {
    export(items: never, done: (result: { code: number; error?: Error }) => void): void {
      exporter()
        .then((loaded) => loaded.export(items, done))
        .catch((error) => done({ code: FAILED, error: error instanceof Error ? error : new Error(String(error)) }));
    },
    forceFlush: async () => (await made)?.forceFlush?.(),
    shutdown: async () => (await made)?.shutdown(),
  };
  return lazy as T;
}
