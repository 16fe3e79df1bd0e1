import { type Tracer, trace } from '@opentelemetry/api';
import { VERSION } from '../version.ts';

/** Asked for each time: an application may register its provider after us, and tests replace it. */
export function tracer(): Tracer {
  return trace.getTracer('gaugeway', VERSION);
}
