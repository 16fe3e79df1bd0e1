/** How a job run ended; the values of the CICD convention's `cicd.pipeline.result`. */
export type JobResult = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip';

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
