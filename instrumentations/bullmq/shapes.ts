import type { FlowJob, FlowProducer, Job, JobScheduler, Queue, QueueBase, Worker } from 'bullmq';

/** What BullMQ exports, where it exports it: a forked sandbox loads one file of it. */
export interface Library {
  readonly QueueBase?: typeof QueueBase;
  readonly Queue?: typeof Queue;
  readonly Worker?: typeof Worker;
  readonly Job?: typeof Job;
  readonly JobScheduler?: typeof JobScheduler;
  readonly FlowProducer?: typeof FlowProducer;
  readonly PostgresQueueBackend?: new (...args: never[]) => object;
  readonly QueueEvents?: { readonly prototype: object };
  /** The repeatable jobs of BullMQ 5. */
  readonly Repeat?: { readonly prototype: object };
  /** Runs a processor file in a forked process or a thread. */
  readonly ChildProcessor?: { readonly prototype: object };
}

/** The options through which a job carries its sender's context. */
export interface Carrying {
  readonly telemetry?: { readonly metadata?: string | undefined; readonly omitContext?: boolean | undefined };
}

/** A job as both majors have it. */
export interface JobShape {
  readonly id?: string | undefined;
  readonly name: string;
  readonly opts: Carrying & { readonly delay?: number | undefined; readonly attempts?: number | undefined };
  readonly timestamp: number;
  readonly processedOn?: number | undefined;
  readonly attemptsMade: number;
  readonly attemptsStarted?: number | undefined;
  readonly repeatJobKey?: string | undefined;
  readonly failedReason?: string | undefined;
  readonly queueName: string;
  readonly queueQualifiedName?: string | undefined;
}

/** A queue, a worker, or whatever else works on a queue. */
export interface QueueShape {
  readonly name: string;
  readonly opts: { readonly telemetry?: unknown };
  readonly closing?: unknown;
}

export type Flow = FlowJob;

/** The name that the application's own telemetry, metrics and all, stands under. */
export function hasOwnTelemetry(self: { readonly opts?: { readonly telemetry?: unknown } }): boolean {
  return self.opts?.telemetry !== undefined && self.opts.telemetry !== null;
}
