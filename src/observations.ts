import type { AgentRun } from './observations/agents.ts';
import type {
  JobDecision,
  JobRun,
  JobStall,
  JobStep,
  JobSubmission,
  JobTarget,
  OrchestratorError,
  QueueSize,
} from './observations/jobs.ts';
import type { CacheLookup, ModelAttempt, ModelCall, ModelTarget, RateLimit } from './observations/models.ts';
import type { Anomaly, Operation, Point } from './observations/monitor.ts';
import type { DbQuery, GatewayRequest, HttpRequest } from './observations/services.ts';

export type * from './observations/agents.ts';
export type * from './observations/jobs.ts';
export type * from './observations/models.ts';
export type * from './observations/monitor.ts';
export type * from './observations/outcomes.ts';
export type * from './observations/services.ts';

/**
 * The finished records that everything downstream reads. A recorder freezes one per finished thing; metrics, monitor
 * and storage see nothing else. Times are Unix milliseconds, durations fractional milliseconds of a monotonic clock.
 */
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
