import { type Context, createContextKey } from '@opentelemetry/api';
import type { ModelCall, ModelTarget, TokenUsage } from '../observations.ts';
import { drop, publish, publishEnd, publishStart } from '../observe.ts';
import { classify, type Failure } from './failures.ts';
import { type ModelSpan, startModelSpan } from './model-spans.ts';
import { addUsage, checkUsage, withDetails } from './usage.ts';

/** What is known when a model call starts. */
export interface ModelCallStart {
  /** `gen_ai.provider.name`: a well-known value (`openai`, `anthropic`, `gcp.gemini`, ...) or a snake_case name. */
  readonly provider: string;
  /** `gen_ai.operation.name`. @default 'chat' */
  readonly operation?: string | undefined;
  /** The model as asked for. */
  readonly model?: string | undefined;
  /** True when the answer is asked for as a stream. @default false */
  readonly streaming?: boolean | undefined;
  readonly serverAddress?: string | undefined;
  readonly serverPort?: number | undefined;
  /** `performance.now()` when the request was issued. @default now */
  readonly startedAt?: number | undefined;
  /** The parent context. @default the active one */
  readonly context?: Context | undefined;
}

/** What is known once an answer has come; every field is optional, and unknown stays unknown. */
export interface ModelCallResult {
  readonly model?: string | undefined;
  readonly id?: string | undefined;
  readonly finishReasons?: readonly string[] | undefined;
  readonly usage?: TokenUsage | undefined;
  readonly statusCode?: number | undefined;
}

/** A model call or attempt that runs; it ends once, whatever is called afterwards. */
export interface RunningCall {
  /** The context in which the work should run: its span is active there. */
  readonly context: Context;
  /** A streamed chunk arrived, at `performance.now()` time. */
  chunk(at?: number): void;
  /** The call succeeded. */
  end(result?: ModelCallResult): void;
  /** The call failed; the error is classified, never stored. */
  fail(error: unknown, result?: ModelCallResult): void;
}

/** Arrival times of a stream, `performance.now()` based. */
export interface ChunkTimes {
  readonly first: number;
  readonly longestGap: number | undefined;
}

const OWNER = createContextKey('gaugeway.model-call');

/** The call that work in this context belongs to. */
export function ownerIn(parent: Context): Call | undefined {
  const owner = parent.getValue(OWNER) as Call | undefined;
  return owner?.open === true ? owner : undefined;
}

export function targetOf(details: ModelCallStart): ModelTarget {
  return {
    operation: details.operation ?? 'chat',
    provider: details.provider,
    requestModel: details.model,
    serverAddress: details.serverAddress,
    serverPort: details.serverPort,
    streaming: details.streaming ?? false,
  };
}

/** One logical call: owns the span, gathers what its attempts and inner layers learn. */
export class Call implements RunningCall {
  readonly context: Context;
  open = true;
  #target: ModelTarget;
  readonly #startedAt: number;
  readonly #startTime: number;
  readonly #span: ModelSpan;
  readonly #running: ModelTarget & { readonly kind: 'model_call'; readonly startTime: number };
  #settled = false;
  /** The work settled while an exchange still streams: how that one ends decides. */
  #endedByStream = false;
  #failure: Failure | undefined;
  #inFlight = 0;
  #attempts = 0;
  #lastAttemptEndedAt = 0;
  #lastFailure: Failure | undefined;
  #lastHadBegun = false;
  #own: ModelCallResult = {};
  #learned: ModelCallResult = {};
  #usage: TokenUsage | undefined;
  #usageKnown = true;
  #firstChunk: number | undefined;
  #lastChunk: number | undefined;
  #longestGap: number | undefined;

  constructor(details: ModelCallStart, parent: Context) {
    this.#target = targetOf(details);
    this.#startedAt = details.startedAt ?? performance.now();
    this.#startTime = Date.now() - (performance.now() - this.#startedAt);
    this.#span = startModelSpan(this.#target, this.#startTime, parent);
    this.context = this.#span.context.setValue(OWNER, this);
    this.#running = Object.freeze({ kind: 'model_call', ...this.#target, startTime: this.#startTime });
    publishStart(this.#running);
  }

  chunk(at = performance.now()): void {
    if (this.#lastChunk !== undefined) this.#longestGap = Math.max(this.#longestGap ?? 0, at - this.#lastChunk);
    this.#firstChunk ??= at;
    this.#lastChunk = at;
  }

  end(result?: ModelCallResult): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#own = { ...result };
    if (this.#inFlight === 0) this.#finish();
    else this.#endedByStream = true;
  }

  fail(error: unknown, result?: ModelCallResult): void {
    if (this.#settled) return;
    this.#failure = classify(error);
    this.end(result);
  }

  endAs(failure: Failure | undefined): void {
    this.#failure = failure;
    this.#settled = true;
    this.#finish(true);
  }

  /** The work handed back what cannot be awaited (a stream, an SDK's promise): the call ends with the exchange that feeds it, and is unknown without one. */
  endWithStream(result?: ModelCallResult): void {
    if (this.#inFlight === 0 && this.#attempts === 0) return this.#discard();
    // Its exchange may already be over, before anybody has read from it what went wrong.
    this.#endedByStream = this.#lastHadBegun;
    this.end(result);
  }

  /** Gives the call up without a record: an exchange that starts later is a call of its own. */
  #discard(): void {
    if (!this.open) return;
    this.open = false;
    this.#span.drop();
    publishEnd(this.#running);
    drop('unobservable');
  }

  learn(result: ModelCallResult): void {
    this.#learned = { ...this.#learned, ...defined(result) };
  }

  attemptStarted(target: ModelTarget): { number: number; retryOf: string | undefined } {
    this.#inFlight++;
    this.#target = { ...target, ...defined(this.#target), streaming: this.#target.streaming || target.streaming };
    return { number: this.#attempts++, retryOf: this.#lastFailure?.errorType };
  }

  attemptFinished(
    failure: Failure | undefined,
    result: ModelCallResult,
    chunks: ChunkTimes | undefined,
    endedAt: number,
  ): void {
    this.#inFlight--;
    this.#lastAttemptEndedAt = endedAt;
    this.#lastFailure = failure;
    this.#lastHadBegun = hasBegun(result.statusCode);
    this.learn(result);
    if (chunks !== undefined) {
      // Of exchanges side by side the first to end need not be the first to answer.
      this.#firstChunk = Math.min(this.#firstChunk ?? chunks.first, chunks.first);
      if (chunks.longestGap !== undefined) this.#longestGap = Math.max(this.#longestGap ?? 0, chunks.longestGap);
    }
    if (result.usage !== undefined) this.#usage = this.#usage ? addUsage(this.#usage, result.usage) : result.usage;
    // A provider that had begun to answer has counted tokens, whatever became of the answer.
    else if (failure === undefined || this.#lastHadBegun) this.#usageKnown = false;
    if (this.#settled && this.#inFlight === 0) this.#finish(true);
  }

  #finish(endedByAttempt = false): void {
    if (!this.open) return;
    this.open = false;
    const endedAt = endedByAttempt ? this.#lastAttemptEndedAt : performance.now();
    // The wire names a failure more exactly (a provider's code) than the error that an SDK made of it.
    const failed = this.#failure !== undefined || this.#endedByStream;
    const failure = failed ? (this.#lastFailure ?? this.#failure) : undefined;
    const result = { ...this.#learned, ...defined(this.#own) };
    const seen = this.#usageKnown ? this.#usage : undefined;
    const told = this.#own.usage ?? (this.#attempts === 0 ? this.#learned.usage : undefined);
    const call: ModelCall = Object.freeze({
      kind: 'model_call',
      ...this.#target,
      startTime: this.#startTime,
      durationMs: endedAt - this.#startedAt,
      outcome: failure?.outcome ?? 'success',
      errorType: failure?.errorType,
      responseModel: result.model,
      responseId: result.id,
      finishReasons: Object.freeze([...(result.finishReasons ?? [])]),
      usage: told === undefined ? checkUsage(seen) : withDetails(checkUsage(told), checkUsage(seen)),
      timeToFirstChunkMs: this.#firstChunk === undefined ? undefined : this.#firstChunk - this.#startedAt,
      longestStallMs: this.#longestGap,
      attempts: Math.max(1, this.#attempts),
    });
    this.#span.end(call, result.statusCode);
    publishEnd(this.#running);
    publish(call);
  }
}

function hasBegun(statusCode: number | undefined): boolean {
  return statusCode !== undefined && statusCode >= 200 && statusCode < 300;
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
