import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { drop, isObserved, publish } from '../observe.ts';
import { errorClass } from './failures.ts';
import { settle } from './settle.ts';
import { startSpan } from './tracer.ts';

/** Records named pieces of work; nothing is recorded until `gaugeway/register` or `setup()` ran. */
export const operations = {
  /** Runs `work` as one operation: its result, error and timing are the application's own. Keep names few: no ids. */
  run<T>(name: string, work: () => T): T {
    if (!isObserved()) return work();
    const startedAt = performance.now();
    const startTime = Date.now();
    const span = startSpan(name, { startTime, attributes: { 'gaugeway.operation.name': name } });
    const finish = (errorType: string | undefined): void => {
      const durationMs = performance.now() - startedAt;
      if (errorType !== undefined) {
        span.setAttribute('error.type', errorType);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end(startTime + durationMs);
      publish(Object.freeze({ kind: 'operation', name, startTime, durationMs, errorType }));
    };
    return context.with(trace.setSpan(context.active(), span), () =>
      settle(work, {
        done: () => finish(undefined),
        failed: (error) => finish(errorClass(error)),
        unobservable: () => {
          span.end();
          drop('unobservable');
        },
      }),
    );
  },
};
