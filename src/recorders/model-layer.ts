import type { Context } from '@opentelemetry/api';
import type { Call, ModelCallResult, RunningCall } from './model-call.ts';

/** An inner layer of a call that somebody further out owns: it only tells what it learns. */
export class Layer implements RunningCall {
  readonly context: Context;
  readonly #owner: Call;
  constructor(owner: Call, parent: Context) {
    this.#owner = owner;
    this.context = parent;
  }
  chunk(at?: number): void {
    this.#owner.chunk(at);
  }
  end(result?: ModelCallResult): void {
    if (result !== undefined) this.#owner.learn(result);
  }
  fail(_error: unknown, result?: ModelCallResult): void {
    this.end(result);
  }
}
