import type { Outcome } from './outcomes.ts';

/** Token counts as the provider billed them; a missing field is unknown, never zero and never estimated. */
export interface TokenUsage {
  /** All input tokens, cached ones included. */
  readonly input?: number;
  /** All output tokens, reasoning included. */
  readonly output?: number;
  /** Input and output together; derived when both are known. */
  readonly total?: number;
  /** Part of `input` read from the provider's prompt cache. */
  readonly cacheRead?: number;
  /** Part of `input` written to the provider's prompt cache. */
  readonly cacheWrite?: number;
  /** Part of `cacheWrite` that stays for an hour, which costs more. */
  readonly cacheWriteHour?: number;
  /** Part of `output` spent on reasoning. */
  readonly reasoning?: number;
  /** Parts of `input` by what they are made of (`gen_ai.token.modality`); what they leave over is of unknown kind. */
  readonly textInput?: number;
  readonly imageInput?: number;
  readonly audioInput?: number;
  /** Parts of `output` by what they are made of. */
  readonly textOutput?: number;
  readonly imageOutput?: number;
  readonly audioOutput?: number;
}

/** How many values fell between the boundaries of an instrument, as a histogram keeps them. */
export interface Distribution {
  /** One count more than there are boundaries. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** What is known of a model call from its start; fields follow the GenAI convention's attributes. */
export interface ModelTarget {
  /** `gen_ai.operation.name`: `chat`, `embeddings`, `generate_content`, ... */
  readonly operation: string;
  /** `gen_ai.provider.name`: a well-known value where one fits, else a snake_case name. */
  readonly provider: string;
  /** The model as asked for. */
  readonly requestModel?: string | undefined;
  readonly serverAddress?: string | undefined;
  readonly serverPort?: number | undefined;
  /** True when the answer was asked for as a stream. */
  readonly streaming: boolean;
}

/** One logical model call: what the application asked for, whatever the number of attempts. */
export interface ModelCall extends ModelTarget {
  readonly kind: 'model_call';
  readonly startTime: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** Present unless the outcome is `success`; a value of a closed set, never a message. */
  readonly errorType?: string | undefined;
  /** The model that answered. */
  readonly responseModel?: string | undefined;
  readonly responseId?: string | undefined;
  readonly finishReasons: readonly string[];
  /** The class of service that answered, as the provider names it: another one has another price. */
  readonly serviceTier?: string | undefined;
  readonly usage?: TokenUsage | undefined;
  /** From the request being issued to the first streamed chunk. */
  readonly timeToFirstChunkMs?: number | undefined;
  /** The longest gap between two chunks; undefined below two chunks. */
  readonly longestStallMs?: number | undefined;
  /** Gaps between chunks in seconds, by the convention's boundaries; undefined below two chunks. */
  readonly chunkGaps?: Distribution | undefined;
  readonly attempts: number;
  /** Turns to another model or provider after a failure, in their order; the first 32 are kept. */
  readonly fallbacks?: readonly ModelFallback[];
  /** What its tokens cost, in US dollars; undefined where that cannot be told. */
  readonly cost?: number | undefined;
  /** True when its tokens are known, and no price of its model is. */
  readonly unpriced?: boolean | undefined;
}

/** What had failed, and what was asked instead. */
export interface ModelFallback {
  readonly from: Pick<ModelTarget, 'provider' | 'requestModel'>;
  readonly to: Pick<ModelTarget, 'provider' | 'requestModel'>;
}

/** One exchange with a provider; a call has several when it is retried. */
export interface ModelAttempt extends ModelTarget {
  readonly kind: 'model_attempt';
  readonly startTime: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly errorType?: string | undefined;
  readonly responseModel?: string | undefined;
  readonly statusCode?: number | undefined;
  /** Bytes of the bodies, as far as they passed the wire. */
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
  /** 0 for the first attempt of a call. */
  readonly number: number;
  /** `error.type` of the attempt before this one when this one asks the same model again; `_OTHER` where it was not seen. */
  readonly retryOf?: string | undefined;
  /** How long nothing was asked between that attempt and this one. */
  readonly backoffMs?: number | undefined;
}

/** What a provider says of one of its limits, with an answer. */
export interface RateLimit extends Pick<ModelTarget, 'provider' | 'requestModel' | 'serverAddress' | 'serverPort'> {
  readonly kind: 'rate_limit';
  /** `requests`, `tokens`, `input_tokens` or `output_tokens`. */
  readonly resource: string;
  readonly limit?: number | undefined;
  readonly remaining?: number | undefined;
  /** Until the limit is whole again. */
  readonly resetMs?: number | undefined;
  readonly time: number;
}

/** A look into the application's own cache of answers. */
export interface CacheLookup extends Pick<ModelTarget, 'operation' | 'provider' | 'requestModel'> {
  readonly kind: 'cache_lookup';
  readonly result: 'hit' | 'miss';
  readonly time: number;
}
