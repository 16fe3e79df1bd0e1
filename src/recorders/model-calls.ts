import { type Context, context } from '@opentelemetry/api';
import { catchUp } from '../backlog.ts';
import { drop, guarded, isObserved, publish } from '../observe.ts';
import { type ModelCallResult, type ModelCallStart, type RunningCall, targetOf } from './call-details.ts';
import { isName } from './given.ts';
import type { HookedCallStart, RecordedCall } from './hooked-call.ts';
import { activeContext } from './inbound.ts';
import { isLive } from './live.ts';
import { Attempt, type AttemptStart, type RunningAttempt, Seat } from './model-attempt.ts';
import { Call } from './model-call.ts';
import { Layer } from './model-layer.ts';
import { type Scope, type SdkRequest, scopeIn } from './model-scope.ts';
import { SdkCall } from './sdk-call.ts';
import { settle } from './settle.ts';

export type { AttemptResult, ModelCallResult, ModelCallStart, RunningCall } from './call-details.ts';
export type { HookedCallStart, RecordedCall } from './hooked-call.ts';
export type { AttemptStart, RunningAttempt, Seat } from './model-attempt.ts';
export type { SdkRequest } from './model-scope.ts';

/** Tells what an SDK asks for, once that is known. */
export type BeginRequest = (details: ModelCallStart, request: SdkRequest) => void;

const PROVIDER = 'the provider of a model call';

/** Records model calls; nothing is recorded until `gaugeway/register` or `setup()` ran. */
export const modelCalls = {
  /** Starts a call that the caller ends. Inside another call it only adds to that one. */
  start(details: ModelCallStart): RunningCall {
    return isObserved() && isName(details?.provider, PROVIDER) ? open(details, true) : NOTHING;
  },

  /** Runs `work` as one model call: its result, error and timing are the application's own. */
  run<T>(details: ModelCallStart, work: (call: RunningCall) => T, read?: (value: Awaited<T>) => ModelCallResult): T {
    if (!isObserved() || !isName(details?.provider, PROVIDER)) return work(NOTHING);
    const call = open(details, false);
    let isAtOnce = true;
    const returned = context.with(call.context, () =>
      settle(() => work(call), {
        done: (value) => {
          let result: ModelCallResult | undefined;
          let isUnfinished = isAtOnce;
          guarded('reading a result', () => {
            result = read?.(value);
            // What comes at once, with no usage, is no answer yet: an object whose stream is asked for later.
            isUnfinished = isLive(value) || (isAtOnce && result?.usage === undefined);
          });
          if (isUnfinished) call.endWithStream(result);
          else call.end(result);
        },
        failed: (error) => call.fail(error),
        unobservable: () => call.endWithStream(),
      }),
    );
    isAtOnce = false;
    return returned;
  },

  /**
   * Runs the request of an SDK, all of its attempts included: `send` settles with the head of an answer, and the call
   * lasts until the body of that answer has ended. What is asked for may be known only later, when the SDK has put it
   * together: the call begins when `known` calls back, in whose context the rest of the work then runs.
   */
  request<T>(send: () => Promise<T>, known: (begin: BeginRequest) => void): Promise<T> {
    if (!isObserved()) return send();
    const sdk = new SdkCall(context.active());
    guarded('the hook of an SDK', () => known((details, request) => sdk.began(open(details, false, request), request)));
    return context.with(sdk.context, () => settle<Promise<T>>(send, sdk));
  },

  /**
   * Starts a call whose work runs in its context and nowhere else, for a hook that ends it. Inside another call it only
   * adds to that one.
   */
  open(details: HookedCallStart, request?: SdkRequest): RecordedCall | undefined {
    return isObserved() && isName(details.provider, PROVIDER) ? open(details, false, request) : undefined;
  },

  /** Takes a place for an exchange whose request is not known yet: in this context, by the calls that are open now. */
  seat: takeSeat,

  /** Tells the result of a look into the application's own cache of answers; a hit makes no model call. */
  cache(result: 'hit' | 'miss', details: Pick<ModelCallStart, 'provider' | 'operation' | 'model'>): void {
    if (!isObserved() || !isName(details?.provider, PROVIDER)) return;
    if (result !== 'hit' && result !== 'miss') return drop('invalid_value');
    const { operation, provider, requestModel } = targetOf(details);
    publish(Object.freeze({ kind: 'cache_lookup', operation, provider, requestModel, result, time: Date.now() }));
  },

  /** Starts one exchange with a provider: part of the call in the context, or a call of its own. */
  attempt(details: AttemptStart, seat = takeSeat(details.context ?? context.active())): RunningAttempt {
    if (seat !== undefined) return new Attempt(details, seat, false);
    const target = targetOf(details);
    const call = new Call(details, details.context ?? context.active(), undefined, target);
    return new Attempt(details, new Seat(call), true, target);
  },
};

function takeSeat(parent: Context): Seat | undefined {
  const scope = currentScope(parent);
  if (scope === undefined) return undefined;
  scope.occupied();
  return new Seat(scope.host());
}

/** What went before in the same call decides whether something is part of it, and what it follows. */
function currentScope(parent: Context): Scope | undefined {
  const scope = scopeIn(parent);
  if (scope === undefined || scope.isFresh) return scope;
  catchUp();
  return scopeIn(parent);
}

function open(details: HookedCallStart, isByHand: boolean, request?: SdkRequest): RecordedCall {
  const parent = details.context ?? activeContext();
  const scope = currentScope(parent);
  if (scope === undefined) return new Call(details, parent, request);
  scope.occupied();
  return new Layer(targetOf(details), isByHand ? scope : scope.host(), parent, isByHand, request);
}

const NOTHING: RunningCall = {
  get context() {
    return context.active();
  },
  chunk() {},
  end() {},
  fail() {},
};
