import type { Context } from '@opentelemetry/api';
import { LateContext } from '../nested-context.ts';
import { classify } from './failures.ts';
import type { RecordedCall } from './hooked-call.ts';
import { abortedBy, type SdkRequest } from './model-scope.ts';
import type { Settled } from './settle.ts';

/**
 * The request of an SDK: a call that begins when it is known what is asked for, and ends with the body of its answer. Its
 * work runs in `context` from the start.
 */
export class SdkCall implements Settled<unknown> {
  readonly context: LateContext;
  #call: RecordedCall | undefined;
  #signal: AbortSignal | undefined;

  constructor(parent: Context) {
    this.context = new LateContext(parent);
  }

  began(call: RecordedCall, { signal }: SdkRequest): void {
    this.#call = call;
    this.#signal = signal;
    this.context.inner = call.context;
  }

  done(): void {
    this.#call?.endWithStreamLater();
  }

  failed(error: unknown): void {
    const signal = this.#signal;
    this.#call?.settleAs(signal?.aborted === true ? abortedBy(signal) : classify(error));
  }

  unobservable(): void {
    this.#call?.endWithStream();
  }
}
