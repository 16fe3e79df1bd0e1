import type { Context } from '@opentelemetry/api';
import type { ModelAttempt, ModelCall, ModelFallback, ModelTarget, TokenUsage } from '../observations.ts';
import { drop, guarded, publish, publishEnd, publishStart } from '../observe.ts';
import { agentIn, type Invocation } from './agent-scope.ts';
import { ChunkTimes } from './chunk-times.ts';
import { unixOf } from './clocks.ts';
import type { ModelContent } from './content.ts';
import { Bill, pricer } from './cost.ts';
import { classify, type Failure } from './failures.ts';
import { nameOrNone } from './given.ts';
import type { HookedCallStart, RecordedCall } from './hooked-call.ts';
import { type Inbound, inboundIn } from './inbound.ts';
import { type ExchangeEnd, type FailedPart, Scope, type SdkRequest, withScope } from './model-scope.ts';
import { type ModelSpan, startModelSpan } from './model-spans.ts';

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
  /** The class of service that answered, as the provider names it. */
  readonly serviceTier?: string | undefined;
  readonly usage?: TokenUsage | undefined;
  readonly statusCode?: number | undefined;
}

/** What a wire knows of an answer beside that. */
export interface AttemptResult extends ModelCallResult {
  /** The name of the model in a list of prices, where it is another one than that of the answer. */
  readonly listedAs?: string | undefined;
  /** Bytes of the bodies. */
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
  /** What was said; for the span alone. */
  readonly content?: (() => ModelContent) | undefined;
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

export function targetOf(details: ModelCallStart): ModelTarget {
  return {
    operation: nameOrNone(details.operation, 'the operation of a model call') ?? 'chat',
    provider: details.provider,
    requestModel: nameOrNone(details.model, 'the model of a model call'),
    serverAddress: details.serverAddress,
    serverPort: details.serverPort,
    streaming: details.streaming ?? false,
  };
}

/** The operations that are an inference call of an agent's. */
const INFERENCE = new Set(['chat', 'generate_content', 'text_completion']);

/** Fallbacks told of one call; what goes on beyond that is a loop. */
const MAX_FALLBACKS = 32;

const NO_FALLBACKS: readonly ModelFallback[] = Object.freeze([]);

/** One logical call: owns the span, gathers what its attempts and inner layers learn. */
export class Call extends Scope implements RecordedCall {
  readonly call = this;
  readonly context: Context;
  /** The inbound request that this call is made for. */
  readonly inbound: Inbound | undefined;
  /** The agent that makes this call. */
  readonly #agent: Invocation | undefined;
  #merged: ModelTarget;
  readonly #startedAt: number;
  readonly #startTime: number;
  readonly #span: ModelSpan;
  readonly #running: ModelTarget & { readonly kind: 'model_call'; readonly startTime: number };
  #isOver = false;
  #failure: Failure | undefined;
  /** The work settled while an exchange still streams: how that one ends decides, and when. */
  #endsWithExchange = false;
  #settledAt = 0;
  #attempts = 0;
  #lastEnd: ExchangeEnd | undefined;
  /** Of the exchanges that ended since the work has settled, the one that a stream may have come from. */
  #streamEnd: ExchangeEnd | undefined;
  #own: ModelCallResult | undefined;
  #learned: AttemptResult | undefined;
  #fallbacks: readonly ModelFallback[] = NO_FALLBACKS;
  readonly #bill = new Bill();
  #chunks: ChunkTimes | undefined;

  readonly #isGuess: boolean;
  readonly #ended: HookedCallStart['ended'];

  constructor(details: HookedCallStart, parent: Context, request?: SdkRequest, target = targetOf(details)) {
    super(target, undefined, request);
    this.#merged = target;
    this.#isGuess = details.isGuess === true;
    this.#ended = details.ended;
    this.#startedAt = details.startedAt ?? performance.now();
    this.#startTime = unixOf(this.#startedAt);
    this.inbound = inboundIn(parent);
    this.inbound?.began();
    if (INFERENCE.has(target.operation)) this.#agent = agentIn(parent);
    if (this.#agent !== undefined) this.#agent.inferenceCalls++;
    this.#span = startModelSpan(target, this.#startTime, parent, details.span);
    this.context = withScope(this.#span.context, this);
    this.#running = Object.freeze({
      kind: 'model_call',
      operation: target.operation,
      provider: target.provider,
      requestModel: target.requestModel,
      serverAddress: target.serverAddress,
      serverPort: target.serverPort,
      streaming: target.streaming,
      startTime: this.#startTime,
    });
    pricer().prepare();
    publishStart(this.#running);
  }

  chunk(at = performance.now()): void {
    this.#chunks ??= new ChunkTimes();
    this.#chunks.arrived(at);
  }

  end(result?: ModelCallResult): void {
    this.settleAs(undefined, result);
  }

  fail(error: unknown, result?: ModelCallResult): void {
    this.settleAs(classify(error), result);
  }

  endWithStream(result?: ModelCallResult): void {
    if (this.isSettled) return;
    if (this.#attempts === 0 && this.exchanges === 0) return this.#discard();
    // Its exchange may already be over, before anybody has read from it what went wrong.
    if (this.exchanges > 0) this.#endsWithExchange = true;
    else if (this.#lastEnd?.hasBegun === true) this.#failure = this.#lastEnd.failure;
    this.settleAs(this.#failure, result);
  }

  settleAs(failure: Failure | undefined, result?: ModelCallResult): void {
    if (this.isSettled) return;
    this.#failure = failure;
    // Whoever gave it may go on to change it.
    this.#own = result && { ...result };
    this.#settledAt = performance.now();
    if (!this.#endsWithExchange) this.#stopRunning();
    this.settle(result?.usage);
  }

  /** Gives the call up without a record: an exchange that starts later is a call of its own. */
  #discard(): void {
    this.isSettled = true;
    this.#isOver = true;
    this.#stopRunning();
    this.#span.drop();
    this.inbound?.ended();
    if (this.#agent !== undefined) this.#agent.inferenceCalls--;
    drop('unobservable');
  }

  #stopRunning(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    publishEnd(this.#running);
  }

  learn(result: AttemptResult): void {
    this.#learned = this.#learned === undefined ? result : { ...this.#learned, ...defined(result) };
  }

  /** Something of this call follows what has failed: a retry if it asks the same model of the same provider. */
  followed(failed: FailedPart, target: ModelTarget): boolean {
    const [from, to] = [failed.target, target];
    const isSameModel =
      from.requestModel === to.requestModel || from.requestModel === undefined || to.requestModel === undefined;
    if (from.provider === to.provider && isSameModel) return true;
    if (this.#fallbacks.length < MAX_FALLBACKS) this.#fallbacks = [...this.#fallbacks, Object.freeze({ from, to })];
    else drop('series_limit');
    return false;
  }

  attemptStarted(
    target: ModelTarget,
    follows: FailedPart | undefined,
    startedAt: number,
    retryCount = 0,
  ): Pick<ModelAttempt, 'number' | 'retryOf' | 'backoffMs'> {
    if (target !== this.#merged) this.#merge(target);
    const number = this.#attempts++;
    if (follows === undefined) {
      // What it retries was a call of its own, as nobody has told that the two belong together.
      const isRetry = number === 0 && retryCount > 0;
      return { number: isRetry ? retryCount : number, retryOf: isRetry ? '_OTHER' : undefined, backoffMs: undefined };
    }
    const isRetry = this.followed(follows, target);
    return {
      number,
      retryOf: isRetry ? follows.errorType : undefined,
      backoffMs: isRetry ? Math.max(0, startedAt - follows.endedAt) : undefined,
    };
  }

  #merge(target: ModelTarget): void {
    const [rather, otherwise] = this.#isGuess && this.#attempts === 0 ? [target, this.#merged] : [this.#merged, target];
    this.#merged = { ...otherwise, ...defined(rather), streaming: rather.streaming || otherwise.streaming };
  }

  attemptFinished(end: ExchangeEnd, result: AttemptResult, chunks: ChunkTimes | undefined, isWholeCall: boolean): void {
    this.#lastEnd = end;
    const isBetter = this.#streamEnd === undefined || this.#streamEnd.failure !== undefined;
    if (this.isSettled && (end.failure === undefined || (end.hasBegun && isBetter))) this.#streamEnd = end;
    this.learn(result);
    this.#bill.add(end, result);
    // The exchange is over: nobody else adds to its chunks.
    if (this.#chunks === undefined) this.#chunks = chunks;
    else if (chunks !== undefined) this.#chunks.add(chunks);
    if (!isWholeCall) return;
    this.#endsWithExchange = true;
    this.settleAs(end.failure);
  }

  protected stopped(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopRunning();
    const [failure, endedAt] = this.#verdict();
    if (this.#agent !== undefined) this.#agent.failure = failure;
    const result = this.#result();
    const { operation, provider, requestModel, serverAddress, serverPort, streaming } = this.#merged;
    const { model: responseModel, serviceTier, listedAs } = result;
    const { usage } = this.usage();
    const startTime = this.#startTime;
    const { cost, unpriced } = this.#bill.total({
      operation,
      provider,
      requestModel,
      responseModel,
      listedAs,
      serviceTier,
      startTime,
      usage,
    });
    const first = this.#chunks?.first;
    const call: ModelCall = Object.freeze({
      kind: 'model_call',
      operation,
      provider,
      requestModel,
      serverAddress,
      serverPort,
      streaming,
      responseModel,
      serviceTier,
      startTime,
      usage,
      durationMs: endedAt - this.#startedAt,
      outcome: failure?.outcome ?? 'success',
      errorType: failure?.errorType,
      responseId: result.id,
      finishReasons: Object.freeze([...(result.finishReasons ?? [])]),
      timeToFirstChunkMs: first === undefined ? undefined : first - this.#startedAt,
      longestStallMs: this.#chunks?.longestGap,
      chunkGaps: this.#chunks?.gaps,
      attempts: Math.max(1, this.#attempts),
      fallbacks: Object.freeze(this.#fallbacks),
      cost,
      unpriced,
    });
    this.#span.end(call, result.statusCode, this.#learned?.content);
    // Where its exchanges are seen, they are the waiting: between them the call backs off.
    if (this.#attempts === 0) this.inbound?.ended(this.#startedAt, endedAt);
    else this.inbound?.ended();
    publish(call);
    guarded('a hook', () => this.#ended?.(failure, endedAt));
  }

  /** What the application told of the answer, and what was seen of it. */
  #result(): AttemptResult {
    if (this.#own === undefined) return this.#learned ?? {};
    return { ...this.#learned, ...defined(this.#own) };
  }

  #verdict(): [failure: Failure | undefined, endedAt: number] {
    if (this.#endsWithExchange) {
      const end = this.#streamEnd ?? this.#lastEnd;
      return [end?.failure ?? this.#failure, end?.endedAt ?? this.#settledAt];
    }
    // The wire names a failure more exactly (a provider's code) than the error that an SDK made of it. Whether the
    // application has waited long enough, it knows best itself.
    const isGeneral = this.#failure?.outcome === 'error';
    return [(isGeneral ? this.#lastEnd?.failure : undefined) ?? this.#failure, this.#settledAt];
  }
}

function defined<T extends object>(values: T): T {
  const known = {} as T;
  for (const key in values) if (values[key] !== undefined) known[key] = values[key];
  return known;
}
