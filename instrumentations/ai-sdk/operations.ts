import { type Context, createContextKey } from '@opentelemetry/api';
import { withValue } from '../../src/nested-context.ts';
import { type AgentEnd, agents, type RecordedAgent } from '../../src/recorders/agents.ts';
import { type Failure, readError } from '../../src/recorders/failures.ts';
import { ModelStep } from './steps.ts';

/** What is known when an application asks for a text or an object, directly or through an agent of the AI SDK. */
export interface OperationStart {
  /** The name that the application gave to this call: of an agent it is the name. */
  readonly name: string | undefined;
  readonly model: string | undefined;
  readonly isStream: boolean;
  readonly hasTools: boolean;
  readonly maxRetries: number | undefined;
  /** False where the tools that run cannot be seen. @default true */
  readonly tellsTools?: boolean;
  /** False where somebody else makes the spans. */
  readonly span: boolean;
}

/** How long after the failure of a stream another try of it has begun, if there is one. */
const STREAM_RETRY_MS = 200;

/** One call of the application: several steps, each of them a model call, and the tools in between. */
export class TextOperation {
  readonly isStream: boolean;
  readonly span: boolean;
  readonly maxRetries: number | undefined;
  readonly context: Context;
  readonly #start: OperationStart;
  readonly #parent: Context;
  readonly #startedAt = performance.now();
  /** Where it has tools, the model decides what is done: that is an agent. Without, it is one model call. */
  readonly #agent: RecordedAgent | undefined;
  readonly #steps = new Set<ModelStep>();
  readonly #byPrompt = new WeakMap<object, ModelStep>();
  #inferenceCalls = 0;
  #toolCalls = 0;
  #error: unknown;
  #failure: Failure | undefined;

  constructor(start: OperationStart, parent: Context) {
    this.#start = start;
    this.#parent = parent;
    this.isStream = start.isStream;
    this.span = start.span;
    this.maxRetries = start.maxRetries;
    if (start.hasTools) this.#agent = this.#startAgent(start.span);
    this.context = withValue(this.#agent?.context ?? parent, OPERATION, this);
  }

  asks(step: ModelStep): void {
    this.#inferenceCalls++;
    this.#steps.add(step);
  }

  /** The step that asks this: each attempt at it is made with the very same prompt, and no other step is. */
  stepOf(prompt: object): ModelStep {
    let step = this.#byPrompt.get(prompt);
    if (step === undefined) {
      step = new ModelStep(this.maxRetries);
      this.#byPrompt.set(prompt, step);
      this.asks(step);
    }
    return step;
  }

  stepOver(step: ModelStep): void {
    this.#steps.delete(step);
  }

  runsTool(): void {
    this.#toolCalls++;
  }

  /**
   * A model call ended. A stream that breaks off leaves the AI SDK without an end in some ways of reading: if nothing
   * follows soon, it was the end.
   */
  callEnded(failure: Failure | undefined, endedAt: number): void {
    this.#failure = failure;
    if (failure === undefined || !this.isStream || this.#agent === undefined) return;
    const asked = this.#inferenceCalls;
    setTimeout(() => {
      if (this.#inferenceCalls === asked) this.#agent?.settleAs(failure, { ...this.#counts, endedAt });
    }, STREAM_RETRY_MS).unref();
  }

  /** An attempt failed: it may be the reason of a failure that itself only says that nothing came out. */
  attemptFailed(error: unknown): void {
    this.#error = error;
  }

  succeeded(): void {
    for (const step of this.#steps) step.over(undefined);
    this.#endOf()?.end(this.#counts);
  }

  failed(error: unknown): void {
    const isVague = readError(error, 'name') === 'AI_NoOutputGeneratedError';
    const reason = (isVague ? this.#error : undefined) ?? error;
    for (const step of this.#steps) step.over({ error: reason });
    // Of what failed the last call, the wire knows more than the error that was made of it.
    const isOfCall = reason === this.#error && this.#failure !== undefined;
    if (isOfCall) this.#endOf()?.settleAs(this.#failure, this.#counts);
    else this.#endOf()?.fail(reason, this.#counts);
  }

  /** Nobody will ever read on. */
  abandoned(): void {
    for (const step of this.#steps) step.abandoned();
    this.#agent?.discard();
  }

  get #counts(): AgentEnd {
    const isTold = this.#start.tellsTools !== false;
    return {
      inferenceCalls: isTold || this.#inferenceCalls > 0 ? this.#inferenceCalls : 'unknown',
      toolCalls: isTold ? this.#toolCalls : 'unknown',
    };
  }

  /** An application that hides its inputs hides its tools too, until one of them runs. */
  #endOf(): RecordedAgent | undefined {
    return this.#agent ?? (this.#toolCalls > 0 ? this.#startAgent(false) : undefined);
  }

  #startAgent(span: boolean): RecordedAgent {
    const { name, model } = this.#start;
    return agents.start({ kind: 'agent', name, model, startedAt: this.#startedAt, context: this.#parent, span });
  }
}

const OPERATION = createContextKey('gaugeway.ai-sdk.operation');

export function operationIn(context: Context): TextOperation | undefined {
  return context.getValue(OPERATION) as TextOperation | undefined;
}
