import type { Context } from '@opentelemetry/api';
import type { ModelAttempt, ModelTarget } from '../observations.ts';
import { publish } from '../observe.ts';
import type { Failure } from './failures.ts';
import { type Call, type ChunkTimes, type ModelCallResult, type ModelCallStart, targetOf } from './model-call.ts';

/** An attempt as the wire sees it: it classifies its own failures and counts its own chunks. */
export interface RunningAttempt {
  readonly context: Context;
  finish(failure: Failure | undefined, result: ModelCallResult, chunks?: ChunkTimes, endedAt?: number): void;
}

/** One exchange with a provider, part of a call. */
export class Attempt implements RunningAttempt {
  readonly context: Context;
  readonly #call: Call;
  readonly #implicit: boolean;
  readonly #target: ModelTarget;
  readonly #startedAt: number;
  readonly #startTime: number;
  readonly #order: { number: number; retryOf: string | undefined };
  #finished = false;

  constructor(details: ModelCallStart, call: Call, implicit: boolean) {
    this.#call = call;
    this.#implicit = implicit;
    this.#target = targetOf(details);
    this.#startedAt = details.startedAt ?? performance.now();
    this.#startTime = Date.now() - (performance.now() - this.#startedAt);
    this.#order = call.attemptStarted(this.#target);
    this.context = call.context;
  }

  finish(
    failure: Failure | undefined,
    result: ModelCallResult,
    chunks?: ChunkTimes,
    endedAt = performance.now(),
  ): void {
    if (this.#finished) return;
    this.#finished = true;
    const attempt: ModelAttempt = Object.freeze({
      kind: 'model_attempt',
      ...this.#target,
      startTime: this.#startTime,
      durationMs: endedAt - this.#startedAt,
      outcome: failure?.outcome ?? 'success',
      errorType: failure?.errorType,
      responseModel: result.model,
      statusCode: result.statusCode,
      ...this.#order,
    });
    publish(attempt);
    this.#call.attemptFinished(failure, result, chunks, endedAt);
    if (this.#implicit) this.#call.endAs(failure);
  }
}
