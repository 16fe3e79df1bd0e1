import { type Attributes, type Context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type { JobTarget } from '../observations.ts';
import { drop, guarded, isObserved } from '../observe.ts';
import { bindSpan, type JobStart, jobIn, jobs, type RunningJob } from '../recorders/jobs.ts';
import { recordStep } from '../recorders/steps.ts';
import { type RunningSubmission, startSubmission } from '../recorders/submissions.ts';
import { createStamps } from '../stamp.ts';
import {
  type EndedSpan,
  errorTypeOf,
  type Framework,
  isFailed,
  type RunEnding,
  type SpanKindOfJobs,
  type StartedSpan,
} from './framework.ts';
import { frameworks } from './frameworks.ts';

/** What a span of any release of the SDK has. */
export interface SdkSpan {
  readonly name: string;
  readonly attributes: Attributes;
  readonly status: EndedSpan['status'];
  readonly events?: EndedSpan['events'];
  readonly startTime: HrTime;
  readonly duration: HrTime;
  readonly instrumentationScope?: { readonly name: string };
  /** The name of the scope in releases before 2. */
  readonly instrumentationLibrary?: { readonly name: string };
  spanContext(): SpanContext;
}

type HrTime = readonly [seconds: number, nanoseconds: number];
type RunKind = Extract<SpanKindOfJobs, { role: 'run' }>;
type StepKind = Extract<SpanKindOfJobs, { role: 'step' }>;

interface Run {
  readonly kind: RunKind;
  readonly details: JobStart;
  /** Undefined while it is not known whether it runs. */
  running: RunningJob | undefined;
}

/** Spans that never end must not be kept for ever. */
const MAX_KNOWN = 10_000;

/** Two processors of one application must not count a span twice. */
const taken = createStamps<true>();

/** Turns the spans of orchestrators that make their own (DBOS, Restate, Hatchet, Vercel's workflow) into jobs and steps. */
export class JobSpanProcessor {
  /** What to do when a span ends. */
  readonly #ends = createStamps<((span: SdkSpan) => void) | undefined>();
  /** Runs that begin with their first child. */
  readonly #early = createStamps<Run | undefined>();
  readonly #batches = createStamps<true>();
  /** Runs by their ids, for steps below a span that was not recorded. */
  readonly #byId = new Map<string, JobTarget>();

  onStart(span: SdkSpan, parentContext: Context): void {
    if (isObserved()) guarded('the processor of job spans', () => this.#start(span, parentContext));
  }

  onEnd(span: SdkSpan): void {
    const end = this.#ends.get(span);
    if (end === undefined) return;
    this.#ends.set(span, undefined);
    guarded('the processor of job spans', () => end(span));
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  #start(span: SdkSpan, parentContext: Context): void {
    const parent = trace.getSpanContext(parentContext);
    const early = parent === undefined ? undefined : this.#early.get(parent);
    if (early !== undefined && parent !== undefined) {
      this.#early.set(parent, undefined);
      early.running = jobs.start(early.details);
    }
    const found = find(span);
    if (found === undefined || taken.get(span) === true) return;
    taken.set(span, true);
    const { framework, kind } = found;
    if (kind.role === 'run') this.#run(framework, kind, span);
    else if (kind.role === 'step') this.#step(framework, kind, span, parentContext);
    else if (parent === undefined || this.#batches.get(parent) !== true) {
      this.#batches.set(span.spanContext(), true);
      const submitted = kind.jobs(span);
      if (submitted.length === 0) return;
      const submission = startSubmission({ system: framework.system, jobs: submitted, span: false });
      this.#ends.set(span, (ended) => endSubmission(submission, endedOf(ended)));
    }
  }

  #run({ system }: Framework, kind: RunKind, span: SdkSpan): void {
    const name = kind.name(span);
    if (name === undefined) return drop('unknown_event');
    const run: Run = {
      kind,
      details: {
        system,
        name,
        id: kind.id?.(span),
        attempt: kind.attempt?.(span),
        startTime: milliseconds(span.startTime),
        context: ROOT_CONTEXT,
        span: false,
      },
      running: undefined,
    };
    const spanContext = span.spanContext();
    const target: JobTarget = { system, name };
    bindSpan(spanContext, target);
    const { id } = run.details;
    if (id !== undefined) this.#remember(id, target);
    if (kind.opensEarly === true) this.#early.set(spanContext, run);
    else run.running = jobs.start(run.details);
    this.#ends.set(span, (ended) => {
      if (kind.opensEarly === true) this.#early.set(spanContext, undefined);
      if (id !== undefined && this.#byId.get(id) === target) this.#byId.delete(id);
      endRun(run, ended);
    });
  }

  #remember(id: string, target: JobTarget): void {
    this.#byId.set(id, target);
    if (this.#byId.size <= MAX_KNOWN) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      return;
    }
  }

  #step({ system }: Framework, kind: StepKind, span: SdkSpan, parentContext: Context): void {
    const around = jobIn(parentContext) ?? this.#byId.get(kind.run?.(span) ?? '');
    if (around !== undefined) bindSpan(span.spanContext(), around);
    this.#ends.set(span, (ended) => {
      const told = endedOf(ended);
      const end = kind.end(told);
      const name = kind.name(told);
      if (end === undefined || name === undefined) return;
      const elsewhere = kind.job?.(told);
      recordStep({
        job: elsewhere === undefined ? around : { system, name: elsewhere },
        name,
        type: kind.type,
        startTime: milliseconds(ended.startTime),
        durationMs: milliseconds(ended.duration),
        errorType: end.errorType,
      });
    });
  }
}

function endRun(run: Run, span: SdkSpan): void {
  let ending: RunEnding = 'unknown';
  guarded('the processor of job spans', () => {
    ending = run.kind.end(endedOf(span));
  });
  settle(run, span, ending);
}

function settle(run: Run, span: SdkSpan, ending: RunEnding): void {
  if (ending === 'nothing') return run.running?.discard();
  if (ending === 'unknown') return run.running === undefined ? drop('unobservable') : run.running.discard();
  const running = run.running ?? jobs.start(run.details);
  const end = { durationMs: milliseconds(span.duration), ...ending };
  if (ending.errorType === undefined) running.end(end);
  else running.fail({ code: ending.errorType, name: ending.errorType }, end);
}

function endSubmission(submission: RunningSubmission, span: EndedSpan): void {
  if (isFailed(span)) submission.fail({ code: errorTypeOf(span) });
  else submission.end();
}

function endedOf(span: SdkSpan): EndedSpan {
  const { name, attributes, status, events = [], startTime, duration } = span;
  return { name, attributes, status, events, endTime: milliseconds(startTime) + milliseconds(duration) };
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

function find(span: SdkSpan): { framework: Framework; kind: SpanKindOfJobs } | undefined {
  const scope = (span.instrumentationScope ?? span.instrumentationLibrary)?.name;
  for (const framework of scope === undefined ? [] : (byScope.get(scope) ?? anyScope)) {
    if (!framework.mayBe(span)) continue;
    for (const kind of framework.spans) if (kind.matches(span)) return { framework, kind };
  }
  return undefined;
}

const anyScope = frameworks.filter(({ scope }) => scope === undefined);
const byScope = new Map<string, readonly Framework[]>(
  frameworks.flatMap((framework) => (framework.scope === undefined ? [] : [[framework.scope, [framework]] as const])),
);
byScope.set('gaugeway', []);

/** True for a span that the processor may turn into something; a sampler does not know whose span it is. */
export function mayTellOfJobs(span: StartedSpan): boolean {
  for (const { mayBe, spans } of frameworks) {
    if (!mayBe(span)) continue;
    for (const kind of spans) if (kind.matches(span)) return true;
  }
  return false;
}
