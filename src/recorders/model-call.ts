import type { Context } from '@opentelemetry/api';
import { catchUp, later } from '../backlog.ts';
import type { ModelAttempt, ModelCall, ModelFallback, ModelTarget, Running } from '../observations.ts';
import { drop, guarded, publish, publishEnd, publishStart } from '../observe.ts';
import { agentIn, type Invocation } from './agent-scope.ts';
import { type AttemptResult, isAlike, type ModelCallResult, targetOf } from './call-details.ts';
import { ChunkTimes } from './chunk-times.ts';
import { unixAt, unixOf } from './clocks.ts';
import { Bill, pricer } from './cost.ts';
import { classify, type Failure } from './failures.ts';
import type { HookedCallStart, RecordedCall } from './hooked-call.ts';
import { type Inbound, inboundIn } from './inbound.ts';
import { type ExchangeEnd, type FailedPart, Scope, type SdkRequest, withScope } from './model-scope.ts';
import { type ModelSpan, startModelSpan } from './model-spans.ts';

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
  #running: Running | undefined;
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
    const { startedAt } = details;
    this.#startedAt = startedAt ?? performance.now();
    this.#startTime = startedAt === undefined ? unixAt(this.#startedAt) : unixOf(startedAt);
    this.inbound = details.inbound ?? inboundIn(parent);
    if (INFERENCE.has(target.operation)) this.#agent = agentIn(parent);
    this.#span = startModelSpan(target, this.#startTime, parent, details.span);
    this.context = withScope(this.#span.context, this);
    later(Call.#began, this, undefined, this.#startedAt);
  }

  static readonly #began = (call: Call): unknown => call.#begin();

  /** Before anything else is told of it, also where it ends within a task that came before this one. */
  #begin(): Running {
    if (this.#running !== undefined) return this.#running;
    const { target } = this;
    this.inbound?.began();
    if (this.#agent !== undefined) this.#agent.inferenceCalls++;
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
    return this.#running;
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

  endWithStream(result?: ModelCallResult, at = performance.now()): void {
    catchUp();
    if (this.isSettled) return;
    if (this.#attempts === 0 && this.exchanges === 0) return this.#discard(at);
    // Its exchange may already be over, before anybody has read from it what went wrong.
    if (this.exchanges > 0) this.#endsWithExchange = true;
    else if (this.#lastEnd?.hasBegun === true) this.#failure = this.#lastEnd.failure;
    this.settleAs(this.#failure, result, at);
  }

  settleAs(failure: Failure | undefined, result?: ModelCallResult, at = performance.now()): void {
    catchUp();
    if (this.isSettled) return;
    this.#failure = failure;
    // Whoever gave it may go on to change it.
    this.#own = result && { ...result };
    this.#settledAt = at;
    if (!this.#endsWithExchange) this.#stopRunning();
    this.settle(result?.usage);
  }

  /** Gives the call up without a record: an exchange that starts later is a call of its own. */
  #discard(at: number): void {
    this.isSettled = true;
    this.#isOver = true;
    this.#stopRunning();
    // By its own start: the wall clock knows milliseconds alone, and may be behind it by one.
    this.#span.drop(this.#startTime + (at - this.#startedAt));
    this.inbound?.ended();
    if (this.#agent !== undefined) this.#agent.inferenceCalls--;
    drop('unobservable');
  }

  #stopRunning(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    publishEnd(this.#begin());
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
    this.#merge(target);
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
    if (isAlike(target, this.#merged)) return;
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
    const { usage } = this.usage();
    const { cost, unpriced } = this.#bill.total({ target: this.#merged, usage }, result, this.#startTime);
    const first = this.#chunks?.first;
    const call: ModelCall = Object.freeze({
      kind: 'model_call',
      operation,
      provider,
      requestModel,
      serverAddress,
      serverPort,
      streaming,
      responseModel: result.model,
      serviceTier: result.serviceTier,
      startTime: this.#startTime,
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
