import { type Context, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { JobTarget } from '../observations.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { errorClass } from './failures.ts';
import { startSpan } from './tracer.ts';

/** Where a submitted job goes. */
export type Submitted = Pick<JobTarget, 'queue' | 'name'>;

/** What is known when jobs are handed over to an orchestrator. */
export interface SubmissionStart {
  readonly system: string;
  /** Every job of the call; a job of a group may stand here as often as it is sent. */
  readonly jobs: readonly Submitted[];
  /** The parent context. @default the active one */
  readonly context?: Context | undefined;
  /** False where the orchestrator has a span of its own around the call. @default true */
  readonly span?: boolean | undefined;
}

/** A call that hands over jobs; it ends once, whatever is called afterwards. */
export interface RunningSubmission {
  /** The context to propagate to the jobs and to make the call in: its span is active there. */
  readonly context: Context;
  /** The call succeeded; `taken` are the jobs that became one. @default all of them. The id of a single job goes on the span. */
  end(taken?: readonly Submitted[], id?: string): void;
  /** The call failed, and no job was taken. */
  fail(error: unknown): void;
  /** Ends it without a record: its end cannot be seen. */
  discard(): void;
}

/** Starts a submission that the caller ends, with a span `send {queue}`. */
export function startSubmission({ system, jobs, span: hasSpan, ...rest }: SubmissionStart): RunningSubmission {
  const parent = rest.context ?? context.active();
  if (!isObserved()) return { context: parent, end() {}, fail() {}, discard() {} };
  const startTime = Date.now();
  const span = hasSpan === false ? undefined : startSpan(...describe(system, jobs, startTime), parent);
  let open = true;
  const finish = (taken: readonly Submitted[], errorType?: string): void => {
    if (!open) return;
    open = false;
    if (errorType !== undefined) {
      span?.setAttribute('error.type', errorType);
      span?.setStatus({ code: SpanStatusCode.ERROR });
    }
    span?.end();
    for (const { target, count } of grouped(taken)) {
      publish(Object.freeze({ kind: 'job_submission', system, ...target, startTime, count, errorType }));
    }
  };
  return {
    context: span === undefined ? parent : trace.setSpan(parent, span),
    end(taken = jobs, id) {
      if (id !== undefined) span?.setAttribute('gaugeway.job.id', id);
      finish(taken);
    },
    fail: (error) => finish(jobs, errorClass(error)),
    discard() {
      if (!open) return;
      open = false;
      span?.end();
      drop('unobservable');
    },
  };
}

function describe(system: string, jobs: readonly Submitted[], startTime: number): [string, object] {
  const [first] = jobs;
  const queue = jobs.every((job) => job.queue === first?.queue) ? first?.queue : undefined;
  const name = jobs.every((job) => job.name === first?.name) ? first?.name : undefined;
  const attributes = {
    'gaugeway.job.system.name': system,
    ...(queue === undefined ? {} : { 'gaugeway.job.queue.name': queue }),
    ...(name === undefined ? {} : { 'gaugeway.job.name': name }),
    ...(jobs.length === 1 ? {} : { 'gaugeway.job.count': jobs.length }),
  };
  return [`send ${queue ?? name ?? system}`, { kind: SpanKind.PRODUCER, attributes, startTime }];
}

/** One entry for all jobs of a kind, however many a call hands over. */
function grouped(jobs: readonly Submitted[]): Iterable<{ target: Submitted; count: number }> {
  if (jobs.length === 1) return jobs.map((target) => ({ target, count: 1 }));
  const groups = new Map<string, { target: Submitted; count: number }>();
  for (const { queue, name } of jobs) {
    const key = JSON.stringify([queue, name]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { target: { queue, name }, count: 1 });
    else group.count++;
  }
  return groups.values();
}
