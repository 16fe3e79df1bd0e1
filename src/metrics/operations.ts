import type { Instruments } from '../instruments.ts';
import type { Operation } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordOperation(to: Instruments, attributes: BoundedAttributes, operation: Operation): void {
  const own = {
    'gaugeway.operation.name': attributes.bound('gaugeway.operation.name', operation.name),
    'error.type': attributes.errorType(operation.errorType),
  };
  to.with('appOperationDuration', attributes.tagged(own, operation.tags)).record(operation.durationMs / 1000);
}
