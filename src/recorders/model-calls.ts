import { context } from '@opentelemetry/api';
import { guarded, isObserved } from '../observe.ts';
import { Attempt, type RunningAttempt } from './model-attempt.ts';
import { Call, type ModelCallResult, type ModelCallStart, ownerIn, type RunningCall } from './model-call.ts';
import { Layer } from './model-layer.ts';
import { settle } from './settle.ts';

export type { RunningAttempt } from './model-attempt.ts';
export type { ModelCallResult, ModelCallStart, RunningCall } from './model-call.ts';

/** Records model calls; nothing is recorded until `gaugeway/register` or `setup()` ran. */
export const modelCalls = {
  /** Starts a call that the caller ends. Inside another call it only adds to that one. */
  start(details: ModelCallStart): RunningCall {
    if (!isObserved()) return NOTHING;
    const parent = details.context ?? context.active();
    const owner = ownerIn(parent);
    return owner === undefined ? new Call(details, parent) : new Layer(owner, parent);
  },

  /** Runs `work` as one model call: its result, error and timing are the application's own. */
  run<T>(details: ModelCallStart, work: (call: RunningCall) => T, read?: (value: Awaited<T>) => ModelCallResult): T {
    const call = modelCalls.start(details);
    if (call === NOTHING) return work(call);
    let isAtOnce = true;
    const returned = context.with(call.context, () =>
      settle(() => work(call), {
        done: (value) => {
          let result: ModelCallResult | undefined;
          guarded('reading a result', () => {
            result = read?.(value);
          });
          // What comes at once, with no usage, is no answer yet: an object whose stream is asked for later.
          const isNoAnswer = isAsyncIterable(value) || (isAtOnce && result?.usage === undefined);
          if (call instanceof Call && isNoAnswer) call.endWithStream(result);
          else call.end(result);
        },
        failed: (error) => call.fail(error),
        unobservable: () => {
          if (call instanceof Call) call.endWithStream();
        },
      }),
    );
    isAtOnce = false;
    return returned;
  },

  /** Starts one exchange with a provider: part of the call in the context, or a call of its own. */
  attempt(details: ModelCallStart): RunningAttempt {
    const parent = details.context ?? context.active();
    const owner = ownerIn(parent);
    return owner === undefined
      ? new Attempt(details, new Call(details, parent), true)
      : new Attempt(details, owner, false);
  },
};

function isAsyncIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

const NOTHING: RunningCall = {
  get context() {
    return context.active();
  },
  chunk() {},
  end() {},
  fail() {},
};
