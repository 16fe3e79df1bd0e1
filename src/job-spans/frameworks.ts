import { elapsed } from '../recorders/clocks.ts';
import {
  type EndedSpan,
  errorTypeOf,
  type Framework,
  failed,
  isFailed,
  isOk,
  number,
  type RunEnding,
  type SpanKindOfJobs,
  type StartedSpan,
  text,
} from './framework.ts';

/** Its attributes have two sets of names, `otelAttributeFormat` decides. */
const ofDbos = {
  type: (span: StartedSpan) => text(span, 'operationType', 'dbos.operation.type'),
  name: (span: StartedSpan) => text(span, 'operationName', 'dbos.operation.name') ?? span.name,
  id: (span: StartedSpan) => text(span, 'operationUUID', 'dbos.operation.workflow_id'),
  isOneOf: (type: string) => (span: StartedSpan) => ofDbos.type(span) === type && ofDbos.id(span) !== undefined,
};

function endOfDbosWorkflow(span: EndedSpan): RunEnding {
  // The outcome was recorded by another execution, and waited for here; only a cancellation is this run's own.
  if (span.attributes.cached === true) {
    return isCancelled(span) ? { result: 'cancellation' } : 'unknown';
  }
  if (isFailed(span)) return failed(span);
  return isOk(span) ? { result: 'success' } : 'nothing';
}

/** The error itself is not on the span. */
function isCancelled(span: EndedSpan): boolean {
  return isFailed(span) && /^Workflow .+ has been cancelled$/.test(span.status.message ?? '');
}

/** A result that was stored before is no step that was taken. */
function endOfDbosStep(span: EndedSpan) {
  if (span.attributes.cached === true) return undefined;
  return isCancelled(span) ? { errorType: 'cancelled' } : endOfStep(span);
}

function endOfStep(span: EndedSpan) {
  return isFailed(span) ? { errorType: errorTypeOf(span) } : isOk(span) ? {} : undefined;
}

const dbos: Framework = {
  system: 'dbos',
  scope: 'dbos-tracer',
  mayBe: ({ attributes }) => 'operationType' in attributes || 'dbos.operation.type' in attributes,
  spans: [
    {
      role: 'run',
      matches: ofDbos.isOneOf('workflow'),
      name: ofDbos.name,
      id: ofDbos.id,
      // The same span is opened, and never ended, for a workflow that is only put into a queue.
      opensEarly: true,
      end: endOfDbosWorkflow,
    },
    ...['step', 'transaction'].map(
      (type): SpanKindOfJobs => ({
        role: 'step',
        matches: ofDbos.isOneOf(type),
        name: ofDbos.name,
        type,
        run: ofDbos.id,
        end: endOfDbosStep,
      }),
    ),
  ],
};

/** `service/handler`, without the key of a virtual object or workflow that stands between them. */
function restateTarget(span: StartedSpan): string | undefined {
  const [service, ...rest] = text(span, 'restate.invocation.target')?.split('/') ?? [];
  const handler = rest.at(-1);
  return handler === undefined ? service : `${service}/${handler}`;
}

const restate: Framework = {
  system: 'restate',
  mayBe: ({ attributes }) => 'restate.invocation.target' in attributes || 'restate.run.name' in attributes,
  spans: [
    {
      role: 'run',
      matches: (span) => text(span, 'restate.invocation.target') !== undefined,
      name: restateTarget,
      id: (span) => text(span, 'restate.invocation.id'),
      // Whether it tries again is decided by its server; an attempt without a status waits for something.
      end: (span) =>
        isFailed(span)
          ? failed(span, 'unknown')
          : isOk(span)
            ? { result: 'success' }
            : { result: 'skip', final: false },
    },
    {
      role: 'step',
      matches: (span) => text(span, 'restate.run.name') !== undefined,
      name: (span) => text(span, 'restate.run.name'),
      type: 'step',
      end: endOfStep,
    },
  ],
};

const hatchet: Framework = {
  system: 'hatchet',
  scope: '@hatchet-dev/typescript-sdk',
  mayBe: isOfHatchet,
  spans: [
    {
      role: 'run',
      matches: (span) => isOfHatchet(span) && /^hatchet\.start_step_run(?:\.|$)/.test(span.name),
      name: (span) => text(span, 'action_name', 'step_name', 'workflow_name'),
      id: (span) => text(span, 'step_run_id'),
      attempt: (span) => {
        const retries = number(span, 'retry_count');
        return retries === undefined ? undefined : retries + 1;
      },
      // Its engine knows how often a task may be tried.
      end: (span) => (isFailed(span) ? failed(span, 'unknown') : isOk(span) ? { result: 'success' } : 'unknown'),
    },
    {
      role: 'submission',
      matches: (span) => isOfHatchet(span) && /^hatchet\.(?:run_workflows?|schedule_workflow)$/.test(span.name),
      jobs: (span) => namesOf(text(span, 'hatchet.workflow_name')).map((name) => ({ name })),
    },
  ],
};

function isOfHatchet(span: StartedSpan): boolean {
  return span.attributes.instrumentor === 'hatchet';
}

/** Those of a bulk run are a list. */
function namesOf(name: string | undefined): string[] {
  if (name === undefined || !name.startsWith('[')) return name === undefined ? [] : [name];
  const names: unknown = JSON.parse(name);
  return Array.isArray(names) ? names.filter((one) => typeof one === 'string') : [];
}

/** Everything but the name is set after the start. */
const ofWorkflow = (prefix: string) => ({
  matches: ({ name }: StartedSpan) => name.startsWith(prefix),
  name: ({ name }: StartedSpan) => name.slice(prefix.length),
});

function endOfWorkflow(span: EndedSpan): RunEnding {
  const status = text(span, 'workflow.run.status');
  const startedAt = number(span, 'workflow.started_at');
  // A message that came for a run which was over tells its status too, and nothing else.
  const isCompleted = status === 'completed' && isOk(span) && number(span, 'workflow.events.count') !== undefined;
  const isFailure = status === 'failed' && text(span, 'workflow.error.name') !== undefined;
  if (!isCompleted && !isFailure) return { result: 'skip', final: false };
  const durationMs = startedAt === undefined || startedAt <= 0 ? undefined : elapsed(span.endTime - startedAt);
  if (durationMs === undefined) return 'unknown';
  return isCompleted
    ? { result: 'success', durationMs }
    : { result: 'failure', errorType: errorTypeOf(span), durationMs };
}

const workflow: Framework = {
  system: 'vercel_workflow',
  scope: 'workflow',
  mayBe: ({ name }) => /^(?:WORKFLOW|STEP|workflow\.start) /.test(name),
  spans: [
    {
      role: 'run',
      ...ofWorkflow('WORKFLOW '),
      end: endOfWorkflow,
    },
    {
      role: 'step',
      ...ofWorkflow('STEP '),
      type: 'step',
      job: (span) => text(span, 'workflow.name'),
      end(span) {
        if (text(span, 'step.error.name') !== undefined) return { errorType: errorTypeOf(span) };
        return text(span, 'step.status') === 'completed' ? {} : undefined;
      },
    },
    {
      role: 'submission',
      matches: ({ name }) => name.startsWith('workflow.start '),
      jobs: ({ name }) => [{ name: name.slice('workflow.start '.length) }],
    },
  ],
};

/** Orchestrators with spans of their own, and what these say. */
export const frameworks: readonly Framework[] = [dbos, restate, hatchet, workflow];
