import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import { type Flushable, settled } from './exit.ts';

/**
 * Starts what `OTEL_CONFIG_FILE` declares. The file belongs to the SDK's own reader of it, which decides about exporters,
 * views and samplers. Its start would send complaints to stdout, so our logger stays.
 */
export function startFromFile(): Flushable {
  const { setLogger } = diag;
  diag.setLogger = () => true;
  let sdk: ReturnType<typeof startNodeSdk>;
  try {
    sdk = startNodeSdk({});
  } finally {
    diag.setLogger = setLogger;
  }
  return {
    async flush() {
      const tracers = trace.getTracerProvider() as { getDelegate?: () => unknown };
      await settled([flushOf(metrics.getMeterProvider()), flushOf(tracers.getDelegate?.() ?? tracers)]);
    },
    async shutdown() {
      await settled([sdk.shutdown()]);
      for (const api of [metrics, trace, context, propagation]) api.disable();
    },
  };
}

function flushOf(provider: unknown): Promise<void> | undefined {
  return (provider as { forceFlush?: () => Promise<void> }).forceFlush?.();
}
