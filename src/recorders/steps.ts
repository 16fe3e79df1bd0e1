import { type Context, context } from '@opentelemetry/api';
import { withSpan } from '../nested-context.ts';
import type { JobStep, JobTarget } from '../observations.ts';
import { drop, isObserved, publish } from '../observe.ts';
import { errorClass } from './failures.ts';
import { isName } from './given.ts';
import { endSpan, startSpan } from './tracer.ts';

/** What is known when a step starts. */
export interface StepStart {
  readonly name: string;
  /** `agent`, `tool`, `model`, `node` or a word of the application's own. @default 'agent' */
  readonly type?: string | undefined;
  /** `gen_ai.agent.name` of the agent that takes the step. */
  readonly agent?: string | undefined;
}

/** A step that runs; it ends once, whatever is called afterwards. */
export interface RunningStep {
  /** The context in which the step should run: its span is active there. */
  readonly context: Context;
  end(): void;
  fail(error: unknown): void;
  /** Ends it without a record: its end cannot be seen. */
  discard(): void;
}

export function startStep(step: StepStart | string, parent: Context, job: JobTarget | undefined): RunningStep {
  if (!isObserved()) return NOTHING;
  const { name, type = 'agent', agent }: StepStart = typeof step === 'string' ? { name: step } : { ...step };
  if (!isName(name, 'the name of a step')) return NOTHING;
  const startedAt = performance.now();
  const startTime = Date.now();
  const span = startSpan(
    `${type} ${name}`,
    {
      startTime,
      attributes: {
        'gaugeway.job.step.name': name,
        'gaugeway.job.step.type': type,
        ...(agent === undefined ? {} : { 'gen_ai.agent.name': agent }),
      },
    },
    parent,
  );
  let open = true;
  const finish = (errorType: string | undefined): void => {
    if (!open) return;
    open = false;
    const durationMs = performance.now() - startedAt;
    endSpan(span, startTime + durationMs, errorType);
    publish(Object.freeze<JobStep>({ kind: 'job_step', job, name, type, agent, startTime, durationMs, errorType }));
  };
  return {
    context: withSpan(parent, span),
    end: () => finish(undefined),
    fail: (error) => finish(errorClass(error)),
    discard() {
      if (!open) return;
      open = false;
      endSpan(span);
      drop('unobservable');
    },
  };
}

const NOTHING: RunningStep = {
  get context() {
    return context.active();
  },
  end() {},
  fail() {},
  discard() {},
};

/** Records a step that somebody else has timed. */
export function recordStep(step: Omit<JobStep, 'kind'>): void {
  if (isObserved() && isName(step.name, 'the name of a step')) publish(Object.freeze({ kind: 'job_step', ...step }));
}
