import { type Context, createContextKey } from '@opentelemetry/api';
import { later } from '../backlog.ts';
import { withValue } from '../nested-context.ts';
import type { ModelTarget, TokenUsage } from '../observations.ts';
import type { ModelCallResult } from './call-details.ts';
import { classify, type Failure } from './failures.ts';
import type { Call } from './model-call.ts';
import { addUsage, checkUsage, withDetails } from './usage.ts';

/** A part of a call that failed, as the part after it sees it. */
export interface FailedPart {
  readonly errorType: string;
  readonly target: ModelTarget;
  readonly endedAt: number;
}

/** How an exchange ended, as far as its call wants to know. */
export interface ExchangeEnd {
  readonly failure: Failure | undefined;
  readonly target: ModelTarget;
  readonly usage: TokenUsage | undefined;
  /** The provider had begun to answer, and so had begun to count tokens. */
  readonly hasBegun: boolean;
  /** It was no answer but the way to another exchange. */
  readonly leadsOn?: boolean;
  readonly endedAt: number;
}

/** What an SDK's hook knows of a request and the wire cannot see. */
export interface SdkRequest {
  /** The signal by which the application may end the request. */
  readonly signal?: AbortSignal | undefined;
  /** How long the SDK waits until it gives up by itself, where it does so by what looks like an abort. */
  readonly timeoutMs?: number | undefined;
}

/** The timers of an SDK start a little before the exchange does. */
const TIMEOUT_TOLERANCE = 0.95;

const SCOPE = createContextKey('gaugeway.model-scope.1');

/**
 * Where exchanges happen: a call, or a layer inside of it. Scopes form a tree: what lies side by side adds up, and what
 * lies inside is the same work as what lies around it, so that usage told by several layers of one work counts once.
 * Its parts may come from several copies of this package, one of them inlined in a bundle: no `#private` of another scope
 * can be reached from here.
 */
export abstract class Scope {
  abstract readonly call: Call;
  readonly target: ModelTarget;
  readonly parent: Scope | undefined;
  /** New parts may begin. */
  isOpen = true;
  /** What was noted of its end waits to be worked off. */
  private isEnding = false;
  protected isSettled = false;
  /** Exchanges in flight, those of inner layers included. */
  protected exchanges = 0;
  private parts = 0;
  private running = 0;
  private lastFailed: FailedPart | undefined;
  private sum: TokenUsage | undefined;
  private isSumKnown = true;
  private told: TokenUsage | undefined;
  private layers: Set<Scope> | undefined;
  /** Layers that were started by hand, in whose own context nothing has happened. */
  private idle: Set<Scope> | undefined;
  /** Work beside it was taken for its own. */
  private hasAdopted = false;
  /** Whose work it is that it tells of is not clear. */
  private isMixed = false;

  private readonly request: SdkRequest | undefined;

  constructor(target: ModelTarget, parent: Scope | undefined, request: SdkRequest | undefined) {
    this.target = target;
    this.parent = parent;
    this.request = request;
  }

  /**
   * The work handed back what cannot be awaited (a stream, an SDK's promise), or only the head of an answer: it ends with
   * the exchange that feeds it, and is unknown without one.
   */
  abstract endWithStream(result?: ModelCallResult, at?: number): void;

  /** The same, a moment later. */
  endWithStreamLater(): void {
    this.isEnding = true;
    later(Scope.ended, this, undefined, performance.now());
  }

  private static readonly ended = (scope: Scope, result: undefined, at: number): void =>
    scope.endWithStream(result, at);

  /** The scope stopped: no exchange of it is in flight any more, and its work has settled. */
  protected abstract stopped(): void;

  /**
   * The scope that an exchange or a layer beginning here belongs to. Work beside a layer that was started by hand, and in
   * whose context nothing happens, is taken for the work of this layer: with several of them it could be any one's.
   */
  host(): Scope {
    const [first, second] = this.idle ?? [];
    if (first === undefined) return this;
    if (second !== undefined) {
      this.isSumKnown = false;
      return this;
    }
    first.hasAdopted = true;
    return first;
  }

  /** Something happens in the very context of this scope. */
  occupied(): void {
    if (this.parent !== undefined) this.parent.idle?.delete(this);
    if (this.hasAdopted) this.isMixed = true;
  }

  /** Adds what only the SDK knows: a connection that fails before the body is sent has told no model. */
  complete(target: ModelTarget): ModelTarget {
    if (target.requestModel !== undefined) return target;
    const requestModel = this.sender()?.target.requestModel;
    return requestModel === undefined ? target : { ...target, requestModel };
  }

  /** Tells an SDK's own timeout, which the wire sees as an abort, from one that the application asked for. */
  explain(failure: Failure, target: ModelTarget, durationMs: number, statusCode: number | undefined): Failure {
    if (failure.outcome !== 'aborted') return failure;
    const sender = this.sender();
    if (sender === undefined) return failure;
    const request = sender.request as SdkRequest;
    // Only an SDK that tells which signals there are tells an abort from its own timeout.
    if (!('signal' in request)) return failure;
    if (request.signal?.aborted === true) return abortedBy(request.signal);
    const { timeoutMs } = request;
    // An SDK whose timeouts are not aborts.
    if (timeoutMs === undefined) return failure;
    const isSlow = !target.streaming && durationMs >= timeoutMs * TIMEOUT_TOLERANCE;
    return statusCode === undefined || isSlow ? TIMEOUT : failure;
  }

  /** The innermost scope around that is the request of an SDK. */
  private sender(): Scope | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined) {
      if (scope.request !== undefined) return scope;
      scope = scope.parent;
    }
    return undefined;
  }

  /** A part begins; what it follows is told if nothing else runs and the last one failed. */
  enter(): FailedPart | undefined {
    const failed = this.parts++ === 0 ? this.inherited() : this.running === 0 ? this.lastFailed : undefined;
    this.running++;
    return failed;
  }

  /** What the first part follows: what the layer itself does. */
  protected inherited(): FailedPart | undefined {
    return undefined;
  }

  get isSeen(): boolean {
    return !this.isEmpty;
  }

  protected get isEmpty(): boolean {
    return this.parts === 0;
  }

  /** The failed part that was the last one here. */
  protected get failed(): FailedPart | undefined {
    return this.lastFailed;
  }

  /** Nothing has begun here, or is noted to end: what waits to be worked off does not matter. */
  get isFresh(): boolean {
    return this.parts === 0 && this.layers === undefined && !this.isEnding;
  }

  layerStarted(layer: Scope, isByHand: boolean): void {
    this.layers ??= new Set();
    this.layers.add(layer);
    if (!isByHand) return;
    this.idle ??= new Set();
    this.idle.add(layer);
  }

  layerSettled(layer: Scope, failed: FailedPart | undefined): void {
    this.idle?.delete(layer);
    this.running--;
    this.lastFailed = failed;
  }

  layerStopped(layer: Scope): void {
    if (this.layers?.delete(layer)) this.addLayer(layer);
  }

  exchangeStarted(): void {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) scope.exchanges++;
  }

  exchangeEnded({ failure, target, usage, hasBegun, leadsOn = false, endedAt }: ExchangeEnd): void {
    this.running--;
    const failed = failure && { errorType: failure.errorType, target, endedAt };
    this.lastFailed = failed;
    if (usage !== undefined) this.addUsage(checkUsage(usage));
    else if (!leadsOn && (failure === undefined || hasBegun)) this.isSumKnown = false;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      scope.exchanges--;
      // How a stream ended is told after the layer that handed it on has settled.
      if (scope.isSettled && scope.parent !== undefined) scope.parent.lastFailed = failed;
      if (scope.isSettled && scope.exchanges === 0) scope.stopped();
    }
  }

  /** The work around has ended, with the usage that it tells of itself. */
  protected settle(told: TokenUsage | undefined): void {
    this.isSettled = true;
    this.told = checkUsage(told);
    if (this.exchanges === 0) this.stopped();
  }

  /** What is known to have been used, and whether that is all. */
  protected usage(): { usage: TokenUsage | undefined; isAll: boolean } {
    for (const layer of this.layers ?? []) this.addLayer(layer);
    this.layers = undefined;
    const seen = this.isSumKnown ? this.sum : undefined;
    if (this.told !== undefined) return { usage: withDetails(this.told, seen), isAll: !this.isMixed };
    return { usage: seen, isAll: this.isSumKnown && !this.isMixed && !this.isUntold() };
  }

  /** True when something was used here of which nobody told. */
  protected isUntold(): boolean {
    return false;
  }

  private addLayer(layer: Scope): void {
    const { usage, isAll } = layer.usage();
    if (usage !== undefined) this.addUsage(usage);
    if (!isAll) this.isSumKnown = false;
  }

  private addUsage(usage: TokenUsage | undefined): void {
    if (usage === undefined) this.isSumKnown = false;
    else this.sum = this.sum === undefined ? usage : addUsage(this.sum, usage);
  }
}

const ABORTED: Failure = { outcome: 'aborted', errorType: 'aborted' };
const TIMEOUT: Failure = { outcome: 'timeout', errorType: 'timeout' };

/** An aborted signal: its reason tells a timeout, any other reason is the application's own affair. */
export function abortedBy(signal: AbortSignal): Failure {
  return classify(signal.reason).outcome === 'timeout' ? TIMEOUT : ABORTED;
}

/** The innermost open call or layer that work in this context belongs to. */
export function scopeIn(context: Context): Scope | undefined {
  let scope = context.getValue(SCOPE) as Scope | undefined;
  while (scope !== undefined && !scope.isOpen) scope = scope.parent;
  return scope?.call.isOpen === true ? scope : undefined;
}

export function withScope(context: Context, scope: Scope): Context {
  return withValue(context, SCOPE, scope);
}
