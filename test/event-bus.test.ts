import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobRun, type JobStep, observeEventBus } from '../src/index.ts';
import { type Recording, startRecording } from './recorders/recording.ts';

let recording: Recording;
let bus: EventEmitter;
beforeEach(() => {
  recording = startRecording();
  bus = new EventEmitter();
});
afterEach(() => recording.stop());
const runs = (): JobRun[] => recording.observations.filter((o) => o.kind === 'job_run');
const steps = (): JobStep[] => recording.observations.filter((o) => o.kind === 'job_step');

describe('observeEventBus', () => {
  it('records a job from RUNNING to its end, and its steps', () => {
    observeEventBus(bus, { system: 'my_orchestrator' });
    bus.emit('job:status', { jobId: '1', status: 'RUNNING', name: 'report', queue: 'q' });
    expect(recording.running.size).toBe(1);
    bus.emit('job:step', { jobId: '1', status: 'RUNNING', step: { name: 'plan', type: 'agent', agent: 'planner' } });
    bus.emit('job:step', { jobId: '1', status: 'COMPLETED', step: 'plan' });
    bus.emit('job:status', { jobId: '1', status: 'COMPLETED' });
    expect(runs()).toMatchObject([
      { system: 'my_orchestrator', name: 'report', queue: 'q', id: '1', result: 'success' },
    ]);
    expect(steps()).toMatchObject([{ name: 'plan', type: 'agent', agent: 'planner', errorType: undefined }]);
    const [step, job] = recording.spans();
    expect(step?.parentSpanContext?.spanId).toBe(job?.spanContext().spanId);
    expect(recording.running.size).toBe(0);
  });

  it.each([
    ['FAILED', 'failure', 'RangeError'],
    ['CANCELLED', 'cancellation', undefined],
  ])('records %s as %s', (status, result, errorType) => {
    observeEventBus(bus);
    bus.emit('job:status', { id: 7, status: 'running', type: 'sync' });
    bus.emit('job:status', { id: 7, status, error: new RangeError('private') });
    expect(runs()).toMatchObject([{ id: '7', name: 'sync', result, errorType }]);
  });

  it('counts events that say nothing or contradict each other', () => {
    observeEventBus(bus);
    bus.emit('job:status', null);
    bus.emit('job:status', { jobId: '1', status: 'PAUSED' });
    bus.emit('job:status', { jobId: 'never started', status: 'COMPLETED' });
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    bus.emit('job:step', { jobId: '1', status: 'COMPLETED', step: 'never started' });
    expect(recording.dropped).toEqual(Array(5).fill('unknown_event'));
    expect(runs()).toEqual([]);
  });

  it('reads events of any form through a mapping, and contains one that throws', () => {
    observeEventBus(bus, {
      events: ['changed'],
      read(payload) {
        const { job, to } = payload as { job: string; to: 'RUNNING' | 'COMPLETED' };
        if (job === 'bad') throw new Error('cannot read');
        return { jobId: job, status: to, createdAt: Date.now() - 1000 };
      },
    });
    bus.emit('changed', { job: 'a', to: 'RUNNING' });
    bus.emit('changed', { job: 'bad', to: 'RUNNING' });
    bus.emit('changed', { job: 'a', to: 'COMPLETED' });
    expect(runs()).toHaveLength(1);
    expect(runs()[0]?.totalMs).toBeGreaterThanOrEqual(1000);
    expect(recording.dropped).toEqual(['hook_failed']);
  });

  it('counts the runs of 1,000 jobs with retries, duplicates and late events as their ledger does', () => {
    observeEventBus(bus);
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const ledger = { success: 0, failure: 0, cancellation: 0, contradictions: 0 };
    const waiting = Array.from({ length: 1000 }, (_, id) => ({ jobId: `${id}`, tries: 0, runs: false }));
    const say = (jobId: string, status: string, more = {}) => bus.emit('job:status', { jobId, status, ...more });
    while (waiting.length > 0) {
      const at = random(waiting.length);
      const job = waiting[at] as (typeof waiting)[number];
      if (!job.runs) {
        job.runs = true;
        say(job.jobId, 'RUNNING');
        continue;
      }
      if (random(10) === 0) {
        ledger.contradictions++;
        say(job.jobId, 'RUNNING');
        continue;
      }
      const ending = random(3);
      job.runs = false;
      job.tries++;
      if (ending === 0 && job.tries < 3) {
        ledger.failure++;
        say(job.jobId, 'FAILED', { final: false });
        continue;
      }
      const [status, result] =
        ending === 1 ? (['CANCELLED', 'cancellation'] as const) : (['COMPLETED', 'success'] as const);
      ledger[result]++;
      say(job.jobId, status);
      waiting.splice(at, 1);
      if (random(10) === 0) {
        ledger.contradictions++;
        say(job.jobId, 'FAILED');
      }
    }
    const count = (result: string) => runs().filter((run) => run.result === result).length;
    expect({
      success: count('success'),
      failure: count('failure'),
      cancellation: count('cancellation'),
      contradictions: recording.dropped.length,
    }).toEqual(ledger);
    expect(runs().filter(({ final }) => final === true)).toHaveLength(1000);
    expect(ledger.failure).toBeGreaterThan(100);
    expect(recording.running.size).toBe(0);
  });

  it('gives up jobs that never end instead of keeping them for ever', () => {
    observeEventBus(bus);
    for (let job = 0; job < 10_005; job++) bus.emit('job:status', { jobId: `${job}`, status: 'RUNNING' });
    expect(recording.running.size).toBe(10_000);
    expect(recording.dropped).toEqual(Array(5).fill('unobservable'));
  });

  it('counts the runs of a job that fails and runs again as attempts, not as two ends', () => {
    observeEventBus(bus);
    const say = (status: string, more = {}) => bus.emit('job:status', { jobId: '1', status, createdAt: 0, ...more });
    for (const status of ['RUNNING', 'FAILED', 'RUNNING', 'FAILED', 'RUNNING', 'COMPLETED']) say(status);
    expect(runs()).toMatchObject([
      { attempt: 1, result: 'failure', final: true },
      { attempt: 2, result: 'failure', final: undefined, totalMs: undefined },
      { attempt: 3, result: 'success', final: true },
    ]);
    expect(recording.dropped).toEqual([]);
  });

  it('believes an event that tells whether a failure is final, and which attempt it was', () => {
    observeEventBus(bus);
    const say = (status: string, more = {}) => bus.emit('job:status', { jobId: '1', status, createdAt: 0, ...more });
    say('RUNNING', { attempt: 4 });
    say('FAILED', { final: false });
    say('RUNNING');
    say('FAILED', { final: true });
    expect(runs()).toMatchObject([
      { attempt: 4, final: false, totalMs: undefined },
      { attempt: 5, final: true, totalMs: expect.any(Number) },
    ]);
  });

  it('does not start a job whose end came before its beginning', () => {
    observeEventBus(bus);
    bus.emit('job:status', { jobId: '1', status: 'COMPLETED' });
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    expect(recording.running.size).toBe(0);
    expect(recording.dropped).toEqual(['unknown_event', 'unknown_event']);
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    expect(recording.running.size).toBe(1);
  });

  it('tells steps of one name apart by their ids, and takes a cancelled step for a failure of its own kind', () => {
    observeEventBus(bus);
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    const say = (status: string, id: string) =>
      bus.emit('job:step', { jobId: '1', status, step: { name: 'search', type: 'tool', id } });
    say('RUNNING', 'a');
    say('RUNNING', 'b');
    say('CANCELLED', 'b');
    say('COMPLETED', 'a');
    bus.emit('job:step', { jobId: '1', status: 'RUNNING', step: { title: 'not a step' } });
    expect(steps()).toMatchObject([
      { name: 'search', type: 'tool', errorType: 'cancelled' },
      { name: 'search', errorType: undefined },
    ]);
    expect(recording.dropped).toEqual(['unknown_event']);
  });

  it('gives up the oldest steps of a job that never ends them', () => {
    observeEventBus(bus);
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    for (let id = 0; id < 1003; id++)
      bus.emit('job:step', { jobId: '1', status: 'RUNNING', step: { name: 'a', id: `${id}` } });
    expect(recording.dropped).toEqual(Array(3).fill('unobservable'));
    bus.emit('job:status', { jobId: '1', status: 'COMPLETED' });
    expect(recording.dropped).toHaveLength(1003);
  });

  it('hands on what the bus throws when it is subscribed to, and leaves no handler behind', () => {
    const failing = Object.assign(new EventEmitter(), {
      on(this: EventEmitter, event: string, handler: () => void) {
        if (event === 'b') throw new RangeError('no such event');
        return EventEmitter.prototype.on.call(this, event, handler);
      },
    });
    expect(() => observeEventBus(failing, { events: ['a', 'b'] })).toThrow(RangeError);
    expect(failing.eventNames()).toEqual([]);
  });

  it('unsubscribes through what on() returns, and contains a bus that fails to', async () => {
    const handlers = new Map<string, (payload: unknown) => void>();
    const stop = observeEventBus({
      on(event, handler) {
        handlers.set(event, handler);
        return () => {
          handlers.delete(event);
          if (event === 'job:step') throw new Error('gone already');
        };
      },
    });
    const late = handlers.get('job:status');
    stop();
    expect(handlers.size).toBe(0);
    expect(recording.dropped).toEqual(['hook_failed']);
    late?.({ jobId: '1', status: 'RUNNING' });
    expect(recording.running.size).toBe(0);
    observeEventBus({ on: () => Promise.reject(new Error('not connected')) });
    await new Promise((resolve) => setImmediate(resolve));
    expect(recording.dropped).toHaveLength(3);
  });

  it('unsubscribes and leaves nothing running', () => {
    const stop = observeEventBus(bus);
    bus.emit('job:status', { jobId: '1', status: 'RUNNING' });
    stop();
    stop();
    expect(bus.eventNames()).toEqual([]);
    expect(recording.running.size).toBe(0);
    expect(runs()).toEqual([]);
  });

  it('records a bus once that is observed twice without a mapping, until both have ended', () => {
    const stops = [observeEventBus(bus), observeEventBus(bus)];
    const run = (jobId: string) => {
      bus.emit('job:status', { jobId, status: 'RUNNING' });
      bus.emit('job:status', { jobId, status: 'COMPLETED' });
    };
    run('1');
    stops[0]?.();
    stops[0]?.();
    run('2');
    expect(runs().map(({ id }) => id)).toEqual(['1', '2']);
    stops[1]?.();
    expect(bus.eventNames()).toEqual([]);
  });

  it('says what a bus needs', () => {
    expect(() => observeEventBus({} as never)).toThrow(/on\(event, handler\)/);
  });
});
