import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobRun, type JobStep, jobs, modelCalls, operations } from '../../src/index.ts';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording;
beforeEach(() => {
  recording = startRecording();
});
afterEach(() => recording.stop());
const runs = (): JobRun[] => recording.observations.filter((o) => o.kind === 'job_run');
const steps = (): JobStep[] => recording.observations.filter((o) => o.kind === 'job_step');

describe('jobs.run', () => {
  it('records a run and hands back the result', async () => {
    await expect(jobs.run({ name: 'report', queue: 'q', system: 'mine' }, async () => 'done')).resolves.toBe('done');
    expect(runs()).toMatchObject([{ name: 'report', queue: 'q', system: 'mine', result: 'success', attempt: 1 }]);
    expect(recording.spans()[0]).toMatchObject({ name: 'process q', kind: SpanKind.CONSUMER });
    expect(recording.running.size).toBe(0);
  });

  it.each([
    [new RangeError('x'), 'failure', 'RangeError'],
    ['a string', 'failure', '_OTHER'],
    [new DOMException('x', 'TimeoutError'), 'timeout', 'TimeoutError'],
    [new DOMException('x', 'AbortError'), 'cancellation', 'AbortError'],
  ])('records %s as its result and rethrows it', async (error, result, errorType) => {
    await expect(jobs.run('report', () => Promise.reject(error))).rejects.toBe(error);
    expect(runs()).toMatchObject([{ result, errorType }]);
    expect(recording.spans()[0]?.status.code).toBe(SpanStatusCode.ERROR);
  });

  it('makes the model calls inside children of the job', async () => {
    await jobs.run('report', async (job) => {
      await job.step('write', async () => modelCalls.run({ provider: 'openai', model: 'm' }, async () => undefined));
      await jobs.step({ name: 'look', type: 'tool' }, () => operations.run('load', async () => undefined));
    });
    const byName = Object.fromEntries(recording.spans().map((span) => [span.name, span]));
    const idOf = (name: string) => byName[name]?.spanContext().spanId;
    expect(byName['chat m']?.parentSpanContext?.spanId).toBe(idOf('agent write'));
    expect(byName['agent write']?.parentSpanContext?.spanId).toBe(idOf('process report'));
    expect(byName.load?.parentSpanContext?.spanId).toBe(idOf('tool look'));
    expect(steps()).toMatchObject([
      { name: 'write', type: 'agent', job: { name: 'report', system: 'custom' } },
      { name: 'look', type: 'tool', job: { name: 'report' } },
    ]);
  });

  it('still runs everything when nobody listens', async () => {
    recording.stop();
    const result = await jobs.run('report', (job) => job.step('a', async () => operations.run('b', async () => 5)));
    expect(result).toBe(5);
    expect(recording.observations).toEqual([]);
  });
});

describe('jobs.start', () => {
  it('gives the whole duration with the run that decides the job, not with one that is retried', () => {
    const createdAt = Date.now() - 5000;
    jobs.start({ name: 'a', createdAt, waitMs: 100 }).fail(new Error('x'), { final: false });
    jobs.start({ name: 'a', createdAt, attempt: 2 }).end();
    const [first, second] = runs();
    expect(first).toMatchObject({ final: false, totalMs: undefined, waitMs: 100 });
    expect(second?.attempt).toBe(2);
    expect(second?.totalMs).toBeGreaterThanOrEqual(5000);
  });

  it('takes times of clocks that nearly agree for none at all, leaves out the others, and counts both', () => {
    jobs.start({ name: 'a', createdAt: Date.now() + 100, waitMs: -5 }).end();
    jobs.start({ name: 'a', createdAt: Date.now() + 60_000, waitMs: -5000 }).end();
    const [near, far] = runs();
    expect(near?.waitMs).toBe(0);
    expect(near?.totalMs).toBe(near?.durationMs);
    expect(far).toMatchObject({ totalMs: undefined, waitMs: undefined });
    expect(recording.dropped).toEqual(['clock_skew', 'clock_skew', 'clock_skew', 'clock_skew']);
  });

  it('ends once', () => {
    const job = jobs.start({ name: 'a' });
    job.end();
    job.fail(new Error('late'));
    job.discard();
    expect(runs()).toHaveLength(1);
  });
});

describe('operations.run', () => {
  it('records duration and failure, with the very result and error', async () => {
    const error = new TypeError('x');
    expect(operations.run('sync', () => 1)).toBe(1);
    await expect(operations.run('later', () => Promise.reject(error))).rejects.toBe(error);
    expect(recording.observations).toMatchObject([
      { kind: 'operation', name: 'sync', errorType: undefined },
      { kind: 'operation', name: 'later', errorType: 'TypeError' },
    ]);
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
