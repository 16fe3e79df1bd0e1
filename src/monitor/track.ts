import { drop, isObservedOutside } from '../observe.ts';
import { errorClass } from '../recorders/failures.ts';
import { settle } from '../recorders/settle.ts';
import type { Core } from './core.ts';
import type { Outcome } from './tally.ts';

/** Runs `work` as one operation: its result, its error and its timing are the application's own. */
export function track<T>(core: Core, name: string, work: () => T, metadata?: unknown): T {
  if (!core.options.enabled) return work();
  const operation = core.operations.find(name);
  const isSampled = core.samples(operation);
  // OpenTelemetry gets every run: a share of them would be a wrong count there.
  if (!isSampled && !isObservedOutside()) return work();
  const { clock } = core.options;
  const startedAt = clock.monotonic();
  const finish = (outcome: Outcome, error?: unknown): void => {
    const now = clock.monotonic();
    const durationMs = now - startedAt;
    const timestamp = core.timeline.unixAt(now);
    const errorType = outcome === 'error' ? errorClass(error) : undefined;
    if (isSampled) {
      const { run } = core;
      run.durationMs = durationMs;
      run.timestamp = timestamp;
      run.outcome = outcome;
      run.errorType = errorType;
      // Looked up again: one that ran while the monitor was cleared counts from then on.
      core.add(core.operations.find(operation.name), { metadata, error });
    }
    core.publish(operation, durationMs, outcome, timestamp, errorType);
  };
  return settle(work, {
    done: () => finish('success'),
    failed: (error) => finish('error', error),
    unobservable: () => drop('unobservable'),
  });
}
