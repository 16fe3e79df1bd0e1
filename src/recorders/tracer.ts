import { type Tracer, type TracerProvider, trace } from '@opentelemetry/api';
import { VERSION } from '../version.ts';

let given: TracerProvider | undefined;

/** Asked for each time: an application may register its provider after us, and tests replace it. */
export function tracer(): Tracer {
  return (given ?? trace).getTracer('gaugeway', VERSION);
}

/** Spans come from this provider from now on, or from the global one. */
export function useTracerProvider(provider: TracerProvider | undefined): void {
  given = provider;
}
