import type { Context } from '@opentelemetry/api';
import type { ModelTarget, TokenUsage } from '../observations.ts';
import type { ModelContent } from './content.ts';
import { nameOrNone } from './given.ts';

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

/** Whether the two ask for the same. */
export function isAlike(a: ModelTarget, b: ModelTarget): boolean {
  return (
    a.operation === b.operation &&
    a.provider === b.provider &&
    a.requestModel === b.requestModel &&
    a.serverAddress === b.serverAddress &&
    a.serverPort === b.serverPort &&
    a.streaming === b.streaming
  );
}
