import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import { isRegistered } from '../api-globals.ts';
import { type Flushable, settled } from './exit.ts';

/**
 * Starts what `OTEL_CONFIG_FILE` declares. The file belongs to the SDK's own reader of it, which decides about exporters,
 * views and samplers. Its start would send complaints to stdout, so our logger stays.
 */
export function startFromFile(): Flushable {
  const apis = { metrics, trace, context, propagation } as const;
  // What somebody else has registered stays theirs.
  const ours = (Object.keys(apis) as (keyof typeof apis)[]).filter((name) => !isRegistered(name));
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
      for (const name of ours) apis[name].disable();
    },
  };
}

function flushOf(provider: unknown): Promise<void> | undefined {
  return (provider as { forceFlush?: () => Promise<void> }).forceFlush?.();
}
