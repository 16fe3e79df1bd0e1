import {
  type Context,
  context,
  createContextKey,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { later } from '../backlog.ts';
import { withValue } from '../nested-context.ts';
import type { JobResult, JobRun, JobTarget, Running } from '../observations.ts';
import { drop, isObserved, publish, publishEnd, publishStart } from '../observe.ts';
import { createStamps } from '../stamp.ts';
import { currentContext } from './ambient.ts';
import { elapsed } from './clocks.ts';
import { classify, errorClass } from './failures.ts';
import { isName } from './given.ts';
import { endRunSpan, startRunSpan } from './run-span.ts';
import { settle } from './settle.ts';
import { type RunningStep, type StepStart, startStep } from './steps.ts';
import { endSpan, inSpan, isTraced } from './tracer.ts';

/** What is known when a run of a job starts; times are Unix milliseconds of one clock. */
export interface JobStart {
  readonly name: string;
  /** Names the orchestrator. @default 'custom' */
  readonly system?: string | undefined;
  readonly queue?: string | undefined;
  /** On the span only. */
  readonly id?: string | undefined;
  /** 1 for the first run of a job. @default 1 */
  readonly attempt?: number | undefined;
  /** When the job was created: with it the run that decides the job also gives the job's whole duration. */
  readonly createdAt?: number | undefined;
  /** When the run began, where that was some time ago. @default now */
  readonly startTime?: number | undefined;
  /** How long the job was ready to run before it ran; intended delays and backoff are not waiting. */
  readonly waitMs?: number | undefined;
  /** The parent context. @default the active one */
  readonly context?: Context | undefined;
  /** Spans that this run belongs to without being their child. */
  readonly links?: Link[] | undefined;
  /** False where the orchestrator has a span of its own around the run. @default true */
  readonly span?: boolean | undefined;
}

/** How a run ended, where it was not a plain success or failure. */
export interface JobEnd {
  readonly result?: JobResult | undefined;
  /** False when the job will be tried again, `'unknown'` where the run lost its job. @default true */
  readonly final?: boolean | 'unknown' | undefined;
  /** How long the run took, where it ended before it was known how. @default until now */
  readonly durationMs?: number | undefined;
}

/** A run of a job; it ends once, whatever is called afterwards. */
export interface RunningJob {
  /** The context in which the job should run: its span is active there. */
  readonly context: Context;
  /** Runs `work` as a step of this job. */
  step<T>(step: StepStart | string, work: (step: RunningStep) => T): T;
  /** Starts a step that the caller ends. */
  startStep(step: StepStart | string): RunningStep;
  end(end?: JobEnd): void;
  fail(error: unknown, end?: JobEnd): void;
  /** Gives the run up without a record: its end cannot be seen. */
  discard(): void;
}

const JOB = createContextKey('gaugeway.job');

/** The job that runs in a context. */
export function jobIn(context: Context): JobTarget | undefined {
  const span = trace.getSpanContext(context);
  const job = span === undefined ? undefined : jobsOfSpans.get(span);
  return job ?? (context.getValue(JOB) as JobTarget | undefined);
}

/** Jobs whose orchestrator makes the spans: no context can be given to what runs in one of them. */
const jobsOfSpans = createStamps<JobTarget>();

/** What runs in this span of somebody else's is part of the job. */
export function bindSpan(span: SpanContext, job: JobTarget): void {
  jobsOfSpans.set(span, job);
}

/** Records jobs and their steps; nothing is recorded until `gaugeway/register` or `setup()` ran. */
export const jobs = {
  /** Starts a run that the caller ends. */
  start(details: JobStart): RunningJob {
    return isObserved() && isName(details?.name, 'the name of a job')
      ? new Run(details, details.context ?? currentContext())
      : NOTHING;
  },

  /** Runs `work` as one run of a job: its result, error and timing are the application's own. */
  run<T>(details: JobStart | string, work: (job: RunningJob) => T): T {
    const job = jobs.start(typeof details === 'string' ? { name: details } : details);
    if (job === NOTHING) return work(job);
    return context.with(job.context, () =>
      settle(() => work(job), {
        done: () => job.end(),
        failed: (error) => job.fail(error),
        unobservable: () => job.discard(),
      }),
    );
  },

  /** Runs `work` as a step of the job in the active context, or as a step on its own. */
  step<T>(step: StepStart | string, work: (step: RunningStep) => T): T {
    return runStep(step, currentContext(), work);
  },
};

function runStep<T>(step: StepStart | string, parent: Context, work: (step: RunningStep) => T): T {
  const running = startStep(step, parent, jobIn(parent));
  return context.with(running.context, () =>
    settle(() => work(running), {
      done: () => running.end(),
      failed: (error) => running.fail(error),
      unobservable: () => running.discard(),
    }),
  );
}

/** A job that nobody sent and nobody traces. */
interface Kept {
  readonly target: JobTarget;
  readonly context: Context;
}

/** More names than this are one each time, of jobs that are named by themselves. */
const MAX_KEPT = 1000;
const kept = new Map<string, Kept>();

/** What all runs of such a job share: making it costs more than to look. */
function keptOf(system: string, queue: string | undefined, name: string): Kept {
  const known = kept.get(name);
  if (known?.target.queue === queue && known?.target.system === system) return known;
  const target = { system, queue, name };
  const made = { target, context: withValue(ROOT_CONTEXT, JOB, target) };
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(name, made);
  return made;
}

/** How a run ended, as it was when it did. */
interface Ending {
  /** Undefined where that cannot be seen. */
  readonly result: JobResult | undefined;
  readonly errorType?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly final?: boolean | 'unknown' | undefined;
}

class Run implements RunningJob {
  readonly context: Context;
  readonly #target: JobTarget;
  // Whoever gave the details may go on to change them.
  readonly #id: string | undefined;
  readonly #attempt: number | undefined;
  readonly #createdAt: number | undefined;
  readonly #waitMs: number | undefined;
  readonly #startedAt: number;
  readonly #startTime: number;
  readonly #span: Span | undefined;
  #running: Running | undefined;
  #open = true;

  constructor(details: JobStart, parent: Context) {
    const { name, system = 'custom', queue, id, attempt, links = [] } = details;
    this.#id = id;
    this.#attempt = attempt;
    this.#createdAt = details.createdAt;
    this.#waitMs = details.waitMs;
    const [now, at] = [Date.now(), performance.now()];
    this.#startTime = details.startTime ?? now;
    this.#startedAt = at - (now - this.#startTime);
    const isSpanned = details.span !== false && isTraced();
    if (parent === ROOT_CONTEXT && !isSpanned) {
      const known = keptOf(system, queue, name);
      this.#target = known.target;
      this.context = known.context;
    } else {
      this.#target = { system, queue, name };
      const options = { startTime: this.#startTime, links };
      if (isSpanned) this.#span = startRunSpan(this.#target, id, attempt, options, parent);
      this.context = withValue(inSpan(parent, this.#span), JOB, this.#target);
    }
    later(Run.#began, this, undefined, at);
  }

  static readonly #began = (run: Run): unknown => run.#begin();
  static readonly #ended = (run: Run, ending: Ending, at: number): void => run.#finish(ending, at);

  /** Before anything else is told of it, also where it ends within a task that came before this one. */
  #begin(): Running {
    if (this.#running !== undefined) return this.#running;
    const { system, queue, name } = this.#target;
    // Not spread: a copy of properties after others is the slowest part of a run.
    this.#running = Object.freeze({ kind: 'job_run', system, queue, name, id: this.#id, startTime: this.#startTime });
    publishStart(this.#running);
    return this.#running;
  }

  step<T>(step: StepStart | string, work: (step: RunningStep) => T): T {
    return runStep(step, this.context, work);
  }

  startStep(step: StepStart | string): RunningStep {
    return startStep(step, this.context, this.#target);
  }

  end(end?: JobEnd): void {
    this.#close({ result: end?.result ?? 'success', durationMs: end?.durationMs, final: end?.final });
  }

  fail(error: unknown, end?: JobEnd): void {
    const { outcome } = classify(error);
    const result = outcome === 'timeout' ? 'timeout' : outcome === 'aborted' ? 'cancellation' : 'failure';
    const { durationMs, final } = end ?? {};
    this.#close({ result: end?.result ?? result, errorType: errorClass(error), durationMs, final });
  }

  discard(): void {
    this.#close({ result: undefined });
  }

  #close(ending: Ending): void {
    if (!this.#open) return;
    this.#open = false;
    later(Run.#ended, this, ending, performance.now());
  }

  #finish(ending: Ending, at: number): void {
    publishEnd(this.#begin());
    const { result, errorType, durationMs = at - this.#startedAt } = ending;
    if (result === undefined) {
      endSpan(this.#span, this.#startTime + durationMs);
      return drop('unobservable');
    }
    const final = ending.final === 'unknown' ? undefined : (ending.final ?? true);
    const createdAt = this.#createdAt;
    const { system, queue, name } = this.#target;
    const run: JobRun = Object.freeze({
      kind: 'job_run',
      system,
      queue,
      name,
      id: this.#id,
      startTime: this.#startTime,
      durationMs,
      result,
      errorType,
      attempt: this.#attempt ?? 1,
      waitMs: elapsed(this.#waitMs),
      totalMs: final && createdAt !== undefined ? added(durationMs, elapsed(this.#startTime - createdAt)) : undefined,
      final,
    });
    endRunSpan(this.#span, this.#startTime + durationMs, result, errorType);
    publish(run);
  }
}

function added(durationMs: number, before: number | undefined): number | undefined {
  return before === undefined ? undefined : before + durationMs;
}

const NOTHING: RunningJob = {
  get context() {
    return currentContext();
  },
  step: (step, work) => runStep(step, currentContext(), work),
  startStep: (step) => startStep(step, currentContext(), undefined),
  end() {},
  fail() {},
  discard() {},
};
