import type { Context } from '@opentelemetry/api';
import { catchUp } from '../backlog.ts';
import type { ModelTarget } from '../observations.ts';
import type { ModelCallResult } from './call-details.ts';
import { classify, type Failure } from './failures.ts';
import type { RecordedCall } from './hooked-call.ts';
import type { Call } from './model-call.ts';
import { type FailedPart, Scope, type SdkRequest, withScope } from './model-scope.ts';

/** An inner layer of a call that somebody further out owns: it only tells what it learns. */
export class Layer extends Scope implements RecordedCall {
  readonly call: Call;
  readonly context: Context;
  readonly #follows: FailedPart | undefined;
  #failure: Failure | undefined;

  constructor(target: ModelTarget, parent: Scope, context: Context, isByHand: boolean, request?: SdkRequest) {
    super(target, parent, request);
    this.call = parent.call;
    this.context = withScope(context, this);
    this.#follows = parent.enter();
    parent.layerStarted(this, isByHand);
  }

  chunk(at?: number): void {
    this.call.chunk(at);
  }

  end(result?: ModelCallResult): void {
    this.settleAs(undefined, result);
  }

  fail(error: unknown, result?: ModelCallResult): void {
    this.settleAs(classify(error), result);
  }

  endWithStream(result?: ModelCallResult, at?: number): void {
    this.settleAs(undefined, result, at);
  }

  settleAs(failure: Failure | undefined, result: ModelCallResult | undefined, at = performance.now()): void {
    catchUp();
    if (this.isSettled) return;
    this.isOpen = false;
    this.#failure = failure;
    // Nothing was seen inside that could have told what was tried here.
    if (this.isEmpty && this.#follows !== undefined) this.call.followed(this.#follows, this.target);
    const failed = failure && {
      errorType: failure.errorType,
      target: this.target,
      endedAt: at,
      ...this.failed,
    };
    this.parent?.layerSettled(this, failed);
    if (result !== undefined) this.call.learn({ ...result });
    this.settle(result?.usage);
  }

  protected override inherited(): FailedPart | undefined {
    return this.#follows;
  }

  protected override isUntold(): boolean {
    return this.isEmpty && this.#failure === undefined;
  }

  protected stopped(): void {
    this.parent?.layerStopped(this);
  }
}
