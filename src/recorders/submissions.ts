import { type Context, context, type Span, SpanKind } from '@opentelemetry/api';
import { later } from '../backlog.ts';
import type { JobTarget } from '../observations.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { currentContext } from './ambient.ts';
import { errorClass } from './failures.ts';
import { endSpan, inSpan, isTraced, startSpan } from './tracer.ts';

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
  /** The context to propagate to the jobs: its span is active there. */
  readonly context: Context;
  /** Makes the call in that context. */
  run<T>(call: () => T): T;
  /** The call succeeded; `taken` are the jobs that became one. @default all of them. The id of a single job goes on the span. */
  end(taken?: readonly Submitted[], id?: string): void;
  /** The call failed, and no job was taken. */
  fail(error: unknown): void;
  /** Ends it without a record: its end cannot be seen. */
  discard(): void;
}

/** Starts a submission that the caller ends, with a span `send {queue}`. */
export function startSubmission(start: SubmissionStart): RunningSubmission {
  return new Submission(start, start.context ?? currentContext(), isObserved());
}

/** How a submission ended, as it was when it did. */
interface Ending {
  readonly taken: readonly Submitted[];
  readonly errorType: string | undefined;
  readonly id: string | undefined;
}

class Submission implements RunningSubmission {
  readonly context: Context;
  readonly #system: string;
  readonly #jobs: readonly Submitted[];
  readonly #span: Span | undefined;
  readonly #startTime = Date.now();
  readonly #startedAt = performance.now();
  /** True where the call is made in this context anyway: entering one costs as much as all else here. */
  readonly #isCurrent: boolean;
  #open: boolean;

  constructor({ system, jobs, span, context: given }: SubmissionStart, parent: Context, isObserved: boolean) {
    this.#system = system;
    this.#jobs = jobs;
    this.#open = isObserved;
    if (isObserved && span !== false && isTraced())
      this.#span = startSpan(...describe(system, jobs, this.#startTime), parent);
    this.context = inSpan(parent, this.#span);
    this.#isCurrent = given === undefined && this.context === parent;
  }

  run<T>(call: () => T): T {
    return this.#isCurrent ? call() : context.with(this.context, call);
  }

  end(taken: readonly Submitted[] = this.#jobs, id?: string): void {
    this.#finish(taken, undefined, id);
  }

  fail(error: unknown): void {
    this.#finish(this.#jobs, errorClass(error));
  }

  discard(): void {
    if (!this.#open) return;
    this.#open = false;
    endSpan(this.#span);
    drop('unobservable');
  }

  #finish(taken: readonly Submitted[], errorType: string | undefined, id?: string): void {
    if (!this.#open) return;
    this.#open = false;
    later(Submission.#ended, this, { taken, errorType, id }, performance.now());
  }

  static readonly #ended = (submission: Submission, ending: Ending, at: number): void => submission.#tell(ending, at);

  #tell({ taken, errorType, id }: Ending, at: number): void {
    if (this.#span !== undefined) {
      endSpan(this.#span, this.#startTime + (at - this.#startedAt), errorType, (ending) => {
        if (id !== undefined) ending.setAttribute('gaugeway.job.id', id);
      });
    }
    const only = taken[0];
    if (taken.length === 1 && only !== undefined) return this.#publish(only, 1, errorType);
    for (const { target, count } of grouped(taken)) this.#publish(target, count, errorType);
  }

  #publish({ queue, name }: Submitted, count: number, errorType: string | undefined): void {
    const system = this.#system;
    const startTime = this.#startTime;
    publish(Object.freeze({ kind: 'job_submission', system, queue, name, startTime, count, errorType }));
  }
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
  const groups = new Map<string, { target: Submitted; count: number }>();
  for (const { queue, name } of jobs) {
    const key = JSON.stringify([queue, name]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { target: { queue, name }, count: 1 });
    else group.count++;
  }
  return groups.values();
}
