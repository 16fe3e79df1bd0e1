import type { Context } from '@opentelemetry/api';
import type { ModelAttempt, ModelTarget } from '../observations.ts';
import { publish } from '../observe.ts';
import { type AttemptResult, type ModelCallStart, targetOf } from './call-details.ts';
import type { ChunkTimes } from './chunk-times.ts';
import { unixOf } from './clocks.ts';
import type { Failure } from './failures.ts';
import { type Inbound, inboundIn } from './inbound.ts';
import type { Call } from './model-call.ts';
import type { FailedPart, Scope } from './model-scope.ts';

/** An attempt as the wire sees it: it classifies its own failures and counts its own chunks. */
export interface RunningAttempt {
  readonly context: Context;
  finish(failure: Failure | undefined, result: AttemptResult, chunks?: ChunkTimes, endedAt?: number): void;
  /** The exchange to which this one's answer leads; it takes this one's place if this one is a call of its own. */
  continueWith(details: AttemptStart): RunningAttempt | undefined;
  /** The answer led to another exchange, which decides. */
  redirected(result: AttemptResult, endedAt: number): void;
}

/** What is known when an exchange starts. */
export interface AttemptStart extends ModelCallStart {
  /** How many attempts the SDK says went before this one. */
  readonly retryCount?: number | undefined;
  /** The inbound request that it was made for, where that was found when it was made. */
  readonly inbound?: Inbound | undefined;
}

/** A place in a call, taken when a request is made and before it is known what it asks for. */
export class Seat {
  readonly scope: Scope;
  readonly follows: FailedPart | undefined;

  constructor(scope: Scope) {
    this.scope = scope;
    this.follows = scope.enter();
    scope.exchangeStarted();
  }
}

/** One exchange with a provider, part of a call. */
export class Attempt implements RunningAttempt {
  readonly context: Context;
  readonly #call: Call;
  readonly #scope: Scope;
  #isWholeCall: boolean;
  readonly #target: ModelTarget;
  readonly #startedAt: number;
  readonly #startTime: number;
  readonly #inbound: Inbound | undefined;
  readonly #order: Pick<ModelAttempt, 'number' | 'retryOf' | 'backoffMs'>;
  #finished = false;

  /** @param isWholeCall there is no call around: the exchange is all of it */
  constructor(details: AttemptStart, seat: Seat, isWholeCall: boolean, target = targetOf(details)) {
    this.#scope = seat.scope;
    this.#call = seat.scope.call;
    this.#isWholeCall = isWholeCall;
    this.#target = this.#scope.complete(target);
    this.#startedAt = details.startedAt ?? performance.now();
    this.#startTime = unixOf(this.#startedAt);
    const { context: parent, inbound = parent && inboundIn(parent) } = details;
    this.#inbound = inbound ?? this.#call.inbound;
    this.#inbound?.began();
    this.#order = this.#call.attemptStarted(this.#target, seat.follows, this.#startedAt, details.retryCount);
    this.context = this.#call.context;
  }

  finish(seen: Failure | undefined, result: AttemptResult, chunks?: ChunkTimes, endedAt = performance.now()): void {
    if (this.#finished) return;
    const failure = seen && this.#scope.explain(seen, this.#target, endedAt - this.#startedAt, result.statusCode);
    this.#publish(failure, result, endedAt);
    const hasBegun = result.statusCode !== undefined && result.statusCode >= 200 && result.statusCode < 300;
    const end = { failure, target: this.#target, usage: result.usage, hasBegun, endedAt };
    this.#call.attemptFinished(end, result, chunks, this.#isWholeCall);
    this.#scope.exchangeEnded(end);
  }

  continueWith(details: AttemptStart): RunningAttempt | undefined {
    if (this.#finished || !this.#isWholeCall) return undefined;
    this.#isWholeCall = false;
    return new Attempt(details, new Seat(this.#scope), true);
  }

  redirected(result: AttemptResult, endedAt: number): void {
    if (this.#finished) return;
    this.#publish(undefined, result, endedAt);
    const target = this.#target;
    this.#scope.exchangeEnded({
      failure: undefined,
      target,
      usage: undefined,
      hasBegun: false,
      leadsOn: true,
      endedAt,
    });
  }

  #publish(failure: Failure | undefined, result: AttemptResult, endedAt: number): void {
    this.#finished = true;
    const { operation, provider, requestModel, serverAddress, serverPort, streaming } = this.#target;
    const { number, retryOf, backoffMs } = this.#order;
    const attempt: ModelAttempt = Object.freeze({
      kind: 'model_attempt',
      operation,
      provider,
      requestModel,
      serverAddress,
      serverPort,
      streaming,
      startTime: this.#startTime,
      durationMs: endedAt - this.#startedAt,
      outcome: failure?.outcome ?? 'success',
      errorType: failure?.errorType,
      responseModel: result.model,
      statusCode: result.statusCode,
      requestBytes: result.requestBytes,
      responseBytes: result.responseBytes,
      number,
      retryOf,
      backoffMs,
    });
    publish(attempt);
    this.#inbound?.ended(this.#startedAt, endedAt);
  }
}
