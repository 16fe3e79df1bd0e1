import { metrics } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { describeError, warn } from './diagnostics.ts';

const PACKAGE = '@opentelemetry/instrumentation-runtime-node';

/** What tells of Node. */
interface RuntimeMetrics {
  /** From now on nothing is loaded any more. */
  cancel(): void;
  stop(): void;
}

/**
 * Brings in what tells of Node itself: event loop, garbage collection, heap. It is loaded aside, after everything else,
 * and not at all where the application has its own.
 */
export function startRuntimeMetrics(isWanted: boolean, given: readonly Instrumentation[]): RuntimeMetrics {
  let isOver = !isWanted || given.some(({ instrumentationName }) => instrumentationName === PACKAGE);
  let runtime: Instrumentation | undefined;
  const load = async (): Promise<void> => {
    const { RuntimeNodeInstrumentation } = await import('@opentelemetry/instrumentation-runtime-node');
    if (isOver) return;
    runtime = new RuntimeNodeInstrumentation();
    runtime.setMeterProvider(metrics.getMeterProvider());
  };
  if (!isOver) {
    load().catch((error) =>
      warn(`Node itself is not measured, because ${PACKAGE} does not load: ${describeError(error)}`),
    );
  }
  return {
    cancel() {
      isOver = true;
    },
    stop: () => runtime?.disable(),
  };
}
