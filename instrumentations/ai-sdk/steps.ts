import { type Context, createContextKey } from '@opentelemetry/api';
import { withValue } from '../../src/nested-context.ts';
import { readError } from '../../src/recorders/failures.ts';
import {
  type HookedCallStart,
  type ModelCallResult,
  modelCalls,
  type RecordedCall,
} from '../../src/recorders/model-calls.ts';

/** What something failed with, which may be anything. */
export interface Failed {
  readonly error: unknown;
}

/** One asking of a model, as the AI SDK makes it: a call with all of the attempts that its retries make. */
export class ModelStep {
  readonly #maxRetries: number | undefined;
  #call: RecordedCall | undefined;
  #failure: Failed | undefined;
  #failures = 0;
  /** The answer streams from where the wire does not see it. */
  #isUnseen = false;
  #hasTools = false;
  #stopWaiting: (() => void) | undefined;

  /** @param maxRetries undefined where it cannot be told which failure is the last */
  constructor(maxRetries: number | undefined) {
    this.#maxRetries = maxRetries;
  }

  /** The context for the next attempt. */
  attempt(details: HookedCallStart, parent: Context): Context {
    this.#stopWaiting?.();
    this.#call ??= modelCalls.open({ ...details, context: parent, isGuess: true }, {});
    return this.#call?.context ?? parent;
  }

  /** True where this attempt is the first. */
  get isNew(): boolean {
    return this.#call === undefined;
  }

  answered(result: ModelCallResult): void {
    this.#failure = undefined;
    // What the wire has read of the answer is more than the AI SDK tells.
    if (this.#call?.isSeen === true) this.#call.end();
    else this.#call?.end(result);
  }

  /**
   * The answer is a stream: it ends where the exchange that feeds it ends.
   * @param isEndTold true where the end of this step will be told: without an exchange that is the end of the stream too
   */
  streams(isEndTold = false): void {
    this.#failure = undefined;
    if (isEndTold && this.#call?.isSeen === false) this.#isUnseen = true;
    else this.#call?.endWithStream();
  }

  /** A tool runs within the step: the step does not end with its stream. */
  runsTool(): void {
    this.#hasTools = true;
  }

  /** An attempt failed; the AI SDK tries again what its error says may be tried again. False where it was the last one. */
  failed(error: unknown): boolean {
    this.#failure = { error };
    this.#failures++;
    if (this.#maxRetries === undefined) return true;
    const isRetried = readError(error, 'isRetryable') === true;
    if (isRetried && this.#failures <= this.#maxRetries) return true;
    this.#call?.fail(error);
    return false;
  }

  /** Another attempt follows, unless the application aborts first. */
  waits(signal: AbortSignal): void {
    const onAbort = (): void => this.over({ error: signal.reason });
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stopWaiting = () => signal.removeEventListener('abort', onAbort);
  }

  /** Nothing is tried any more, for this reason or for the one that the last attempt had. */
  over(failed: Failed | undefined): void {
    const failure = failed ?? this.#failure;
    if (failure !== undefined) this.#call?.fail(failure.error);
    else if (this.#isUnseen && !this.#hasTools) this.#call?.end();
    else if (this.#isUnseen) this.abandoned();
  }

  /** Nobody can tell any more how it ends. */
  abandoned(): void {
    this.#call?.endWithStream();
  }
}

const STEP = createContextKey('gaugeway.ai-sdk.step');

export function stepIn(context: Context): ModelStep | undefined {
  return context.getValue(STEP) as ModelStep | undefined;
}

export function withStep(context: Context, step: ModelStep): Context {
  return withValue(context, STEP, step);
}
