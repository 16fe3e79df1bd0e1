import { SpanKind } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instrumentOrchestrator, type JobRun, type JobStep, type JobSubmission, modelCalls } from '../src/index.ts';
import { type Recording, startRecording } from './recorders/recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());
const runs = (): JobRun[] => recording.observations.filter((o) => o.kind === 'job_run');
const steps = (): JobStep[] => recording.observations.filter((o) => o.kind === 'job_step');
const submissions = (): JobSubmission[] => recording.observations.filter((o) => o.kind === 'job_submission');

interface Job {
  readonly id: string;
  readonly type: string;
  readonly attempt?: number;
  readonly outcome?: Error | { status: string; error?: Error };
}

class Orchestrator {
  readonly answers = new Map<string, unknown>();
  async enqueue(job: Job) {
    if (job.id === 'refused') throw new TypeError('full');
    return job.id;
  }
  async execute(job: Job) {
    const plan = await this.step('planner', () =>
      modelCalls.run({ provider: 'openai', model: 'm' }, async () => 'plan'),
    );
    await this.step('writer', () => 'text');
    if (job.outcome instanceof Error) throw job.outcome;
    return job.outcome ?? { plan, kept: this.answers };
  }
  step<T>(_agent: string, work: () => T): T {
    return work();
  }
  runNow(_name: string, _limit?: number) {
    return 7;
  }
  async setStatus(id: string, _status: string, _error?: unknown) {
    if (id === 'unsaved') throw new Error('the database is gone');
  }
}

describe('instrumentOrchestrator', () => {
  it('records a job from the call of its method to the end, with its steps and model calls inside', async () => {
    const orchestrator = new Orchestrator();
    instrumentOrchestrator(orchestrator, {
      system: 'acme',
      runs: { execute: { queue: 'nightly', id: () => 1, attempt: (job: Job) => job.attempt, waitMs: 20 } },
      steps: { step: { name: (agent: string) => agent, type: 'agent', agent: (agent: string) => agent } },
    });
    const answer = await orchestrator.execute({ id: '1', type: 'report', attempt: 2 });
    expect(answer).toEqual({ plan: 'plan', kept: orchestrator.answers });
    const target = { system: 'acme', queue: 'nightly', name: 'report' };
    expect(runs()).toMatchObject([{ ...target, id: '1', attempt: 2, waitMs: 20, result: 'success', final: true }]);
    expect(steps()).toMatchObject([
      { name: 'planner', type: 'agent', agent: 'planner', job: target },
      { name: 'writer', job: target },
    ]);
    const byName = Object.fromEntries(recording.spans().map((span) => [span.name, span]));
    expect(byName['process nightly']?.kind).toBe(SpanKind.CONSUMER);
    expect(byName['agent planner']?.parentSpanContext?.spanId).toBe(byName['process nightly']?.spanContext().spanId);
    expect(byName['chat m']?.parentSpanContext?.spanId).toBe(byName['agent planner']?.spanContext().spanId);
    expect(recording.running.size).toBe(0);
  });

  it.each([
    ['a throw', new RangeError('private'), 'failure', 'RangeError'],
    ['an abort', new DOMException('x', 'AbortError'), 'cancellation', 'AbortError'],
    ['a timeout', new DOMException('x', 'TimeoutError'), 'timeout', 'TimeoutError'],
    ['FAILED', { status: 'FAILED', error: new TypeError('private') }, 'failure', 'TypeError'],
    ['FAILED without a reason', { status: 'failed' }, 'failure', '_OTHER'],
    ['CANCELLED', { status: 'CANCELLED' }, 'cancellation', undefined],
    ['COMPLETED', { status: 'COMPLETED' }, 'success', undefined],
    ['a word of its own', { status: 'PARTIAL' }, 'success', undefined],
  ])('reads %s as how the job ended, and hands it on', async (_, outcome, result, errorType) => {
    const orchestrator = new Orchestrator();
    instrumentOrchestrator(orchestrator, { runs: { execute: {} } });
    const answer = orchestrator.execute({ id: '1', type: 'report', outcome });
    if (outcome instanceof Error) await expect(answer).rejects.toBe(outcome);
    else await expect(answer).resolves.toBe(outcome);
    expect(runs()).toMatchObject([{ system: 'custom', name: 'report', result, errorType }]);
  });

  it('reads a status of another form through a function, and counts failures that are retried', async () => {
    const orchestrator = new Orchestrator();
    instrumentOrchestrator(orchestrator, {
      runs: {
        execute: {
          status: (answer: { status: string }) => (answer.status === 'PARTIAL' ? 'FAILED' : 'COMPLETED'),
          retries: (job: Job) => (job.attempt ?? 1) < 2,
        },
      },
    });
    await orchestrator.execute({ id: '1', type: 'a', outcome: { status: 'PARTIAL' } });
    await orchestrator.execute({ id: '1', type: 'a', attempt: 2, outcome: { status: 'PARTIAL' } });
    expect(runs()).toMatchObject([
      { result: 'failure', final: false },
      { result: 'failure', final: true },
    ]);
  });

  it('takes a fact that cannot be told for unknown, and never fails the call for it', async () => {
    const orchestrator = new Orchestrator();
    const broken = (): never => {
      throw new Error('no such field');
    };
    const all = { name: broken, queue: broken, id: broken, attempt: () => 'two' as never, status: broken };
    instrumentOrchestrator(orchestrator, {
      runs: { execute: all, runNow: { name: '' } },
      steps: { step: { name: broken } },
    });
    await orchestrator.execute({ id: '1', type: 'report' });
    expect(orchestrator.runNow('x')).toBe(7);
    expect(runs()).toMatchObject([
      { name: 'report', queue: undefined, id: '1', attempt: 1, result: 'success' },
      { name: 'runNow', result: 'success' },
    ]);
    expect(steps()).toMatchObject([{ name: 'step' }, { name: 'step' }]);
    expect(recording.dropped).toContain('hook_failed');
  });

  it('records submissions, and those that were refused', async () => {
    const orchestrator = new Orchestrator();
    instrumentOrchestrator(orchestrator, { submits: { enqueue: { queue: 'nightly' } } });
    await expect(orchestrator.enqueue({ id: '1', type: 'report' })).resolves.toBe('1');
    await expect(orchestrator.enqueue({ id: 'refused', type: 'report' })).rejects.toThrow('full');
    expect(submissions()).toMatchObject([
      { queue: 'nightly', name: 'report', count: 1, errorType: undefined },
      { name: 'report', errorType: 'TypeError' },
    ]);
    expect(recording.spans()[0]).toMatchObject({ name: 'send nightly', kind: SpanKind.PRODUCER });
  });

  it('records jobs by the statuses that the orchestrator sets, once they are set', async () => {
    const orchestrator = new Orchestrator();
    const read = (id: string, status: string, error?: unknown) =>
      status === 'NOTED' ? undefined : { jobId: id, status: status as 'RUNNING', name: 'report', error };
    instrumentOrchestrator(orchestrator, { system: 'acme', statuses: { setStatus: read } });
    await orchestrator.setStatus('1', 'RUNNING');
    expect([...recording.running]).toMatchObject([{ kind: 'job_run', system: 'acme', name: 'report', id: '1' }]);
    await orchestrator.setStatus('1', 'NOTED');
    await orchestrator.setStatus('1', 'FAILED', new RangeError('private'));
    await expect(orchestrator.setStatus('unsaved', 'RUNNING')).rejects.toThrow('the database is gone');
    expect(runs()).toMatchObject([{ id: '1', result: 'failure', errorType: 'RangeError' }]);
    expect(recording.running.size).toBe(0);
    expect(recording.dropped).toEqual([]);
  });

  it('looks like the method that it stands for, and gives the object back as it was', () => {
    const orchestrator = new Orchestrator();
    const { name, length } = orchestrator.runNow;
    const restore = instrumentOrchestrator(orchestrator, { runs: { runNow: {} } });
    expect([orchestrator.runNow.name, orchestrator.runNow.length]).toEqual([name, length]);
    expect(Object.keys(orchestrator)).toEqual(['answers']);
    restore();
    restore();
    expect(Object.hasOwn(orchestrator, 'runNow')).toBe(false);
    orchestrator.runNow('x');
    expect(runs()).toEqual([]);
  });

  it('gives up jobs that still run when it is taken off', async () => {
    const orchestrator = new Orchestrator();
    const restore = instrumentOrchestrator(orchestrator, {
      statuses: { setStatus: (jobId: string) => ({ jobId, status: 'RUNNING' }) },
    });
    await orchestrator.setStatus('1', 'RUNNING');
    restore();
    expect(recording.running.size).toBe(0);
    expect(recording.dropped).toEqual(['unobservable']);
  });

  it('names the option and the method that does not exist, and changes nothing then', () => {
    const orchestrator = new Orchestrator();
    const mapping = { runs: { execute: {} }, steps: { missing: {} } } as object;
    expect(() => instrumentOrchestrator(orchestrator, mapping)).toThrow(/option "steps" names "missing"/);
    expect(Object.keys(orchestrator)).toEqual(['answers']);
    expect(() => instrumentOrchestrator(Object.freeze(orchestrator), { runs: { execute: {} } })).toThrow(TypeError);
  });

  it('is not there when nobody listens', async () => {
    const orchestrator = new Orchestrator();
    instrumentOrchestrator(orchestrator, { runs: { execute: { name: () => expect.unreachable() } } });
    recording.stop();
    await orchestrator.execute({ id: '1', type: 'report' });
    expect(recording.observations).toEqual([]);
  });
});
