import type { Instruments } from '../instruments.ts';
import type { Operation } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

export function recordOperation(to: Instruments, attributes: BoundedAttributes, operation: Operation): void {
  const set = attributes.none.given('gaugeway.operation.name', operation.name).given('error.type', operation.errorType);
  to.with('appOperationDuration', attributes.tagged(set, operation.tags)).record(operation.durationMs / 1000);
}
