import { type Context, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { JobTarget } from '../observations.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { currentContext } from './ambient.ts';
import { errorClass } from './failures.ts';
import { endSpan, inSpan, startSpan } from './tracer.ts';

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
  const parent = rest.context ?? currentContext();
  if (!isObserved()) return { context: parent, end() {}, fail() {}, discard() {} };
  const startTime = Date.now();
  const span = hasSpan === false ? undefined : startSpan(...describe(system, jobs, startTime), parent);
  let open = true;
  const finish = (taken: readonly Submitted[], errorType?: string, id?: string): void => {
    if (!open) return;
    open = false;
    endSpan(span, undefined, (ending) => {
      if (id !== undefined) ending.setAttribute('gaugeway.job.id', id);
      if (errorType === undefined) return;
      ending.setAttribute('error.type', errorType);
      ending.setStatus({ code: SpanStatusCode.ERROR });
    });
    for (const { target, count } of grouped(taken)) {
      const { queue, name } = target;
      publish(Object.freeze({ kind: 'job_submission', system, queue, name, startTime, count, errorType }));
    }
  };
  return {
    context: inSpan(parent, span),
    end: (taken = jobs, id) => finish(taken, undefined, id),
    fail: (error) => finish(jobs, errorClass(error)),
    discard() {
      if (!open) return;
      open = false;
      endSpan(span);
      drop('unobservable');
    },
  };
}

function describe(system: string, jobs: readonly Submitted[], startTime: number): [string, object] {
  const [first] = jobs;
  const isOne = jobs.length === 1;
  const queue = isOne || jobs.every((job) => job.queue === first?.queue) ? first?.queue : undefined;
  const name = isOne || jobs.every((job) => job.name === first?.name) ? first?.name : undefined;
  const attributes = {
    'gaugeway.job.system.name': system,
    ...(queue === undefined ? {} : { 'gaugeway.job.queue.name': queue }),
    ...(name === undefined ? {} : { 'gaugeway.job.name': name }),
    ...(isOne ? {} : { 'gaugeway.job.count': jobs.length }),
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
