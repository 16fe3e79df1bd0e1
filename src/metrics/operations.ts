import type { Instruments } from '../instruments.ts';
import type { Operation } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordOperation(to: Instruments, attributes: BoundedAttributes, operation: Operation): void {
  to.with('appOperationDuration', {
    'gaugeway.operation.name': attributes.bound('gaugeway.operation.name', operation.name),
    'error.type': attributes.errorType(operation.errorType),
  }).record(operation.durationMs / 1000);
}
