import { catalogue, type InstrumentSpec } from './catalogue/index.ts';
import { thresholds } from './thresholds.ts';

/** The boundaries of a histogram: those of its row and, so that alerts are exact, the threshold that is in force. */
export function boundariesOf(spec: InstrumentSpec): number[] {
  const boundaries = new Set(spec.buckets);
  if (spec.name === catalogue.httpServerRequestDuration.name) boundaries.add(thresholds().apiLatencyMs / 1000);
  if (spec.name === catalogue.dbOperationDuration.name) boundaries.add(thresholds().dbQueryMs / 1000);
  return [...boundaries].sort((a, b) => a - b);
}
