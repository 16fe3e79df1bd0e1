import { context, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobRun, type JobStep, type JobSubmission, jobs, modelCalls } from '../../src/index.ts';
import { JobSpanProcessor } from '../../src/job-spans/processor.ts';
import { end, type Spans, startSpans } from './spans.ts';

let spans: Spans;
beforeEach(() => {
  spans = startSpans();
});
afterEach(() => spans.stop());
const runs = (): JobRun[] => spans.observations.filter((o) => o.kind === 'job_run');
const steps = (): JobStep[] => spans.observations.filter((o) => o.kind === 'job_step');
const submissions = (): JobSubmission[] => spans.observations.filter((o) => o.kind === 'job_submission');

class PaymentRefused extends Error {
  override readonly name = 'PaymentRefused';
}

describe('spans of DBOS', () => {
  const of = (operationType: string, operationName: string) => ({
    attributes: { operationType, operationName, operationUUID: 'wf-1', status: 'PENDING' },
  });
  const workflow = () => spans.start('dbos-tracer', 'order', of('workflow', 'order'));

  it('are runs and steps, though the sampler wants no span', () => {
    const run = workflow();
    expect(run.isRecording()).toBe(true);
    expect(spans.running.size).toBe(0);
    const step = spans.start('dbos-tracer', 'charge', of('step', 'charge'), run);
    expect([...spans.running]).toMatchObject([{ kind: 'job_run', system: 'dbos', name: 'order', id: 'wf-1' }]);
    end(step, 'error');
    end(spans.start('dbos-tracer', 'save', of('transaction', 'save'), run), 'ok');
    end(run, 'ok');
    const job = { system: 'dbos', name: 'order' };
    expect(runs()).toMatchObject([{ ...job, id: 'wf-1', result: 'success', final: true }]);
    expect(steps()).toMatchObject([
      { job, name: 'charge', type: 'step', errorType: '_OTHER' },
      { job, name: 'save', type: 'transaction', errorType: undefined },
    ]);
    expect(spans.running.size).toBe(0);
    expect(spans.exporter.getFinishedSpans()).toEqual([]);
  });

  it('are read by their other set of names', () => {
    const attributes = {
      'dbos.operation.type': 'workflow',
      'dbos.operation.name': 'order',
      'dbos.operation.workflow_id': 'wf-2',
    };
    end(spans.start('dbos-tracer', 'order', { attributes }), 'error');
    expect(runs()).toMatchObject([{ name: 'order', id: 'wf-2', result: 'failure', errorType: '_OTHER', final: true }]);
  });

  it('are no runs where a workflow is only put into a queue, or was over already', () => {
    workflow();
    end(workflow(), 'unset');
    expect(runs()).toEqual([]);
    expect(spans.running.size).toBe(0);
    expect(spans.dropped).toEqual([]);
  });

  it('are cancelled runs where DBOS says so, and unknown where another execution had the outcome', () => {
    end(workflow(), 'error', { cached: true }, new Error('Workflow wf-1 has been cancelled'));
    end(workflow(), 'ok', { cached: true });
    const seen = workflow();
    end(spans.start('dbos-tracer', 'charge', of('step', 'charge'), seen), 'ok', { cached: true });
    const cancelled = spans.start('dbos-tracer', 'charge', of('step', 'charge'), seen);
    end(cancelled, 'error', {}, new Error('Workflow wf-1 has been cancelled'));
    end(seen, 'error', { cached: true }, new Error('something that it was told'));
    expect(runs()).toMatchObject([{ result: 'cancellation', errorType: undefined }]);
    expect(steps()).toMatchObject([{ name: 'charge', errorType: 'cancelled' }]);
    expect(spans.running.size).toBe(0);
    expect(spans.dropped).toEqual(['unobservable', 'unobservable']);
  });

  it('give their job to what runs inside of them, also below a span that was not sampled', async () => {
    const run = workflow();
    await context.with(trace.setSpan(context.active(), run), async () => {
      await jobs.step('think', () => modelCalls.run({ provider: 'openai', model: 'm' }, async () => undefined));
      const between = spans.start('application', 'between');
      expect(between.isRecording()).toBe(false);
      end(spans.start('dbos-tracer', 'charge', of('step', 'charge'), between), 'ok');
    });
    end(run, 'ok');
    expect(steps()).toMatchObject([
      { name: 'think', job: { system: 'dbos', name: 'order' } },
      { name: 'charge', job: { system: 'dbos', name: 'order' } },
    ]);
    expect(spans.observations.filter(({ kind }) => kind === 'model_call')).toHaveLength(1);
    expect(runs()).toHaveLength(1);
  });
});

describe('spans of Restate', () => {
  const attempt = (target: string) =>
    spans.start('whatever-the-application-says', `attempt ${target}`, {
      attributes: { 'restate.invocation.id': 'inv_1', 'restate.invocation.target': target },
    });

  it('are runs by service and handler, never by key, and steps', () => {
    const run = attempt('Cart/customer-4711/checkout');
    expect([...spans.running]).toMatchObject([{ name: 'Cart/checkout' }]);
    const attributes = { 'restate.run.name': 'charge' };
    end(spans.start('another', 'run (charge)', { attributes }, run), 'error', {}, new PaymentRefused('4711'));
    end(run, 'ok');
    end(attempt('Greeter/greet'), 'ok');
    expect(runs()).toMatchObject([
      { system: 'restate', name: 'Cart/checkout', id: 'inv_1', result: 'success', final: true },
      { name: 'Greeter/greet' },
    ]);
    expect(steps()).toMatchObject([{ job: { name: 'Cart/checkout' }, name: 'charge', errorType: 'PaymentRefused' }]);
  });

  it('are put back where an attempt is suspended, and do not decide the job where it fails', () => {
    end(attempt('Greeter/greet'), 'unset');
    end(attempt('Greeter/greet'), 'error', {}, new PaymentRefused('private'));
    expect(runs()).toMatchObject([
      { result: 'skip', final: false, errorType: undefined },
      { result: 'failure', final: undefined, errorType: 'PaymentRefused' },
    ]);
  });
});

describe('spans of Hatchet', () => {
  const scope = '@hatchet-dev/typescript-sdk';
  const task = (name = 'hatchet.start_step_run', more = {}) =>
    spans.start(scope, name, {
      kind: SpanKind.CONSUMER,
      attributes: {
        instrumentor: 'hatchet',
        workflow_name: 'order',
        step_name: 'charge',
        action_name: 'order:charge',
        step_run_id: 'run-1',
        retry_count: 2,
        ...more,
      },
    });

  it('are runs of tasks with their attempt', () => {
    end(task(), 'ok');
    end(task('hatchet.start_step_run.order:charge'), 'error', {}, new PaymentRefused('private'));
    end(task(), 'error', {}, new DOMException('x', 'AbortError'));
    end(spans.start(scope, 'hatchet.durable.wait_for', { attributes: { instrumentor: 'hatchet' } }), 'ok');
    expect(runs()).toMatchObject([
      { system: 'hatchet', name: 'order:charge', id: 'run-1', attempt: 3, result: 'success' },
      { result: 'failure', errorType: 'PaymentRefused', final: undefined },
      { result: 'cancellation' },
    ]);
  });

  it('are submissions, each job of a bulk once', () => {
    const submit = (name: string, workflow: string, parent?: ReturnType<typeof task>) =>
      spans.start(scope, name, { attributes: { instrumentor: 'hatchet', 'hatchet.workflow_name': workflow } }, parent);
    end(submit('hatchet.run_workflow', 'order'), 'error', {}, new PaymentRefused('private'));
    const bulk = submit('hatchet.run_workflows', JSON.stringify(['order', 'order', 'refund']));
    end(submit('hatchet.run_workflow', 'order', bulk), 'ok');
    end(bulk, 'unset');
    end(submit('hatchet.run_workflows', '["cut off'), 'ok');
    expect(submissions()).toMatchObject([
      { name: 'order', count: 1, errorType: 'PaymentRefused' },
      { name: 'order', count: 2, errorType: undefined },
      { name: 'refund', count: 1 },
    ]);
    expect(spans.dropped).toEqual(['hook_failed']);
  });
});

describe("spans of Vercel's workflow", () => {
  const slice = () => spans.start('workflow', 'WORKFLOW workflow//./order//order');
  const startedAt = Date.now() - 60_000;

  it('are runs from the start of the workflow to the slice that decides it', () => {
    end(slice(), 'ok', { 'workflow.run.status': 'running', 'workflow.started_at': startedAt });
    end(slice(), 'ok', {
      'workflow.run.status': 'completed',
      'workflow.started_at': startedAt,
      'workflow.events.count': 7,
    });
    end(slice(), 'ok', {
      'workflow.run.status': 'failed',
      'workflow.started_at': startedAt,
      'workflow.error.name': 'PaymentRefused',
      'error.type': 'PaymentRefused',
    });
    const name = 'workflow//./order//order';
    expect(runs()).toMatchObject([
      { system: 'vercel_workflow', name, result: 'skip', final: false },
      { name, result: 'success', final: true },
      { name, result: 'failure', errorType: 'PaymentRefused', final: true },
    ]);
    const [suspended, completed] = runs();
    expect(suspended?.durationMs).toBeLessThan(60_000);
    expect(completed?.durationMs).toBeGreaterThanOrEqual(60_000);
  });

  it('decide a run once, whatever messages come for it afterwards', () => {
    for (const status of ['completed', 'failed', 'cancelled']) {
      end(slice(), 'ok', { 'workflow.run.status': status, 'workflow.started_at': startedAt });
    }
    expect(runs().map(({ result, final }) => [result, final])).toEqual(Array(3).fill(['skip', false]));
    expect(spans.running.size).toBe(0);
  });

  it('say nothing of a duration that two clocks contradict', () => {
    end(slice(), 'ok', {
      'workflow.run.status': 'completed',
      'workflow.started_at': Date.now() + 60_000,
      'workflow.events.count': 7,
    });
    expect(runs()).toEqual([]);
    expect(spans.dropped).toEqual(['clock_skew', 'unobservable']);
  });

  it('are steps with the workflow that they belong to, wherever they run', () => {
    const step = () => spans.start('workflow', 'STEP step//./order//charge', { kind: SpanKind.CONSUMER });
    const workflow = { 'workflow.name': 'workflow//./order//order' };
    end(step(), 'ok', { ...workflow, 'step.status': 'completed' });
    end(step(), 'ok', {
      ...workflow,
      'step.status': 'running',
      'step.error.name': 'PaymentRefused',
      'error.type': 'PaymentRefused',
      'step.retry.will_retry': true,
    });
    end(step(), 'ok', { ...workflow, 'step.skipped': true });
    end(spans.start('workflow', 'step.execute'), 'ok');
    const job = { system: 'vercel_workflow', name: 'workflow//./order//order' };
    expect(steps()).toMatchObject([
      { job, name: 'step//./order//charge', errorType: undefined },
      { job, name: 'step//./order//charge', errorType: 'PaymentRefused' },
    ]);
    end(spans.start('workflow', 'workflow.start workflow//./order//order'), 'ok');
    expect(submissions()).toMatchObject([{ ...job, count: 1 }]);
  });
});

describe('the processor of job spans', () => {
  it('leaves the spans of everybody else alone', () => {
    const attributes = { operationType: 'workflow', operationUUID: '1', instrumentor: 'hatchet' };
    for (const scope of ['somebody', 'gaugeway', 'workflow']) {
      for (const name of ['order', 'hatchet.start_step_run', 'WORKFLOW']) {
        end(spans.start(scope, name, { attributes }), 'ok');
      }
    }
    expect(spans.start('somebody', 'order').isRecording()).toBe(false);
    expect(spans.observations).toEqual([]);
  });

  it('reads spans of an SDK before its second release', () => {
    const processor = new JobSpanProcessor();
    const span = {
      name: 'order',
      attributes: { operationType: 'workflow', operationName: 'order', operationUUID: 'wf' },
      status: { code: 1 },
      events: [],
      startTime: [1_800_000_000, 0],
      duration: [2, 500_000_000],
      instrumentationLibrary: { name: 'dbos-tracer' },
      spanContext: () => ({ traceId: '1', spanId: '1', traceFlags: 0 }),
    } as const;
    processor.onStart(span, context.active());
    processor.onEnd(span);
    processor.onEnd(span);
    expect(runs()).toMatchObject([{ name: 'order', startTime: 1_800_000_000_000, durationMs: 2500 }]);
  });

  it('contains spans of a form that nobody knows', () => {
    const attributes = { operationType: 7, 'restate.invocation.target': 7, instrumentor: ['hatchet'] };
    for (const scope of ['dbos-tracer', 'workflow', '@hatchet-dev/typescript-sdk', 'somebody']) {
      expect(() => end(spans.start(scope, 'WORKFLOW ', { attributes }), 'ok')).not.toThrow();
    }
    const broken = new JobSpanProcessor();
    expect(() =>
      broken.onStart({ instrumentationScope: { name: 'dbos-tracer' } } as never, context.active()),
    ).not.toThrow();
    expect(runs()).toMatchObject([]);
  });

  it('does nothing when nobody listens', () => {
    const { observations } = spans;
    spans.stop();
    spans = startSpans();
    spans.stop();
    new JobSpanProcessor().onStart({} as never, context.active());
    expect(observations).toEqual([]);
  });
});
