import { context } from '@opentelemetry/api';
import { withSpan } from '../nested-context.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { currentContext } from './ambient.ts';
import { errorClass } from './failures.ts';
import { isName } from './given.ts';
import { settle } from './settle.ts';
import { endSpan, startSpan } from './tracer.ts';

/** Records named pieces of work; nothing is recorded until `gaugeway/register` or `setup()` ran. */
export const operations = {
  /** Runs `work` as one operation: its result, error and timing are the application's own. Keep names few: no ids. */
  run<T>(name: string, work: () => T): T {
    if (!isObserved() || !isName(name, 'the name of an operation')) return work();
    const startedAt = performance.now();
    const startTime = Date.now();
    const span = startSpan(name, { startTime, attributes: { 'gaugeway.operation.name': name } });
    const finish = (errorType: string | undefined): void => {
      const durationMs = performance.now() - startedAt;
      endSpan(span, startTime + durationMs, errorType);
      publish(Object.freeze({ kind: 'operation', name, startTime, durationMs, errorType }));
    };
    return context.with(withSpan(currentContext(), span), () =>
      settle(work, {
        done: () => finish(undefined),
        failed: (error) => finish(errorClass(error)),
        unobservable: () => {
          endSpan(span);
          drop('unobservable');
        },
      }),
    );
  },
};
