/** What may have been recorded on a monitor by its caller. */
export interface Monitored {
  /** True when it was: that monitor has it already, and others leave it out. */
  readonly monitored?: boolean | undefined;
}

/** Any other named piece of work. */
export interface Operation extends Monitored {
  readonly kind: 'operation';
  readonly name: string;
  readonly startTime: number;
  readonly durationMs: number;
  readonly errorType?: string | undefined;
  /** What tells its series apart in a monitor; of OpenTelemetry only those that are allow-listed. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
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
