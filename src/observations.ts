/**
 * The finished records that everything downstream reads. A recorder freezes one per finished thing; metrics, monitor
 * and storage see nothing else. Times are Unix milliseconds, durations fractional milliseconds of a monotonic clock.
 */

/** How a call or attempt ended: exactly one of these, once. */
export type Outcome = 'success' | 'error' | 'timeout' | 'aborted' | 'abandoned';

/** How a job run ended; the values of the CICD convention's `cicd.pipeline.result`. */
export type JobResult = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip';

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

/** What may have been recorded on a monitor by its caller. */
interface Monitored {
  /** True when it was: that monitor has it already, and others leave it out. */
  readonly monitored?: boolean | undefined;
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

/** What identifies the kind of a job. */
export interface JobTarget {
  /** `bullmq`, `pg_boss`, ... or a name of the application's own. */
  readonly system: string;
  readonly queue?: string | undefined;
  readonly name: string;
}

/** One attempt at a job, from its start to its end. */
export interface JobRun extends JobTarget {
  readonly kind: 'job_run';
  /** For logs and spans; never a metric attribute. */
  readonly id?: string | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  readonly result: JobResult;
  readonly errorType?: string | undefined;
  /** 1 for the first run of a job. */
  readonly attempt: number;
  /** Eligible to run until started; undefined where the eligible time is unknown. */
  readonly waitMs?: number | undefined;
  /** Created until its final outcome; only on the run that decided the job. */
  readonly totalMs?: number | undefined;
  /** False when the job will be tried again; undefined where the run lost its job, to another worker or a cancellation. */
  readonly final: boolean | undefined;
}

/** One step inside a job: an agent, a tool, a node of a graph. */
export interface JobStep {
  readonly kind: 'job_step';
  readonly job?: JobTarget | undefined;
  readonly name: string;
  /** `agent`, `tool`, `model`, `node` or a word of the application's own. */
  readonly type: string;
  readonly agent?: string | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
}

/** One run of an agent, of a tool that an agent uses, or of a workflow that joins several of them. */
export interface AgentRun {
  readonly kind: 'agent_run';
  readonly role: 'agent' | 'tool' | 'workflow';
  /** Undefined where an agent or a workflow has none. */
  readonly name?: string | undefined;
  /** The agent that ran the tool or, of an agent, the one that invoked it. */
  readonly agent?: string | undefined;
  /** The only model that an agent asks. */
  readonly requestModel?: string | undefined;
  /** `gen_ai.tool.type`: `function`, `extension` or `datastore`. */
  readonly toolType?: string | undefined;
  /** The job that it is a step of; a `job_step` tells it as well. */
  readonly job?: JobTarget | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** Present unless the outcome is `success`. */
  readonly errorType?: string | undefined;
  /** Of an agent: the model calls that it made itself; undefined where some may not have been seen. */
  readonly inferenceCalls?: number | undefined;
  /** Of an agent: the tools that it ran itself; undefined where some may not have been seen. */
  readonly toolCalls?: number | undefined;
}

/** Jobs of one kind handed over to an orchestrator in one call. */
export interface JobSubmission extends JobTarget {
  readonly kind: 'job_submission';
  readonly startTime: number;
  readonly count: number;
  /** Present when the orchestrator did not take them. */
  readonly errorType?: string | undefined;
}

/** How an orchestrator noticed that a run would not end. */
export type StallReason = 'lock_lost' | 'heartbeat' | 'timeout';

/** A run that was given up without an end of its own. */
export interface JobStall extends Omit<JobTarget, 'name'> {
  readonly kind: 'job_stall';
  /** Undefined where the orchestrator tells only the job's id. */
  readonly name?: string | undefined;
  readonly reason: StallReason;
  readonly time: number;
}

/** A job that was decided without a run of its own: a child of it failed, or it had stalled too often. */
export interface JobDecision extends JobTarget {
  readonly kind: 'job_decision';
  /** For logs; never a metric attribute. */
  readonly id?: string | undefined;
  readonly result: JobResult;
  readonly errorType?: string | undefined;
  /** Created until decided. */
  readonly totalMs?: number | undefined;
  readonly time: number;
}

/** How many jobs of a queue are in one state, as its broker tells it. */
export interface QueueSize {
  readonly kind: 'queue_size';
  readonly system: string;
  readonly queue: string;
  /** In the broker's words: `waiting`, `active`, `delayed`, ... */
  readonly state: string;
  readonly count: number;
  /** Since the oldest of them could have run. */
  readonly oldestAgeMs?: number | undefined;
  readonly time: number;
  /** How long it may be shown as the present state. */
  readonly validForMs: number;
}

/** A fault of an orchestrator itself: no job is to blame. */
export interface OrchestratorError {
  readonly kind: 'orchestrator_error';
  readonly system: string;
  readonly queue?: string | undefined;
  /** The part that failed: `worker`, `queue`, `scheduler`, `poller`, ... */
  readonly component: string;
  readonly errorType: string;
  readonly time: number;
}

/** Any other named piece of work. */
export interface Operation extends Monitored {
  readonly kind: 'operation';
  readonly name: string;
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
}

/** One request that the application answered, its answer's body included. */
export interface HttpRequest {
  readonly kind: 'http_request';
  /** `http.request.method`: a method that the convention knows, else `_OTHER`. */
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** The template that matched, never the URL; undefined where no route matched. */
  readonly route?: string | undefined;
  /** Undefined when the client was gone before an answer began. */
  readonly statusCode?: number | undefined;
  /** `network.protocol.version`: `1.1`, `2`, ... */
  readonly protocolVersion?: string | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  /** `aborted` when the connection was closed before the answer was complete: an endless stream ends like this. */
  readonly outcome: 'success' | 'error' | 'aborted';
  /** Present when the outcome is `error`: the status, or the class of what was thrown. */
  readonly errorType?: string | undefined;
  /** Bytes of the bodies where their length was told. */
  readonly requestBytes?: number | undefined;
  readonly responseBytes?: number | undefined;
  /** True when another instrumentation records `http.server.request.duration` of this request. */
  readonly recordedElsewhere: boolean;
}

/** One query or other operation of a database client. */
export interface DbQuery {
  readonly kind: 'db_query';
  /** `db.system.name`. */
  readonly system: string;
  /** `db.operation.name`. */
  readonly operation?: string | undefined;
  /** `db.collection.name`: a table, a collection or a model. */
  readonly collection?: string | undefined;
  /** `db.namespace`. */
  readonly namespace?: string | undefined;
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
  /** True when another instrumentation records `db.client.operation.duration` of this query. */
  readonly recordedElsewhere: boolean;
}

/** A look into the application's own cache of answers. */
export interface CacheLookup extends Pick<ModelTarget, 'operation' | 'provider' | 'requestModel'> {
  readonly kind: 'cache_lookup';
  readonly result: 'hit' | 'miss';
  readonly time: number;
}

/** An inbound request that made model calls: how long it took, and how much of that it waited for providers. */
export interface GatewayRequest {
  readonly kind: 'gateway_request';
  readonly route?: string | undefined;
  readonly startTime: number;
  /** From the request to the end of its answer. */
  readonly durationMs: number;
  /** The part in which at least one exchange with a provider was open; calls side by side count once. */
  readonly upstreamMs: number;
}

/** One number that the application measured by itself and gave to a monitor. */
export interface Point {
  readonly kind: 'point';
  readonly type: 'latency' | 'token_throughput' | 'error_rate' | 'job_duration';
  /** Milliseconds, tokens per second, or 1 for an error. */
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly time: number;
}

/** Something that a monitor found to be wrong, or right again. */
export interface Anomaly {
  readonly kind: 'anomaly';
  readonly anomaly:
    | 'high_latency'
    | 'high_memory'
    | 'high_cpu'
    | 'high_error_rate'
    | 'low_throughput'
    | 'slow_operation'
    | 'long_running_job'
    | 'budget_exceeded';
  /** `info` marks the return to normal. */
  readonly severity: 'info' | 'warning' | 'critical';
  /** What it is about: an operation, a job. For logs; never a metric attribute. */
  readonly subject: string;
  readonly time: number;
}

export type Observation =
  | ModelCall
  | ModelAttempt
  | JobRun
  | JobStep
  | AgentRun
  | JobSubmission
  | JobStall
  | JobDecision
  | QueueSize
  | OrchestratorError
  | HttpRequest
  | DbQuery
  | CacheLookup
  | GatewayRequest
  | Operation
  | RateLimit
  | Point
  | Anomaly;

/** Something that has started and not ended; the same object is handed over at its start and at its end. */
export type Running =
  | (ModelTarget & { readonly kind: 'model_call'; readonly startTime: number })
  | (JobTarget & { readonly kind: 'job_run'; readonly startTime: number; readonly id?: string | undefined });

/** Why something of ours was dropped; the values of `gaugeway.drop.reason`. */
export type DropReason =
  | 'invalid_value'
  | 'listener_failed'
  | 'hook_failed'
  | 'malformed_body'
  | 'oversized_value'
  | 'undecodable_body'
  | 'unknown_event'
  | 'clock_skew'
  | 'unobservable'
  | 'redaction_failed'
  | 'series_limit'
  | 'buffer_full';
